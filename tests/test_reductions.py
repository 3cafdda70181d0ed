"""Each reduction on and off gives the same verdict, and an exhaustive search agrees where one is possible: on the
blog's cases with one pod, one node and short delays, and on random small programs.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from cases import STEMS, NoLemmas, blog, changed, program, results
from oracle import TooLarge, violated
from shrunk import parts
from template_programs import model, with_sizes

from verifier.engines import events
from verifier.engines.induction import Induction
from verifier.language.program import Condition, Program
from verifier.system.lower import lower
from verifier.system.prune import prune
from verifier.system.run import Answer, Budget
from verifier.system.values import Env, Values

BUDGET = Budget(20.0)
CHOICES = {
    "no relaxation, all members": {},
    "no pruning": {"pruned": False},
    "no views read once": {"once": False},
    "no lemmas": {"lemmas": False},
    "none at all": {"pruned": False, "once": False, "lemmas": False},
}


def decided(of: Program, induction: type[Induction] = Induction) -> dict[str, str]:
    """The verdicts with every reduction; and, by `induction`, without lemmas."""
    return {result.name: result.verdict.value for result in results(of, induction)}


def engine_alone(of: Program, pruned: bool = True, once: bool = True, lemmas: bool = True) -> dict[str, str]:
    """The verdicts of the events engine on the exact systems, in which every member may move."""
    induction, found = Induction(of), {asked.check: "SAFE" for asked in of.asked}

    def settled(condition: Condition, env: Env) -> bool | None:
        known = induction.settled(condition, env) if lemmas else None
        return None if known is None else known.value

    for name, part, env in parts(of):
        exact = lower(Values(of), part, env, relaxed=False, settled=settled)
        system = replace(exact.system, checks=(exact.check,))
        system = prune(system) if pruned else system
        outcome = events.check(system, system.checks[0], BUDGET, once=once, best=False)
        assert outcome.answer is not Answer.UNKNOWN, outcome.reason
        if outcome.answer is Answer.VIOLATED:
            found[name] = "UNSAFE"
    return found


def searched(of: Program, states_max: int) -> dict[str, str]:
    """The verdicts by exhaustive search on the exact systems. Raises TooLarge."""
    found = {asked.check: "SAFE" for asked in of.asked}
    for name, part, env in parts(of):
        exact = lower(Values(of), part, env, relaxed=False)
        if found[name] == "SAFE" and violated(exact.system, exact.check, states_max):
            found[name] = "UNSAFE"
    return found


# -- the blog's cases, shrunk --------------------------------------------------------------------------------------

# The path through the rules takes up to 1 + 1 s instead of 2 + 8 s; all that is measured against it shrinks with it.
SMALL = (
    ("replicas        = 3", "replicas        = 1"),
    ("nodes      = 3", "nodes      = 1"),
    ("written_within = 0s..2s", "written_within = 0s..1s"),
    ("cluster ack {", "cluster ack {\n  controllers { deployment_acts_within = 0s; scheduled_within = 0s }"),
    ("  kubelet        {", "  kubelet        { starts_within = 0s; "),
)
PROBE = ("initial_delay = 5s; period = 3s; failure_threshold = 3", "period = 1s; failure_threshold = 1")
BLOG_PROBES = (
    ("readiness_probe { initial_delay = 30s; period = 30s;", "readiness_probe { initial_delay = 0s; period = 1s;"),
    ("liveness_probe  { initial_delay = 30s; period = 30s;", "liveness_probe  { initial_delay = 4s; period = 1s;"),
)
RULES = ("rules_within = 0s..8s", "rules_within = 0s..1s")
START = ("5s..20s", "1s..2s")
GRACE = ("grace_period = 60s", "grace_period = 6s")
PRE_STOP = ("sleep(30s)", "sleep(3s)")
SHORT_GRACE = ("max_unavailable = 0", "max_unavailable = 0\n  termination_grace_period = 5s")
USUAL = (RULES, START, PROBE)
BLOG = (RULES, ("5s..80s", "1s..2s"), *BLOG_PROBES, GRACE)
ROW_15 = (("sleep(15s)", "sleep(3s)"), ("grace_period = 45s", "grace_period = 6s"))
SAME = (*USUAL, ("grace_period = 30s", "grace_period = 4s"))

SHRUNK = {
    "01-no-readiness-probe": (RULES, ("5s..20s", "1s..3s"), PRE_STOP, GRACE),
    "01b-starts-later-than-rules": (RULES, ("11s..20s", "4s..5s"), PRE_STOP, GRACE),
    "02a-readiness-probe": (*USUAL, PRE_STOP, GRACE),
    "02b-probe-on-another-port": (RULES, ("20s..20s", "3s..3s"), ("5s..5s", "1s..1s"), PROBE, PRE_STOP, GRACE),
    "03a-no-pre-stop": (*USUAL, SHORT_GRACE),
    "03b-serves-after-sigterm": (*USUAL, SHORT_GRACE, ("serves(11s)", "serves(3s)")),
    "04a-pre-stop-11": (*USUAL, SHORT_GRACE, ("sleep(11s)", "sleep(3s)")),
    "04b-pre-stop-10": (*USUAL, SHORT_GRACE, ("sleep(10s)", "sleep(2s)")),
    "04c-pre-stop-10-closes-later": (*USUAL, SHORT_GRACE, ("sleep(10s)", "sleep(2s)")),
    "05a-blog-49": (*BLOG, PRE_STOP, ("= 49s", "= 3s")),
    "05b-blog-50": (*BLOG, PRE_STOP, ("= 50s", "= 4s")),
    "05c-blog-exits-19": (*BLOG, ("sleep(30s)", "sleep(4s)"), ("= 19s", "= 1s")),
    "05d-blog-exits-20": (*BLOG, ("sleep(30s)", "sleep(4s)"), ("= 20s", "= 2s")),
    "06a-pre-stop-is-grace-21": (*SAME, ("sleep(30s)", "sleep(4s)"), ("= 21s", "= 3s")),
    "06b-pre-stop-is-grace-22": (*SAME, ("sleep(30s)", "sleep(4s)"), ("= 22s", "= 4s")),
    "06c-pre-stop-above-grace": (*SAME, ("sleep(40s)", "sleep(5s)")),
    "06d-slow-rules": (("= 0s..28s", "= 0s..3s"), START, PROBE, ("period = 30s", "period = 4s"), ("(40s)", "(5s)")),
    "06e-exits-19": (*SAME, ("sleep(30s)", "sleep(4s)"), ("= 19s", "= 1s")),
    "06f-exits-20": (*SAME, ("sleep(30s)", "sleep(4s)"), ("= 20s", "= 2s")),
    "07a-no-sleep-in-image": (*USUAL, GRACE, ("exec(30s)", "exec(3s)")),
    "07c-this-rollout-adds-it": (*USUAL, GRACE, PRE_STOP, ("grace_period = 30s", "grace_period = 5s")),
    "07d-the-next-rollout": (*USUAL, GRACE, PRE_STOP),
    "14-recreate": (*USUAL, GRACE, PRE_STOP),
    "15a-longest-request-34": (*USUAL, *ROW_15, ("= 34s", "= 3s")),
    "15b-longest-request-35": (*USUAL, *ROW_15, ("= 35s", "= 4s")),
}  # fmt: skip


def shrunk(stem: str, folder: Path) -> Program:
    return program(changed(blog(stem), *SMALL, *SHRUNK[stem]), folder)


def expected(stem: str) -> dict[str, str]:
    """What the case's own file expects: shrinking keeps every order of two sums that decides."""
    line = re.search(r"^// expect: (.*)$", blog(stem), re.MULTILINE)
    assert line is not None
    return dict(pair.rsplit(" ", 1) for pair in line[1].split("; "))


