"""Manifests, timed as whole processes: twelve workloads on one core, a thousand services on two, 2 MB of YAML read.

    python benchmarks/manifests.py           # prints a Markdown table
    python benchmarks/manifests.py --write   # and puts it into docs/benchmarks.md, below the other one

The thousand are copies of examples/manifests/online-boutique.yaml in namespaces of their own: once as they are, so that
equal settings are decided once, and once with seven numbers of replicas, so that more is to be decided. The most memory
is that of the largest process, workers included.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from run import EXIT_CODES, HITLESS, PAGE, ROOT, Measured, measured

SHOP = ROOT / "examples" / "manifests" / "online-boutique.yaml"
HEADING = "\n## Manifests\n"
NAMESPACES, REPLICAS, BYTES = 84, 7, 2_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=3, help="runs of each row (default 3)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    table = [
        "| what | cores | verdict | median | min | max | peak memory of a process |",
        "|---|---:|---|---:|---:|---:|---:|",
    ]
    print(*table, sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        for name, files, cores in rows(Path(folder)):
            found = [on_cores(cores, files) for _ in range(options.n)]
            table.append(line(name, cores, found))
            print(table[-1], flush=True)
    if options.write:
        head = PAGE.read_text("utf-8").partition(HEADING)[0].rstrip()
        text = "Made by `python benchmarks/manifests.py --write`: copies of online-boutique.yaml, each in a namespace."
        PAGE.write_text("\n".join((head, HEADING, text, "", *table, "")), "utf-8")


def rows(folder: Path) -> list[tuple[str, str, int]]:
    """(what, the argument of `hitless verify`, on how many cores); the files are written to `folder`."""
    shops(folder / "same", replicas=1)
    shops(folder / "different", replicas=REPLICAS)
    large = folder / "crds.yaml"
    large.write_text(definitions(), "utf-8")
    services = NAMESPACES * 12
    return [
        ("12 workloads: online-boutique.yaml", str(SHOP), 1),
        (f"{services:,} services, as they are", str(folder / "same"), 2),
        (f"{services:,} services, {REPLICAS} numbers of replicas", str(folder / "different"), 2),
        ("2 MB of custom resource definitions, read and passed over", str(large), 1),
    ]


def shops(folder: Path, replicas: int) -> None:
    """A file for each namespace; the i-th has `i % replicas + 1` pods of each Deployment that does not say how many."""
    folder.mkdir()
    text = SHOP.read_text("utf-8")
    for i in range(NAMESPACES):
        own = re.sub(r"(?m)^metadata:\n", f"metadata:\n  namespace: shop-{i}\n", text)
        if replicas > 1:
            many = f"spec:\n  replicas: {i % replicas + 1}\n  selector:\n    matchLabels:"
            own = own.replace("spec:\n  selector:\n    matchLabels:", many)
        (folder / f"shop-{i}.yaml").write_text(own, "utf-8")


def definitions() -> str:
    """Custom resource definitions with schemas, as operators ship them."""
    field = {f"field{i}": {"type": "string", "description": "what an operator says of it " * 3} for i in range(60)}
    parts, size = [], 0
    while size < BYTES:
        name = f"things{len(parts)}.example.org"
        schema = json.dumps({"type": "object", "properties": field}, indent=1)
        parts.append(
            f"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: {name}}}\n"
            f"spec:\n  schema:\n" + "".join(f"    {row}\n" for row in schema.splitlines())
        )
        size += len(parts[-1])
    return "---\n".join(parts)


def on_cores(cores: int, files: str) -> Measured:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:cores])
    try:
        return measured((*HITLESS, "verify", files))
    finally:
        os.sched_setaffinity(0, allowed)


def line(name: str, cores: int, found: list[Measured]) -> str:
    seconds = sorted(one.seconds for one in found)
    verdict = EXIT_CODES.get(found[0].code, "")
    times = " | ".join(f"{each:.2f} s" for each in (seconds[len(seconds) // 2], seconds[0], seconds[-1]))
    return f"| {name} | {cores} | {verdict} | {times} | {max(one.peak_mb for one in found):.0f} MB |"


if __name__ == "__main__":
    main()
