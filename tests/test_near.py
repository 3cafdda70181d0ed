"""Relaxed slices that know who begins at the question's members and stays: whatever is violated is violated in them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from cases import blog, program
from oracle import TooLarge, violated
from placed_programs import placed, with_places

from verifier.analysis.kinds import kinds
from verifier.analysis.questions import Lemmas
from verifier.engines import graph
from verifier.engines.induction import Induction
from verifier.language.program import Program
from verifier.system.ir import FALSE
from verifier.system.lower import lower
from verifier.system.lower.relaxed import Relaxed
from verifier.system.relax import DROPPED
from verifier.system.run import Answer, Budget
from verifier.system.values import Values

SIZES = ((1, 1, 2), (2, 1, 2), (1, 2, 1), (2, 1, 1))


def lost(seeds: range, states_max: int) -> tuple[list[str], Counter[str]]:
    """What is violated, and not in the near slice; how much more near slices show than relaxed ones."""
    wrong, tally = [], Counter[str]()
    for seed in seeds:
        of = with_places(placed(seed), *SIZES[seed % 4])
        for part in of.checks["c"].parts:
            for env in kinds(Values(of), part, placed=True):
                try:
                    exact, loose, near = (
                        violated(made.system, made.check, states_max)
                        for made in (
                            lower(Values(of), part, env, relaxed=False),
                            lower(Values(of), part, env, relaxed=True),
                            lower(Values(of), part, env, relaxed=True, near=True),
                        )
                    )
                except TooLarge:
                    continue
                tally["violated"] += exact
                tally["shown by near ones only"] += loose and not near
                if exact and not near:
                    wrong.append(f"{seed}: {part.name} of {env}")
    return wrong, tally


def test_what_is_violated_is_violated_near() -> None:
    wrong, tally = lost(range(150), 2000)
    assert wrong == []
    assert tally["violated"] > 100, tally
    assert tally["shown by near ones only"] > 30, tally


@pytest.mark.slow
@pytest.mark.parametrize("first", [10_000, 10_500, 11_000, 11_500])
def test_what_is_violated_is_violated_near_at_length(first: int) -> None:
    assert lost(range(first, first + 500), 10_000)[0] == []


def test_all_others_are_elsewhere_only_if_they_stay_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Had one who may still come been taken for one who is elsewhere, violations would be lost."""
    monkeypatch.setattr(Relaxed, "_others", lambda self, *_: DROPPED if self.exactly is None else FALSE)
    assert lost(range(80), 2500)[0]


COMING = """
settings things "sizes" { old: size = 1 "x"  new: size = 1 "x"  nodes: size = 1 "x" }
index P = old: things.old, new: things.new
index N = node: things.nodes
machine Place[p: P] {
  states unset, on(n: N)
  initially on(each things.nodes) if p is old, unset
  unset -> on(n) "x"
}
machine A[p: P] { states s, t  initially s  s -> t "x" when p is new }
check c "c" { never bad[n: N] "x" when some p: P (Place[p] is on(n) and A[p] is t) }
"""


def test_one_who_may_still_come_is_not_elsewhere() -> None:
    """The other old one stays elsewhere, the new one may come: all others count, not the first of them."""
    of = with_places(COMING, 2, 1, 2)
    (part,) = of.checks["c"].parts
    for env in kinds(Values(of), part, placed=True):
        for more in ({"relaxed": False}, {"relaxed": True}, {"relaxed": True, "near": True}):
            made = lower(Values(of), part, env, **more)
            assert violated(made.system, made.check), (env, more)


MARKED = """
settings things "sizes" { old: size = 1 "x"  new: size = 1 "x"  nodes: size = 1 "x"  marks: size = 2 "x" }
index P = old: things.old, new: things.new
index N = node: things.nodes
index K = mark: things.marks
machine Mark[k: K] { states unset, on(n: N)  initially on(each things.nodes) }
machine Place[p: P] { states unset, on(n: N)  initially on(each things.nodes) if p is old, unset  unset -> on(n) "x" }
machine A[p: P] { states s, t  initially s  s -> t "x" }
let marked(n: N) = some k: K (Mark[k] is on(n))
check c "c" {
  never bad[n: N] "x" when some p: P old (some m: N (Place[p] is on(m) and not marked(m) and A[p] is t))
}
"""