def test_every_case_is_shrunk() -> None:
    assert sorted(SHRUNK) == STEMS


# One case of each mechanism; the others take longer, and are marked slow.
QUICK = [
    stem for stem in STEMS if stem[:3] in ("01-", "01b", "02b", "03b", "04a", "04b", "06d", "07c", "14-", "15a", "15b")
]


def of_search(stem: str, folder: Path) -> None:
    small = shrunk(stem, folder)
    assert decided(small) == searched(small, 200_000) == expected(stem)


@pytest.mark.parametrize("stem", QUICK)
def test_a_shrunk_case_agrees_with_the_exhaustive_search(stem: str, tmp_path: Path) -> None:
    of_search(stem, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("stem", [stem for stem in STEMS if stem not in QUICK])
def test_a_shrunk_case_agrees_with_the_exhaustive_search_at_length(stem: str, tmp_path: Path) -> None:
    of_search(stem, tmp_path)


@pytest.mark.parametrize("choice", [choice for choice in CHOICES if choice != "none at all"])
@pytest.mark.parametrize("stem", ["04a-pre-stop-11", "15b-longest-request-35"])
def test_a_shrunk_case_without_reductions(stem: str, choice: str, tmp_path: Path) -> None:
    assert engine_alone(shrunk(stem, tmp_path), **CHOICES[choice]) == expected(stem)


@pytest.mark.parametrize("stem", ["01-no-readiness-probe", "04a-pre-stop-11"])
def test_a_shrunk_case_without_lemmas(stem: str, tmp_path: Path) -> None:
    assert decided(shrunk(stem, tmp_path), NoLemmas) == expected(stem)


# -- random programs -----------------------------------------------------------------------------------------------


def agrees(seeds: range, states_max: int) -> None:
    counts = {"SAFE": 0, "UNSAFE": 0, "searched": 0}
    for seed in seeds:
        of = with_sizes(model(seed, lemmas=3, timed=True), seed % 2 + 1, seed // 2 % 2 + 1)
        verdict = decided(of)
        counts[verdict["c"]] += 1
        try:
            assert searched(of, states_max) == verdict, seed
            counts["searched"] += 1
        except TooLarge:
            pass
        assert decided(of, NoLemmas) == verdict, seed
        for name, choice in CHOICES.items():
            assert engine_alone(of, **choice) == verdict, (seed, name)
        relaxed_is_weaker(of, verdict)
    assert min(counts.values()) > len(seeds) / 8, counts


def relaxed_is_weaker(of: Program, verdict: dict[str, str]) -> None:
    """What is violated is violated in the relaxed systems too."""
    found = dict.fromkeys(verdict, False)
    for name, part, env in parts(of):
        relaxed = lower(Values(of), part, env, relaxed=True)
        outcome = events.check(relaxed.system, relaxed.check, BUDGET, best=False)
        found[name] |= outcome.answer is Answer.VIOLATED
    assert all(found[name] for name in verdict if verdict[name] == "UNSAFE")


def test_random_programs() -> None:
    agrees(range(12), 1500)


@pytest.mark.slow
@pytest.mark.parametrize("first", [10_000, 10_100, 10_200, 10_300])
def test_random_programs_at_length(first: int) -> None:
    agrees(range(first, first + 100), 10_000)
