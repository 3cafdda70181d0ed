"""Whole processes, timed: interpreter start, reading, deciding, printing. Prints a Markdown table.

    python benchmarks/run.py             # everything, three runs each
    python benchmarks/run.py --write     # and puts the table into docs/benchmarks.md
    python benchmarks/run.py -n 5 large  # five runs each of the rows whose name contains `large`

Times of different machines cannot be compared; the ratio to `python -c pass`, measured in the same run, can. The rows
of a large topology are cases of examples/blog with other numbers.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOG = ROOT / "examples" / "blog"
PAGE = ROOT / "docs" / "benchmarks.md"
HITLESS = (sys.executable, "-m", "verifier")
MANY = {"replicas": 100, "nodes": 1000}
# Cases of the blog with other numbers: every verdict of Cluster mode; policy Local, ENI and a DaemonSet.
LARGE = (
    *(
        (stem, MANY)
        for stem in (
            "01-no-readiness-probe",
            "02a-readiness-probe",
            "02b-probe-on-another-port",
            "03a-no-pre-stop",
            "04b-pre-stop-10",
            "05a-blog-49",
            "05b-blog-50",
            "06b-pre-stop-is-grace-22",
            "07c-this-rollout-adds-it",
            "14-recreate",
            "15a-longest-request-34",
        )
    ),
    ("09b-local-17-healthy-0", {"replicas": 20, "nodes": 10}),
    ("12a-eni-slow-start-18", {"replicas": 100}),
    ("12a-eni-slow-start-17", {"replicas": 100}),
    ("12b-eni-fast-start", {"replicas": 100}),
    ("10a-daemon-set-11", {"nodes": 200}),
)
EXIT_CODES = {0: "SAFE", 1: "UNSAFE", 2: "refused", 3: "failed", 4: "no answer"}


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one process: its exit code, wall time, and most memory at any moment (KB are what Linux counts)."""

    code: int
    seconds: float
    peak_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=3, help="runs of each row (default 3)")
    parser.add_argument("only", nargs="?", default="", help="only rows whose name contains this")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    table = []
    with tempfile.TemporaryDirectory() as folder:
        chosen = [row for row in rows(Path(folder)) if options.only in row.name]
        base = [measured((sys.executable, "-c", "pass")).seconds for _ in range(max(options.n, 5))]
        for text in lines(chosen, options.n, base):
            print(text, flush=True)
            table.append(text)
    if options.write:
        page, heading, manifests = PAGE.read_text("utf-8").partition(
            "\n## Manifests\n"
        )  # benchmarks/manifests.py's part
        head = page.partition("\n| what")[0].rstrip()
        PAGE.write_text("\n".join((head, "", *table, "")) + heading + manifests, "utf-8")


def lines(chosen: list[Row], runs: int, base: list[float]) -> Iterator[str]:
    """The table, a line as soon as it is known. `base`: seconds of a process that does nothing."""
    unit = statistics.median(base)
    yield "| what | verdict | median | min | max | peak memory | ratio |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    yield line("`python -c pass`", "", base, 0.0, unit)
    for row in chosen:
        found = [measured(row.command) for _ in range(runs)]
        [code] = {one.code for one in found}
        verdict = "" if "--help" in row.command else EXIT_CODES.get(code, f"exit code {code}")
        yield line(row.name, verdict, [one.seconds for one in found], max(one.peak_mb for one in found), unit)


def rows(folder: Path) -> Iterator[Row]:
    """What is measured; generated scenarios are written to `folder`."""
    yield Row("`hitless --help`", (*HITLESS, "--help"))
    for path in sorted(BLOG.glob("*.rollout")):
        yield Row(path.stem, (*HITLESS, "verify", str(path)))
    for stem, sizes in LARGE:
        text = (BLOG / f"{stem}.rollout").read_text("utf-8")
        for setting, size in sizes.items():
            text, changed = re.subn(rf"(?m)^(\s*{setting}\s*=) \d+$", rf"\1 {size}", text)
            assert changed == 1, f"{stem}: {setting}"
        path = folder / f"{stem}-{len(list(folder.iterdir()))}.rollout"
        path.write_text(text, "utf-8")
        name = f"{stem}, large: {', '.join(f'{size:,} {setting}' for setting, size in sizes.items())}"
        yield Row(name, (*HITLESS, "verify", str(path)))


def measured(command: tuple[str, ...]) -> Measured:
    """Runs a command, its output thrown away."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    nowhere = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    started = time.perf_counter()
    child = os.posix_spawn(command[0], command, environment, file_actions=nowhere)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    return Measured(os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss / 1024)


def line(name: str, verdict: str, seconds: list[float], peak_mb: float, unit: float) -> str:
    median = statistics.median(seconds)
    peak = f"{peak_mb:.0f} MB" if peak_mb else ""
    times = f"{median:.2f} s | {min(seconds):.2f} s | {max(seconds):.2f} s"
    return f"| {name} | {verdict} | {times} | {peak} | {median / unit:.0f} |"


if __name__ == "__main__":
    main()
