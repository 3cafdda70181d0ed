"""The blog's cases with a balancer, shrunk: the verdict of the graph engine, searching whole slices, is the verdict of
`hitless verify`, and the one that the case's own file expects of the full size.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import BALANCED, blog
from oracle import violated
from shrunk import ROWS, TIMES, parts, row
from test_reductions import decided, expected

from verifier.engines import graph
from verifier.interpreter import Refusal, replay
from verifier.language.program import Program
from verifier.system.lower import lower
from verifier.system.run import Answer, Budget
from verifier.system.values import Values


def searched(of: Program) -> dict[str, str]:
    """The verdicts by the graph engine alone; a check that one part violates is not followed further."""
    found = {asked.check: "SAFE" for asked in of.asked}
    for name, part, env in parts(of):
        if found[name] != "SAFE":
            continue
        exact = lower(Values(of), part, env, relaxed=False)
        outcome = graph.check(exact.system, exact.check, Budget(120.0))
        assert outcome.answer is not Answer.UNKNOWN, outcome.reason
        if outcome.run is not None:
            assert not isinstance(replay(exact.system, exact.check, outcome.run), Refusal)
            found[name] = "STUCK" if exact.check.kind == "ends_with" else "UNSAFE"
    return found


def by_check(verdicts: dict[str, str]) -> dict[str, str]:
    """Without the number of a check: shrunk, it is another one."""
    return {name.split()[0]: verdict for name, verdict in verdicts.items()}


def test_every_row_is_shrunk() -> None:
    assert sorted(ROWS) == sorted(BALANCED)
    texts = [blog(stem) for stem in ROWS]
    assert all(any(old in text for text in texts) for old, _ in TIMES)


# Under two seconds each; one of a kind where several are alike.
QUICK = [
    stem
    for stem in ROWS
    if stem[:3] in ("08a", "10c", "12c", "12d", "13a", "13b", "13c", "13d", "16-")
    or stem in ("12a-eni-slow-start-18", "12b-eni-one-replica")
]
# Here `verify` needs longer than that, mostly for lemmas; the search does not.
SEARCHED = [stem for stem in ROWS if stem[:3] in ("08b", "08c", "08d", "09a", "09f", "09r", "10a", "10d", "16b", "16c")]
# Small enough for the search of tests/oracle.py.
TINY = [stem for stem in ROWS if stem[:3] in ("08c", "08d", "10a", "12c", "12d", "13a", "13c") or stem == "16-quota"]


def agrees(stem: str, folder: Path) -> None:
    of = row(stem, folder)
    assert by_check(decided(of)) == searched(of) == by_check(expected(stem))


@pytest.mark.parametrize("stem", QUICK)
def test_a_shrunk_row(stem: str, tmp_path: Path) -> None:
    agrees(stem, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("stem", [stem for stem in ROWS if stem not in QUICK])
def test_a_shrunk_row_at_length(stem: str, tmp_path: Path) -> None:
    agrees(stem, tmp_path)


@pytest.mark.parametrize("stem", SEARCHED)
def test_a_shrunk_row_by_search_alone(stem: str, tmp_path: Path) -> None:
    assert searched(row(stem, tmp_path)) == by_check(expected(stem))


@pytest.mark.slow
@pytest.mark.parametrize("stem", TINY)
def test_the_search_and_the_oracle_agree(stem: str, tmp_path: Path) -> None:
    """Part by part: what one of them violates, the other one does."""
    of = row(stem, tmp_path)
    for _, part, env in parts(of):
        exact = lower(Values(of), part, env, relaxed=False)
        found = graph.check(exact.system, exact.check, Budget(60.0))
        assert (found.answer is Answer.VIOLATED) == violated(exact.system, exact.check, 20_000), part.name
