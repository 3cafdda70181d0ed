"""A StatefulSet's verdicts by proof are those of an exhaustive search, on instances small enough for it."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from cases import ROOT, program, results, verdicts

from verifier.analysis.kinds import kinds
from verifier.engines import graph
from verifier.language.program import Program
from verifier.system.lower import lower
from verifier.system.run import Answer, Budget
from verifier.system.values import Values

CASE = (ROOT / "examples" / "stateful_set" / "three-replicas.rollout").read_text("utf-8")
TINY = (
    (r"written_within = \S+", "written_within = 0s..1s"),
    (r"rules_within = \S+", "rules_within = 0s..1s"),
    (r"sees_deletion_within = 0s..1s", "sees_deletion_within = 0s"),
    (r"starts_within = 0s..10s", "starts_within = 0s; reports_exit_within = 0s"),
    (r"startup_time = \S+", "startup_time = 1s"),
    (r"period = 3s; failure_threshold = 3", "period = 1s; failure_threshold = 1; timeout = 0s"),
    (r"longest_request = \S+", "longest_request = 1s"),
    (r"termination_grace_period = \S+", "termination_grace_period = 4s"),
    (r"(kubernetes = v1.36)", r"\1\n  nodes = 1\n  controllers { deployment_acts_within = 0s; scheduled_within = 0s }"),
    (r"verify rollout_completes", ""),
)  # fmt: skip


def shrunk(folder: Path, replicas: int, sleep: int, image: str = "") -> Program:
    text = CASE
    mine = ((r"replicas        = 3", f"replicas = {replicas}"), (r"sleep\(11s\)", f"sleep({sleep}s)"))
    for old, new in (*TINY, *mine):
        text, count = re.subn(old, new, text)
        assert count == 1, old
    return program(text + image, folder)


def searched(of: Program) -> bool:
    """Whether anything of the check is violated, by the graph of the whole slice of every part."""
    found = False
    for part in of.checks["no_lost_request"].parts:
        for env in kinds(Values(of), part, placed=True):
            exact = lower(Values(of), part, env, relaxed=False)
            answer = graph.check(exact.system, exact.check, Budget(60)).answer
            assert answer is not Answer.UNKNOWN
            found |= answer is Answer.VIOLATED
    return found


SLOW = (2, 0)  # UNSAFE, and the graph is large


@pytest.mark.parametrize(
    ("replicas", "sleep"),
    [pytest.param(*sizes, marks=[pytest.mark.slow] if sizes == SLOW else []) for sizes in product((1, 2), (0, 2, 3))],
)
def test_as_searched(replicas: int, sleep: int, tmp_path: Path) -> None:
    of = shrunk(tmp_path, replicas, sleep)
    wanted = "UNSAFE" if searched(of) else "SAFE"
    assert verdicts(of) == {"no_lost_request": wanted}
    assert wanted == ("SAFE" if replicas > 1 and sleep > 2 else "UNSAFE")


def test_capacity_as_searched(tmp_path: Path) -> None:
    """Never fewer than all but one; and one fewer is reached."""
    for least, wanted in ((1, "SAFE"), (2, "UNSAFE")):
        of = shrunk(tmp_path, 2, 1, f"\nverify capacity >= {least}\n")
        found = {result.name: result.verdict.value for result in results(of)}
        assert found[f"capacity >= {least}"] == wanted
