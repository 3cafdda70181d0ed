"""Changes of a scenario whose effect on the verdict is known without knowing the verdict, on the blog's cases."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from cases import ROLLING, STEMS, NoLemmas, blog, changed, program, programs, results, verdicts

from verifier.analysis.verdict import CheckResult
from verifier.engines.induction import Induction
from verifier.language.program import Program

LOST, INTERRUPTED = "no_lost_request", "no_interrupted_request"


def changed_once(stem: str, pattern: str, new: str) -> str:
    """The case with one place changed, found by a regular expression."""
    text, count = re.subn(pattern, new, blog(stem))
    assert count == 1, f"{pattern} occurs {count} times in {stem}"
    return text


def in_deployment(stem: str, line: str) -> str:
    return changed_once(stem, r"(deployment web \{\n)", rf"\1  {line}\n")


def in_app(stem: str, line: str) -> str:
    return changed_once(stem, r"(app web \{\n)", rf"\1  {line}\n")


def in_cluster(stem: str, line: str) -> str:
    return changed_once(stem, r"(cluster ack \{\n)", rf"\1  {line}\n")


def in_kubelet(stem: str, line: str) -> str:
    return changed_once(stem, r"(kubelet +\{)", rf"\1 {line};")


# -- preStop ---------------------------------------------------------------------------------------------------------

# Cases, each with longer and longer ones that are still within its grace period.
LONGER = {
    "03a-no-pre-stop": (10, 11, 29),
    "04a-pre-stop-11": (12, 29),
}
LONGER_STILL = {
    "03a-no-pre-stop": (1, 5, 9, 10, 11, 12, 20, 30),
    "04b-pre-stop-10": (11, 20, 29),
    "02a-readiness-probe": (31, 45, 60),
    "05a-blog-49": (31, 45, 60),
    "07d-the-next-rollout": (31, 59),
}


def of_pre_stop(stem: str, longer: tuple[int, ...], folder: Path) -> None:
    found = [verdicts(program(blog(stem), folder))[LOST]]
    for seconds in longer:
        if "pre_stop" in blog(stem):
            text = changed_once(stem, r"sleep\(\d+s\)", f"sleep({seconds}s)")
        else:
            text = in_deployment(stem, f"pre_stop = sleep({seconds}s)")
        found.append(verdicts(program(text, folder))[LOST])
    assert found == sorted(found, reverse=True), "UNSAFE first, then SAFE for good"


@pytest.mark.parametrize("stem", LONGER)
def test_a_longer_pre_stop_within_the_grace_period_loses_nothing_new(stem: str, tmp_path: Path) -> None:
    of_pre_stop(stem, LONGER[stem], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("stem", LONGER_STILL)
def test_a_longer_pre_stop_at_length(stem: str, tmp_path: Path) -> None:
    of_pre_stop(stem, LONGER_STILL[stem], tmp_path)


def test_a_longer_pre_stop_may_interrupt_requests(tmp_path: Path) -> None:
    """Without it the listener closes after a second; with it, requests come for ten, and 10 + 36 s are more than 45."""
    text = changed(
        blog("15a-longest-request-34"),
        ("sleep(15s)", "none"),
        ("longest_request = 34s", "longest_request = 36s"),
    )
    longer = changed(text, ("= none", "= sleep(15s)"))
    assert verdicts(program(text, tmp_path))[INTERRUPTED] == "SAFE"
    assert verdicts(program(longer, tmp_path))[INTERRUPTED] == "UNSAFE"


# -- bounds ----------------------------------------------------------------------------------------------------------

# Written in every case: pattern, a wider window, a narrower one.
WRITTEN = {
    "slice": (r"written_within = \S+", "written_within = 0s..5s", "written_within = 1s..2s"),
    "rules": (r"rules_within = \S+", "rules_within = 0s..40s", "rules_within = 1s..4s"),
    "deletion": (r"sees_deletion_within = \S+", "sees_deletion_within = 0s..9s", "sees_deletion_within = 0s..0s"),
    "startup": (r"startup_time    = \S+", "startup_time    = 0s..120s", "startup_time    = 20s..20s"),
}
# (what a line says in the app or the cluster, wider, narrower); the default lies between them.
ADDED = {
    "listener": (in_app, "close_listener = 0s..5s", "close_listener = 1s..1s"),
    "starts": (in_kubelet, "starts_within = 0s..60s", "starts_within = 1s..2s"),
    "exits": (in_kubelet, "reports_exit_within = 0s..9s", "reports_exit_within = 0s..0s"),
    "controllers": (
        in_cluster,
        "controllers { deployment_acts_within = 9s; replica_set_acts_within = 9s; status_within = 9s }",
        "controllers { deployment_acts_within = 0s; replica_set_acts_within = 0s; status_within = 0s }",
    ),
    "scheduler": (in_cluster, "controllers { scheduled_within = 60s }", "controllers { scheduled_within = 0s }"),
}


def of_bounds(stem: str, bound: str, folder: Path) -> None:
    if bound in WRITTEN:
        pattern, wide, narrow = WRITTEN[bound]
        texts = [changed_once(stem, pattern, new) for new in (wide, narrow)]
    else:
        add, wide, narrow = ADDED[bound]
        texts = [add(stem, new) for new in (wide, narrow)]
    own, wide_found, narrow_found = (verdicts(program(text, folder)) for text in (blog(stem), *texts))
    for check in own:
        assert (own[check], wide_found[check]) != ("UNSAFE", "SAFE"), "wider"
        assert (own[check], narrow_found[check]) != ("SAFE", "UNSAFE"), "narrower"


USUAL = [
    (stem, bound) for stem in ("02a-readiness-probe", "04b-pre-stop-10") for bound in ("slice", "rules", "listener")
]
REST = [
    (stem, bound)
    for stem in STEMS
    for bound in (*WRITTEN, *ADDED)
    if (stem, bound) not in USUAL and (bound != "listener" or "close_listener" not in blog(stem))
]


@pytest.mark.parametrize(("stem", "bound"), USUAL)
def test_wider_bounds_save_nothing_and_narrower_ones_lose_nothing(stem: str, bound: str, tmp_path: Path) -> None:
    of_bounds(stem, bound, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("stem", "bound"), REST)
def test_wider_bounds_at_length(stem: str, bound: str, tmp_path: Path) -> None:
    of_bounds(stem, bound, tmp_path)


# -- what does not matter --------------------------------------------------------------------------------------------

SECOND = """
app other { startup_time = 1s..90s; on_sigterm = exits; longest_request = 5s }
deployment other { replicas = 7; strategy = Recreate }
service other { external_traffic_policy = Cluster }
"""


def bare(found: list[CheckResult]) -> list[CheckResult]:
    """The results without what may differ between two runs of the same question."""
    return [
        replace(result, seconds=0.0, parts=tuple(replace(part, witness=None, outcome=None) for part in result.parts))
        for result in found
    ]


@pytest.mark.parametrize("stem", ["02a-readiness-probe", "04b-pre-stop-10", "06a-pre-stop-is-grace-21"])
def test_an_unrelated_workload_changes_nothing(stem: str, tmp_path: Path) -> None:
    alone = program(blog(stem), tmp_path)
    together = {of.workload: of for of in programs(blog(stem).replace("\nverify", SECOND + "\nverify", 1), tmp_path)}
    assert set(together) == {"web", "other"}
    assert bare(results(together["web"])) == bare(results(alone))


def of_sizes(stem: str, replicas: int, nodes: int, folder: Path) -> None:
    text = changed(
        blog(stem),
        ("replicas        = 3", f"replicas        = {replicas}"),
        ("nodes      = 3", f"nodes      = {nodes}"),
    )
    for before, after in zip(results(program(blog(stem), folder)), results(program(text, folder)), strict=True):
        assert after.verdict is before.verdict
        assert after.scope.any_size is before.scope.any_size


@pytest.mark.parametrize(("replicas", "nodes"), [(1, 1), (2, 5), (100, 1000)])
def test_a_verdict_for_any_number_is_the_same_for_all_numbers(replicas: int, nodes: int, tmp_path: Path) -> None:
    of_sizes("04a-pre-stop-11", replicas, nodes, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("stem", ROLLING)
@pytest.mark.parametrize(("replicas", "nodes"), [(1, 1), (2, 5), (7, 2), (100, 1000)])
def test_verdicts_are_the_same_for_all_numbers(stem: str, replicas: int, nodes: int, tmp_path: Path) -> None:
    of_sizes(stem, replicas, nodes, tmp_path)


TWO_OF_A_KIND = """
settings things "sizes" { size: size = 1 "x" }
index P = all: things.size
machine M[p: P] { states a, b  initially a  a -> b "x" }
check apart "all do the same" { never differ[p: P, q: P] "{p} and {q} differ" when M[p] is b and M[q] is a }
"""


def test_what_holds_of_one_member_alone_is_not_said_of_any_number(tmp_path: Path) -> None:
    """Two members that differ cannot be looked at where there is only one; with two of them they do differ."""
    (tmp_path / "two.model").write_text(TWO_OF_A_KIND, "utf-8")
    one, two = (results(program(f"use two\nthings a {{ size = {n} }}\nverify apart\n", tmp_path))[0] for n in (1, 2))
    assert (one.verdict.value, two.verdict.value) == ("SAFE", "UNSAFE")
    assert not one.scope.any_size


# -- the causal order of the slice -----------------------------------------------------------------------------------


def no_endpoint(of: Program, induction: type[Induction]) -> list[str]:
    """The verdicts of this part alone."""
    group = of.checks[LOST]
    alone = replace(group, parts=tuple(part for part in group.parts if part.name == "no_endpoint"))
    asked = tuple(replace(asked, check=LOST) for asked in of.asked[:1])
    (found,) = results(replace(of, checks={**of.checks, LOST: alone}, asked=asked), induction)
    return [part.verdict.value for part in found.parts]


@pytest.mark.parametrize("stem", ROLLING)
def test_with_surge_no_node_ever_sees_an_empty_set(stem: str, tmp_path: Path) -> None:
    assert no_endpoint(program(blog(stem), tmp_path), Induction) == ["SAFE"]


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("stem", ["01-no-readiness-probe", "04b-pre-stop-10"])
def test_with_surge_no_node_ever_sees_an_empty_set_without_lemmas(stem: str, replicas: int, tmp_path: Path) -> None:
    text = changed(blog(stem), ("replicas        = 3", f"replicas        = {replicas}"))
    assert set(no_endpoint(program(text, tmp_path), NoLemmas)) == {"SAFE"}
