"""Both engines in one run: what is small is confirmed, what goes round is decided, a contradiction is a fault."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cases import BLOG, blog, program
from click.testing import CliRunner
from oracle import TooLarge, violated
from shrunk import row
from systems import chained, peers, round_and_round, small

from verifier.analysis import both
from verifier.analysis.both import EnginesDisagree, answered, searched
from verifier.analysis.paper import TimeStops, decide_system
from verifier.analysis.verdict import Searched, Verdict
from verifier.analysis.verify import verify_program
from verifier.cli import main
from verifier.engines import graph
from verifier.interpreter import Refusal, replay
from verifier.system.ir import TRUE, And, Check, In, Machine, Step, System
from verifier.system.paper import to_json
from verifier.system.run import Answer, Budget, Outcome, Run

BUDGET = Budget(20.0)

# The flag rises at the second part of each turn and falls at the last: what is true at the fifth was decided three
# changes before, in each of infinitely many turns.
WHEEL = """
settings wheel "a wheel" { part: duration = 2s "how long a part of a turn takes" reacts: duration = 1s "the flag" }
machine Wheel {
  states first, second, third, fourth, fifth, sixth
  initially first
  first -> second  "turns"  after wheel.part
  second -> third  "turns"  after wheel.part
  third -> fourth  "turns"  after wheel.part
  fourth -> fifth  "turns"  after wheel.part
  fifth -> sixth   "turns"  after wheel.part
  sixth -> first   "turns"  after wheel.part
}
machine Flag {
  states down, up
  initially down
  down -> up   "the flag rises"  when Wheel is second   within 0s..wheel.reacts
  up -> down   "the flag falls"  when Wheel is sixth    within 0s..wheel.reacts
}
check flagged "the flag is up" { never down "the flag is down"  when Wheel is fifth and Flag is down }
"""


def at(machine: str, *states: str) -> In:
    return In(machine, frozenset(states))


def saved(system: System, folder: Path) -> str:
    path = folder / "a.json"
    path.write_text(json.dumps(to_json(system)), "utf-8")
    return str(path)


def wheel(folder: Path, part: str) -> str:
    (folder / "wheel.model").write_text(WHEEL, "utf-8")
    scenario = folder / "one.rollout"
    scenario.write_text(f"use wheel\nwheel one {{ part = {part} }}\nverify flagged\n", "utf-8")
    return str(scenario)


def report(*args: str) -> tuple[dict[str, Any], int]:
    result = CliRunner().invoke(main, [*args, "--format", "json"])
    return json.loads(result.stdout), result.exit_code


# -- confirmed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "verdict"), [("05a-blog-49", "SAFE"), ("03a-no-pre-stop", "UNSAFE"), ("04b-pre-stop-10", "UNSAFE")]
)
def test_a_case_of_the_blog_is_confirmed(stem: str, verdict: str) -> None:
    found, _ = report("verify", str(BLOG / f"{stem}.rollout"))
    for check in found["checks"]:
        assert check["verdict"] == verdict
        assert check["exhaustive_search"]["confirms"]
        assert check["exhaustive_search"]["states"] > 100
    text = CliRunner().invoke(main, ["verify", str(BLOG / f"{stem}.rollout")]).stdout
    assert f"confirmed by exhaustive search: {check['exhaustive_search']['states']:,} states" in text


def test_the_number_of_states_is_that_of_the_graphs(tmp_path: Path) -> None:
    (result,) = verify_program(program(blog("04a-pre-stop-11"), tmp_path), (), BUDGET).checks
    systems = [part.outcome.asked for part in result.parts if part.outcome is not None and part.outcome.asked]
    assert len(systems) > 1
    counted = [graph.check(system, system.checks[0], BUDGET).statistics["states"] for system in systems]
    assert result.searched == Searched(sum(counted), confirms=True)


@pytest.mark.parametrize("stem", ["08c-local-anti-affinity", "13a-liveness-unavailable-0", "10d-daemon-set-no-surge"])
def test_whether_a_rollout_completes_is_asked_of_both(stem: str, tmp_path: Path) -> None:
    """Stuck: played to its end, and found by the search. Not stuck: proven, and searched to the end."""
    checks = verify_program(row(stem, tmp_path), ("rollout_completes",), BUDGET).checks
    verdict = Verdict.SAFE if stem.startswith("10d") else Verdict.STUCK
    assert [(check.verdict, check.searched is not None and check.searched.confirms) for check in checks] == [
        (verdict, True)
    ]


def test_what_is_estimated_to_be_too_large_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(both, "_STATES_MAX", 20)
    found, _ = report("verify", str(BLOG / "05a-blog-49.rollout"))
    assert [check["verdict"] for check in found["checks"]] == ["SAFE", "SAFE"]
    assert not any("exhaustive_search" in check for check in found["checks"])


def test_an_estimate_that_was_too_low_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "estimated", lambda *args: 1)
    found, _ = report("verify", str(BLOG / "05a-blog-49.rollout"))
    assert not any("exhaustive_search" in check for check in found["checks"])


def test_estimates_are_near_enough() -> None:
    """Not far below the truth, else time is lost; not far above, else nothing would be confirmed."""
    ratios = []
    for make in (small, chained, peers):
        for seed in range(40):
            system = make(seed)
            estimate = graph.estimated(system, system.checks[0], BUDGET, 10**6)
            everything = Check("none", "never", And((TRUE, at(system.machines[0].name))))
            counted = graph.check(system, everything, BUDGET, symmetry=False).statistics["states"]
            assert estimate is not None
            ratios.append(estimate / counted)
    assert max(ratios) < 100
    assert sum(0.2 < ratio < 20 for ratio in ratios) > 0.9 * len(ratios)


# -- contradicted ------------------------------------------------------------------------------------------------------


def lying(system: System, check: Check, budget: Budget, **more: Any) -> Outcome:
    """An engine that says the opposite."""
    outcome = graph_check(system, check, budget, **more)
    wrong = {Answer.HOLDS: Answer.VIOLATED, Answer.VIOLATED: Answer.HOLDS}[outcome.answer]
    return replace(outcome, answer=wrong, run=Run((), 0, 0) if wrong is Answer.VIOLATED else None)


graph_check = graph.check


@pytest.mark.parametrize("stem", ["08c-local-anti-affinity", "10d-daemon-set-no-surge"])
def test_a_disagreement_about_what_is_stuck_is_an_error(
    stem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(graph, "check", lying)
    with pytest.raises(EnginesDisagree):
        verify_program(row(stem, tmp_path), ("rollout_completes",), BUDGET)


NEVER_THERE = """
settings lamp "a lamp" { off: duration = 2s "how long it is off" }
machine Lamp { states dark, on, broken
  initially dark
  dark -> on      "it is lit"   after lamp.off
  dark -> broken  "it breaks"   when Lamp is on   immediately
}
check lit "the lamp" { never both "it is dark"  covers Lamp is broken when Lamp is on and Lamp is broken }
"""


def test_that_something_cannot_happen_is_asked_of_both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "lamp.model").write_text(NEVER_THERE, "utf-8")
    of = program("use lamp\nlamp one { off = 1s }\nverify lit\n", tmp_path)
    (result,) = verify_program(of, (), BUDGET).checks
    assert result.verdict is Verdict.VACUOUS
    monkeypatch.setattr(graph, "check", lying)
    with pytest.raises(EnginesDisagree):
        verify_program(of, (), BUDGET)


@pytest.mark.parametrize("stem", ["05a-blog-49", "03a-no-pre-stop"])
def test_a_disagreement_is_an_internal_error_with_a_bundle(
    stem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(graph, "check", lying)
    result = CliRunner().invoke(main, ["verify", str(BLOG / f"{stem}.rollout")])
    assert result.exit_code == 3
    assert not result.stdout
    assert "EnginesDisagree" in result.stderr
    (bundle,) = tmp_path.glob("hitless-bundle-*.json")
    kept = json.loads(bundle.read_text("utf-8"))
    assert kept["system"]["format"] == "hitless-system/1"
    assert len(kept["system"]["checks"]) == 1
    assert kept["run"] is not None


def test_a_disagreement_about_a_system_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "check", lying)
    with pytest.raises(EnginesDisagree):
        decide_system(small(3), BUDGET)


def test_an_answer_without_a_system_confirms_nothing() -> None:
    assert searched([Outcome(Answer.HOLDS)], BUDGET) is None
    assert searched([None], BUDGET) is None
    assert searched([], BUDGET) is None


# -- machines that go round ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("part", "verdict", "confirms"), [("2s", "SAFE", False), ("200ms", "UNSAFE", True)])
def test_a_scenario_that_goes_round_for_ever_is_decided(
    part: str, verdict: str, confirms: bool, tmp_path: Path
) -> None:
    found, code = report("verify", wheel(tmp_path, part))
    (check,) = found["checks"]
    assert (check["verdict"], code) == (verdict, {"SAFE": 0, "UNSAFE": 1}[verdict])
    assert check["exhaustive_search"]["confirms"] == confirms
    if verdict == "SAFE":
        assert {bound["setting"] for bound in check["rests_on"]} == {"wheel.part", "wheel.reacts"}
        text = CliRunner().invoke(main, ["verify", wheel(tmp_path, part)]).stdout
        assert f"decided by exhaustive search: {check['exhaustive_search']['states']:,} states" in text


def test_every_check_of_a_system_that_goes_round_is_decided() -> None:
    """As an exhaustive search written apart from both engines says; many of them the events engine cannot decide."""
    counts = {Verdict.SAFE: 0, Verdict.UNSAFE: 0, Verdict.STUCK: 0, "alone": 0}
    for seed in range(11_000, 11_060):
        system = small(seed, cycles=True)
        try:
            expected = [violated(system, check, 3000) for check in system.checks]
        except TooLarge:
            continue
        for check, wrong, of in zip(decide_system(system, BUDGET).checks, expected, system.checks, strict=True):
            bad = Verdict.UNSAFE if of.kind == "never" else Verdict.STUCK
            assert check.verdict is (bad if wrong else Verdict.SAFE), (seed, check)
            counts[check.verdict] += 1
            counts["alone"] += check.searched is not None and not check.searched.confirms
    assert min(counts.values()) > 4, counts


def test_a_violation_that_the_graph_found_is_replayed() -> None:
    """Thirty turns of a counter that nothing but a long unrolling shows."""
    names = tuple(f"n{i}" for i in range(9))
    machines = (Machine("m", ("a", "b"), "a"), Machine("n", names, "n0"))
    steps = [Step("there", "m", "a", "b", TRUE, 1, 1), Step("back", "m", "b", "a", TRUE, 1, 1)]
    for i, (one, other) in enumerate(pairwise(names)):
        steps.append(Step(f"up{i}", "n", one, other, at("m", "b" if i % 2 else "a"), 1, 1))
        if i:
            steps.append(Step(f"down{i}", "n", one, names[0], at("m", "a" if i % 2 else "b"), 1, None))
    check = Check("c", "never", at("n", names[-1]))
    system = System(1000, machines, (), tuple(steps), (check,))
    outcome = answered(system, BUDGET)
    assert outcome.answer is Answer.VIOLATED
    assert outcome.run is not None
    assert not isinstance(replay(system, check, outcome.run), Refusal)


def test_what_does_not_fit_says_why_and_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "check", lambda *args, **more: graph_check(*args, **more, most=5))
    system = round_that_holds()
    outcome = answered(system, BUDGET)
    assert outcome.answer is Answer.UNKNOWN
    assert "repetition was cut" in outcome.reason
    assert "states" in outcome.reason


def round_that_holds() -> System:
    """Two machines in step, each waiting for the other; they are never two apart."""
    names = tuple("abcdef")
    machines = (Machine("m", names, "a"), Machine("n", names, "a"))
    after = dict(zip(names, names[1:] + names[:1], strict=True))
    steps = [Step(f"m {s}", "m", s, after[s], at("n", s), 1, 2) for s in names]
    steps += [Step(f"n {s}", "n", s, after[s], at("m", after[s]), 1, 2) for s in names]
    return System(1000, machines, (), tuple(steps), (Check("c", "never", And((at("m", "c"), at("n", "a")))),))


# -- time that stops ---------------------------------------------------------------------------------------------------


def test_time_that_stops_is_named_with_its_cycle(tmp_path: Path) -> None:
    system = round_and_round(at("gate", "open"))
    with pytest.raises(TimeStops, match="'there', 'back' go round for ever"):
        decide_system(system, BUDGET)
    for command in ("check-system", "graph"):
        result = CliRunner().invoke(main, [command, saved(system, tmp_path)])
        assert result.exit_code == 2
        assert "there" in result.output
        assert "go round for ever without a tick" in result.output
    refused = CliRunner().invoke(main, ["export", saved(system, tmp_path), "--format", "smtlib"])
    assert refused.exit_code == 2


def test_a_cycle_that_is_never_entered_is_no_mistake(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["check-system", saved(round_and_round(at("gate", "gone")), tmp_path)])
    assert result.exit_code == 0
    assert "SAFE" in result.stdout


def test_what_could_stop_and_is_too_large_to_know_is_refused() -> None:
    with pytest.raises(TimeStops, match="can go round without time passing"):
        decide_system(round_and_round(at("gate", "gone")), Budget(-1.0))


@pytest.mark.parametrize("make", [small, chained, peers])
def test_random_systems_are_confirmed(make: Callable[[int], System]) -> None:
    confirmed = 0
    for seed in range(12_000, 12_015):
        for check in decide_system(make(seed), BUDGET).checks:
            assert check.searched is not None
            confirmed += check.searched.confirms
    assert confirmed > 15
