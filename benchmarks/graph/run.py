"""The untimed graph engine and SPIN, side by side on the same systems. Prints a Markdown table.

    python benchmarks/graph/run.py               # every row, three runs each, in turns
    python benchmarks/graph/run.py --write       # and puts the table into docs/benchmarks-graph.md
    python benchmarks/graph/run.py -n 1 2x3      # one run of the rows whose name contains `2x3`

Ours is `hitless graph FILE --untimed --no-symmetry`: a new process, with everything that it counts and prints. SPIN's
is `spin -a`, `gcc -O2 -DSAFETY -DNOREDUCE` and `pan` on what `hitless export --format promela` wrote; the export is not
counted. Both have to count the same states and transitions, else the script fails. Times are the least of the runs, in
processor seconds (user and system), because others may use the machine; whole processes have their wall time, too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from rolling import rolling  # noqa: E402

from verifier.analysis.subject import subject_of_program  # noqa: E402
from verifier.language.load import load  # noqa: E402
from verifier.system.ir import System  # noqa: E402
from verifier.system.paper import to_json  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks-graph.md"
HITLESS = (sys.executable, "-m", "verifier")
SIZES = ((1, 1), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3))
EXAMPLES = ("custom_component/move", "blog/09r-local-one-replica")
ONE_POD = ("05a-blog-49", "15b-longest-request-35")


@dataclass(frozen=True, slots=True)
class Run:
    """One process: what it printed, wall and processor seconds, and its most memory."""

    said: str
    wall: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Side:
    """One checker on one system: its counts, the seconds of its search, and those of all its processes."""

    states: int
    transitions: int
    search: float
    cpu: float
    wall: float
    peak_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=3, help="runs of each row (default 3)")
    parser.add_argument("only", nargs="?", default="", help="only rows whose name contains this")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks-graph.md")
    options = parser.parse_args()
    table = []
    with tempfile.TemporaryDirectory() as folder:
        for text in lines(Path(folder), options.n, options.only):
            print(text, flush=True)
            table.append(text)
    if options.write:
        head = PAGE.read_text("utf-8").partition("\n| system")[0].rstrip()
        PAGE.write_text("\n".join((head, "", *table, "")), "utf-8")


def systems(folder: Path) -> Iterator[tuple[str, System]]:
    """What is measured, by name."""
    for stem in EXAMPLES:
        yield stem, of_scenario(ROOT / "examples" / f"{stem}.rollout")
    for stem in ONE_POD:
        text = (ROOT / "examples" / "blog" / f"{stem}.rollout").read_text("utf-8")
        for setting in ("replicas", "nodes"):
            text, changed = re.subn(rf"(?m)^(\s*{setting}\s*=) 3$", r"\1 1", text)
            assert changed == 1, f"{stem}: {setting}"
        path = folder / f"{stem}.rollout"
        path.write_text(text, "utf-8")
        yield f"blog/{stem}, 1 replica, 1 node", of_scenario(path)
    for pods, nodes in SIZES:
        yield f"rolling {pods}x{nodes}: {pods} old, {pods} new pods, {nodes} nodes", rolling(pods, nodes)


def of_scenario(path: Path) -> System:
    """What `hitless graph` and `hitless export` look at: the slice of the first part of the first check."""
    loaded = load((str(path),))
    assert not loaded.diagnostics, path
    return subject_of_program(str(path), loaded.programs[0][1], None, None).system


def lines(folder: Path, runs: int, only: str) -> Iterator[str]:
    """The table, a line as soon as it is known."""
    yield (
        "| system | states | transitions | ours: states/s | pan: states/s | ratio | ours: whole process "
        "| SPIN: generate, compile, run | ratio | ours: bytes/state | pan: bytes/state |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for name, system in systems(folder):
        if only in name:
            file = folder / "system.json"
            file.write_text(json.dumps(to_json(system)), "utf-8")
            pairs = [(ours(file), spins(file, folder)) for _ in range(runs)]
            yield line(name, least([a for a, _ in pairs]), least([b for _, b in pairs]))


def ours(file: Path) -> Side:
    command = (*HITLESS, "graph", str(file), "--untimed", "--no-symmetry", "--format", "json")
    run = measured((*command, "--budget", "30m", "--memory", "16000"))
    found = json.loads(run.said)
    assert found["complete"], found["reason"]
    return Side(found["states"], found["transitions"], found["cpu_seconds"], run.cpu, run.wall, run.peak_mb)


def spins(file: Path, folder: Path) -> Side:
    text = measured((*HITLESS, "export", str(file), "--format", "promela")).said
    (folder / "system.pml").write_text(text, "utf-8")
    made = measured(("spin", "-a", "system.pml"), folder)
    compiled = measured(("gcc", "-O2", "-w", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c"), folder)
    run = measured(("./pan", "-m1000000"), folder)
    found = re.search(r"(\d+) states, stored\s+(?:\d+ states, matched\s+)?(\d+) transitions", run.said)
    assert found is not None, run.said
    assert "max search depth too small" not in run.said, run.said
    cpu, wall = made.cpu + compiled.cpu + run.cpu, made.wall + compiled.wall + run.wall
    # SPIN counts the way into the initial state as a transition.
    return Side(int(found[1]), int(found[2]) - 1, run.cpu, cpu, wall, run.peak_mb)


def least(sides: list[Side]) -> Side:
    """The least of each time; counts must be the same in every run."""
    [counts] = {(side.states, side.transitions) for side in sides}
    search, cpu, wall = (min(getattr(side, name) for side in sides) for name in ("search", "cpu", "wall"))
    return Side(*counts, search, cpu, wall, max(side.peak_mb for side in sides))


def line(name: str, our: Side, spin: Side) -> str:
    assert (our.states, our.transitions) == (spin.states, spin.transitions), (name, our, spin)
    rates = [side.states / max(side.search, 0.001) for side in (our, spin)]
    shown = [f"{rate / 1e6:.2f} M" for rate in rates] if min(side.search for side in (our, spin)) > 0.02 else ["", ""]
    faster = f"{rates[0] / rates[1]:.1f}" if shown[0] else ""
    bytes_ = [f"{side.peak_mb * 2**20 / side.states:,.0f}" if side.states > 10**5 else "" for side in (our, spin)]
    whole = [f"{side.cpu:.2f} s ({side.wall:.2f} s)" for side in (our, spin)]
    cells = (f"{our.states:,}", f"{our.transitions:,}", *shown, faster, *whole, f"{spin.cpu / our.cpu:.1f}", *bytes_)
    return f"| {name} | {' | '.join(cells)} |"


def measured(command: tuple[str, ...], folder: Path = ROOT) -> Run:
    """Runs a command; it has to end well."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        here = os.getcwd()
        os.chdir(folder)
        files = [(os.POSIX_SPAWN_DUP2, out.fileno(), 1)]
        child = os.posix_spawnp(command[0], command, environment, file_actions=files)
        os.chdir(here)
        _, status, usage = os.wait4(child, 0)
        wall = time.perf_counter() - started
        out.seek(0)
        said = out.read().decode("utf-8")
    assert os.waitstatus_to_exitcode(status) == 0, (command, said[-2000:])
    return Run(said, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
