"""The same question gets the same answer, witness and core, whatever the order of hashes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
from systems import chained, forked, small
from verifier.engines import events
from verifier.system.run import Budget
for seed in range(12):
    for system in (small(seed), chained(seed), forked(seed)):
        for check in system.checks:
            outcome = events.check(system, check, Budget())
            print(outcome.answer, outcome.run, sorted(outcome.core))
"""


def output(hash_seed: int) -> str:
    tests = Path(__file__).parent
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": f"{tests}{os.pathsep}{tests.parent}"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_two_runs_give_the_same_text() -> None:
    assert output(1) == output(2) != ""