def test_others_who_begin_at_the_same_are_alike_only_if_that_is_too() -> None:
    """Of the others one is on a node with a mark, and one is not: the second counts."""
    of = with_places(MARKED, 3, 1, 3)
    (part,) = of.checks["c"].parts
    for env in kinds(Values(of), part, placed=True):
        made = lower(Values(of), part, env, relaxed=True, near=True)
        assert violated(made.system, made.check), env


def test_members_that_differ_in_more_than_names_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Relaxed, "_alike", property(lambda self: defaultdict(int)))
    with pytest.raises(AssertionError):
        test_others_who_begin_at_the_same_are_alike_only_if_that_is_too()


# -- DaemonSets --------------------------------------------------------------------------------------------------------

SHORT = (
    (r"nodes +=.*", "nodes = 2"),
    (r"replicas +=.*", "replicas = 2"),
    (r"written_within = \S+", "written_within = 0s..1s"),
    (r"rules_within = \S+", "rules_within = 0s..1s"),
    (r"sees_deletion_within = 0s..1s", "sees_deletion_within = 0s"),
    (r"starts_within = 0s..1s", "starts_within = 0s"),
    (r"starts_sending_within = \S+", "starts_sending_within = 1s"),
    (r"stops_sending_within  = \S+", "stops_sending_within = 1s"),
    (r"health_check \{.*\}", "health_check { interval = 1s; timeout = 1s; healthy = 1; unhealthy = 1 }"),
    (r"startup_time .*", "startup_time = 1s"),
    (r"readiness_probe \{.*\}", "readiness_probe { period = 1s; failure_threshold = 1 }"),
    (r"longest_request = \S+", "longest_request = 1s"),
    (r"termination_grace_period = \S+", "termination_grace_period = 6s"),
    (r"cluster ack \{", "cluster ack {\n  controllers { deployment_acts_within = 0s; scheduled_within = 0s }"),
)


def shrunk(stem: str, sleep: str, folder: Path) -> Program:
    text = blog(stem)
    for old, new in (*SHORT, (r"exec\(11s\)", f"exec({sleep})")):
        text, count = re.subn(old, new, text)
        assert count == 1, old
    return program(text, folder)


def of_graph(stem: str, sleep: str, names: set[str], folder: Path, most: int | None = None) -> dict[str, bool]:
    """Which of these parts the graph engine finds violated; whatever is violated is violated near."""
    of = shrunk(stem, sleep, folder)
    induction, found = Induction(of), dict.fromkeys(sorted(names), False)
    for part in of.checks["no_lost_request"].parts:
        for env in kinds(Values(of), part, placed=True)[:most] if part.name in names else ():
            exact = lower(Values(of), part, env, relaxed=False)
            whole = graph.check(exact.system, exact.check, Budget(10 if most is None else 60)).answer
            if whole is Answer.UNKNOWN and most is None:
                continue  # too large a graph: nothing to compare with
            assert whole is not Answer.UNKNOWN
            found[part.name] |= whole is Answer.VIOLATED
            near = lower(Values(of), part, env, relaxed=True, near=True, settled=Lemmas(induction).settled)
            loose = graph.check(near.system, near.check, Budget(10 if most is None else 60)).answer
            assert whole is Answer.HOLDS or loose is not Answer.HOLDS, (part.name, env)
    return found


def test_a_daemon_set_with_surge(tmp_path: Path) -> None:
    assert of_graph("10a-daemon-set-11", "0s", {"refused"}, tmp_path, 1) == {"refused": True}


def test_a_daemon_set_without_surge(tmp_path: Path) -> None:
    assert of_graph("10d-daemon-set-no-surge", "0s", {"refused"}, tmp_path, 1) == {"refused": True}


ALL = {"refused", "no_endpoint", "dropped"}


@pytest.mark.slow
@pytest.mark.parametrize("sleep", ["0s", "3s"])
@pytest.mark.parametrize("stem", ["10a-daemon-set-11", "10d-daemon-set-no-surge"])
def test_a_daemon_set_at_length(stem: str, sleep: str, tmp_path: Path) -> None:
    of_graph(stem, sleep, ALL, tmp_path)
