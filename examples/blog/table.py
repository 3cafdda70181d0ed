"""Prints examples/blog/README.md: every case with the verdict that hitless gives, and what the case expects.

python examples/blog/table.py > examples/blog/README.md
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

HEAD = """# The blog, case by case

Cases from *Implementation of zero-disruption rolling updates in Kubernetes* (Hao Liang, 2020), one file a side, with
the verdicts that hitless gives. The setting unless the file says otherwise: the slice is written within 2 s and the
rules of a node within 8 s, so a node may send to a pod for 10 s after it was deleted; the kubelet sees a deletion
within 1 s; the application closes its listener within 1 s of SIGTERM and finishes what is in flight; 3 replicas, one
surge pod, none unavailable. New connections only. Made by `python examples/blog/table.py > examples/blog/README.md`.

*As expected* compares with what was worked out by hand (`// expect` in the file). In one place that was wrong at first:
10b with the fallback (v1.26 and later) was expected to be UNSAFE at the edge, as it is on v1.24. It is SAFE: the last
ready pod of a node may go while the new one there is not ready, but it goes on serving for the 30 s of its preStop, and
the balancer lets the node go sooner. [Where hitless says something else than the blog
itself](../../docs/explanation/the-blog.md).

| row | case | check | verdict | for how long, or for which sizes | as expected |
|---|---|---|---|---|---|"""


def main() -> None:
    print(HEAD)
    for path in sorted(HERE.glob("*.rollout")):
        text = path.read_text(encoding="utf-8")
        title = re.search(r"^// Row (\S+): (.*)$", text, re.MULTILINE)
        wanted = re.search(r"^// expect: (.*)$", text, re.MULTILINE)
        assert title is not None, path
        assert wanted is not None, path
        expected = dict(pair.rsplit(" ", 1) for pair in wanted[1].split("; "))
        for check, verdict, claim in verdicts(path):
            same = "yes" if verdict == expected.get(check) else f"no: {expected.get(check)}"
            print(f"| {title[1]} | [{path.stem}]({path.name}): {title[2]} | {check} | {verdict} | {claim} | {same} |")


def verdicts(path: Path) -> list[tuple[str, str, str]]:
    """(check, verdict, claim) of each check; a scenario that is refused has its diagnostic as the verdict."""
    command = [sys.executable, "-m", "verifier", "verify", str(path), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 2:
        code = re.search(r"HL\d+", done.stderr)
        return [("refused", code[0] if code else "?", done.stderr.splitlines()[0].split(": ", 1)[-1])]
    report = json.loads(done.stdout)
    return [(c["name"], c["verdict"], c.get("grade", c["scope"])) for c in report["checks"]]


if __name__ == "__main__":
    main()
