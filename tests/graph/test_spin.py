"""SPIN counts the same states and transitions as the graph engine, and gives the same verdicts; where it is there."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cases import ROLLING, ROOT, blog, program
from systems import chained, peers, small

from verifier.analysis.subject import subject_of_system
from verifier.analysis.verify import compile_program
from verifier.engines import graph
from verifier.engines.graph.search import search_of
from verifier.export.promela import promela
from verifier.language.load import load
from verifier.system.ir import System
from verifier.system.run import Answer, Budget

pytestmark = pytest.mark.skipif(
    shutil.which("spin") is None or shutil.which("gcc") is None, reason="needs SPIN and a C compiler"
)


def pan(system: System, folder: Path, check: int = 0) -> dict[str, int]:
    """States, transitions and errors, by SPIN without reductions. `check` from 1; 0 is none."""
    (folder / "system.pml").write_text(promela(system), "utf-8")
    run(folder, "spin", f"-DCHECK={check}", "-a", "system.pml")
    run(folder, "gcc", "-O0", "-w", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c")
    said = run(folder, "./pan", "-m1000000")
    found = re.search(r"errors: (\d+)\s+(\d+) states, stored.*?(\d+) transitions", said, re.DOTALL)
    assert found is not None, said
    return {"errors": int(found[1]), "states": int(found[2]), "transitions": int(found[3])}


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def same(system: System, folder: Path) -> int:
    """Counts and verdicts are; how many states there are."""
    search = search_of(system, Budget(20.0), timed=False, symmetry=False)
    assert search.find(None) is None
    counted = pan(system, folder)
    # SPIN counts the way into the initial state as a transition.
    assert (counted["states"], counted["transitions"] - 1) == (search.states, search.transitions)
    for i, check in enumerate(system.checks, start=1):
        outcome = graph.check(system, check, Budget(20.0), timed=False)
        assert (pan(system, folder, i)["errors"] > 0) == (outcome.answer is Answer.VIOLATED), check.name
    return search.states


@pytest.mark.parametrize("seed", range(8000, 8002))
@pytest.mark.parametrize("make", [small, chained, peers])
def test_spin_counts_the_same_states(make: Callable[[int], System], seed: int, tmp_path: Path) -> None:
    same(make(seed), tmp_path)


@pytest.mark.parametrize("seed", range(8100, 8102))
def test_spin_counts_the_same_states_where_machines_go_round(seed: int, tmp_path: Path) -> None:
    same(small(seed, cycles=True), tmp_path)


def test_spin_counts_the_states_of_an_example(tmp_path: Path) -> None:
    (_, of), *_ = load((ROOT / "examples" / "custom_component" / "move.rollout",)).programs
    same(compile_program(of, None), tmp_path)


def one_pod(stem: str, folder: Path) -> System:
    """A case of the blog with one replica on one node: its graph is small enough for both."""
    return compile_program(program(blog(stem, ("replicas        = 3", "replicas        = 1"), NODES), folder), None)


NODES = ("nodes      = 3", "nodes      = 1")


@pytest.mark.parametrize("stem", ["05a-blog-49", "04b-pre-stop-10"])
def test_spin_counts_the_states_of_a_case_of_the_blog(stem: str, tmp_path: Path) -> None:
    whole = one_pod(stem, tmp_path)
    asked = subject_of_system(stem, whole, whole.checks[0].name).system
    assert same(asked, tmp_path) > 1000


@pytest.mark.slow
@pytest.mark.parametrize("stem", ROLLING)
def test_spin_counts_the_states_of_the_blog_at_length(stem: str, tmp_path: Path) -> None:
    whole = one_pod(stem, tmp_path)
    for check in whole.checks[:3]:
        same(subject_of_system(stem, whole, check.name).system, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8200, 8240))
@pytest.mark.parametrize("make", [small, chained, peers])
def test_spin_counts_the_same_states_at_length(make: Callable[[int], System], seed: int, tmp_path: Path) -> None:
    same(make(seed), tmp_path)
