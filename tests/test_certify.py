"""cvc5 repeats what the events engine answers (`hitless verify --certify`), from the question as text alone."""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

import pytest
from cases import BLOG
from click.testing import CliRunner
from oracle import TooLarge, violated
from systems import chained, peers, small

from verifier.analysis.both import EnginesDisagree, certified
from verifier.analysis.verify import verify_program
from verifier.cli import main
from verifier.engines import certifier, graph
from verifier.engines.events.smtlib import smtlib
from verifier.interpreter import Interpreter
from verifier.language.load import load
from verifier.system.ir import System
from verifier.system.run import Answer, Budget, Event, Outcome, Run

cvc5 = pytest.mark.skipif(not certifier.installed(), reason="needs cvc5 (the extra `certify`)")
CASES = sorted(path.stem for path in BLOG.glob("*.rollout") if "expect: refused" not in path.read_text("utf-8"))
QUICK = [stem for stem in CASES if stem[:3] in ("02a", "03a", "04a", "05a", "05b", "06b", "12d", "13a", "15b")]
# One of its answers, a proof about three pods on four nodes, takes cvc5 a minute of an idle machine.
NOT_ALL = {"09a-local-30-unhealthy-30": 1}


def all_is_repeated(stem: str) -> int:
    """Every answer that the verdicts of a case rest on but those that are known; how many that are.

    An idle machine repeats them within the default budget; a busy one may need longer.
    """
    options = ("--certify", "--budget", "3m", "--format", "json")
    result = CliRunner().invoke(main, ["verify", *options, str(BLOG / f"{stem}.rollout")])
    assert result.exit_code in (0, 1), result.output
    found = json.loads(result.stdout)["checks"]
    for check in found:
        left_out = check["certified"]["of"] - check["certified"]["repeated"]
        assert left_out <= NOT_ALL.get(stem, 0), check["name"]
    return sum(check["certified"]["of"] for check in found)


@cvc5
@pytest.mark.parametrize("stem", QUICK)
def test_a_case_of_the_blog(stem: str) -> None:
    assert all_is_repeated(stem) > 0


@cvc5
@pytest.mark.slow
@pytest.mark.parametrize("stem", [stem for stem in CASES if stem not in QUICK])
def test_a_case_of_the_blog_at_length(stem: str) -> None:
    assert all_is_repeated(stem) > 0


@cvc5
def test_random_systems() -> None:
    """As an exhaustive search says, or a longer unrolling would be needed."""
    counts = {Answer.HOLDS: 0, Answer.VIOLATED: 0, Answer.UNKNOWN: 0}

    def again(system: System) -> None:
        for check in system.checks:
            try:
                wanted = violated(system, check, 1500)
            except TooLarge:
                continue
            alone = System(system.tick_ms, system.machines, system.views, system.steps, (check,))
            answer = certifier.repeat(Outcome(Answer.UNKNOWN), alone, Budget(20.0))
            counts[answer] += 1
            assert answer is Answer.UNKNOWN or (answer is Answer.VIOLATED) == wanted

    for seed in range(13_000, 13_012):
        again(small(seed))
        again(chained(seed))
        again(peers(seed))
        again(small(seed, cycles=True))
    assert counts[Answer.HOLDS] > 20
    assert counts[Answer.VIOLATED] > 20
    assert counts[Answer.UNKNOWN] < 10


def walk(meaning: Interpreter, draw: random.Random, length: int) -> Run:
    """Some run of a system: events and ticks as they come."""
    state, now, events = meaning.initial(), 0, []
    for _ in range(length):
        ways: list[tuple[str, bool]] = [(name, False) for name in meaning.may_fire(state)]
        ways += [(name, True) for name in meaning.behind(state)]
        if meaning.can_tick(state):
            ways.append(("", False))
        name, refresh = draw.choice(ways)
        if not name:
            state, now = meaning.tick(state), now + 1
        else:
            state = meaning.refresh(state, name) if refresh else meaning.fire(state, name)
            events.append(Event(now, name, refresh))
    return Run(tuple(events), now, now)


@cvc5
def test_along_a_run_there_is_a_violation_only_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Narrowed to a run that violates: `sat`. Narrowed to any other: `sat` only where something is violated."""
    texts: list[str] = []
    monkeypatch.setattr(certifier, "smtlib", lambda *args, **more: texts.append(smtlib(*args, **more)) or texts[-1])
    counts = {True: 0, False: 0}
    for seed in range(14_000, 14_030):
        for system in (small(seed), chained(seed), small(seed, cycles=True)):
            for check in system.checks:
                alone = System(system.tick_ms, system.machines, system.views, system.steps, (check,))
                found = graph.check(alone, check, Budget(20.0))
                counts[found.answer is Answer.VIOLATED] += 1
                if found.answer is Answer.VIOLATED:
                    texts.clear()
                    assert certifier.repeat(found, alone, Budget(20.0)) is Answer.VIOLATED
                    assert len(texts) == 1, "the narrower question was enough"
                    continue
                along = walk(Interpreter(alone), random.Random(seed), 12)
                narrow = smtlib(alone, check, along=along)
                assert certifier.said(narrow, time.monotonic() + 20.0) == ["unsat"], seed
    assert min(counts.values()) > 20


@cvc5
def test_no_time_is_unknown_and_not_a_proof() -> None:
    [(_, program)] = load((str(BLOG / "05a-blog-49.rollout"),)).programs
    (first, _) = verify_program(program, (), Budget(20.0)).checks
    unsure = certified(first, Budget(0.0))
    assert unsure.certified is not None
    assert unsure.certified.repeated <= unsure.certified.of == 2


@pytest.mark.parametrize("stem", ["05a-blog-49", "03a-no-pre-stop"])
def test_another_answer_is_an_internal_error_with_a_bundle(
    stem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = Answer.VIOLATED if stem == "05a-blog-49" else Answer.HOLDS
    monkeypatch.setattr(certifier, "solver_name", lambda: "cvc5 that lies")
    monkeypatch.setattr(certifier, "repeat", lambda *asked: wrong)
    result = CliRunner().invoke(main, ["verify", "--certify", str(BLOG / f"{stem}.rollout")])
    assert result.exit_code == 3
    assert EnginesDisagree.__name__ in result.stderr
    (bundle,) = tmp_path.glob("hitless-bundle-*.json")
    assert json.loads(bundle.read_text("utf-8"))["system"]["checks"]


def test_without_cvc5_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cvc5", None)
    result = CliRunner().invoke(main, ["verify", "--certify", str(BLOG / "05a-blog-49.rollout")])
    assert result.exit_code == 2
    assert "hitless[certify]" in result.stderr


def test_it_is_for_scenarios(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("", "utf-8")
    assert CliRunner().invoke(main, ["verify", "--certify", str(tmp_path / "a.yaml")]).exit_code == 2
