"""A StatefulSet from manifests: one pod after the other, its successor afterwards, and what holds pods back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests.test_cases import BALANCER, STRATEGY, ways
from tests.manifests.test_daemon_set import decided
from tests.manifests.texts import DEPLOYMENT, SERVICE, changed, codes, loaded
from verifier.analysis.verdict import Verdict
from verifier.language.assemble import scenario_text

SET = changed(
    DEPLOYMENT,
    ("kind: Deployment", "kind: StatefulSet"),
    (STRATEGY, "  serviceName: web\n"),
    ("replicas: 2", "replicas: 3"),
)


def with_strategy(strategy: str) -> str:
    return changed(SET, ("  serviceName: web\n", f"  serviceName: web\n  updateStrategy: {{{strategy}}}\n"))


def test_the_others_serve_meanwhile(tmp_path: Path) -> None:
    [found], _ = decided(tmp_path, f"{SET}---\n{SERVICE}")
    assert (found.verdict, found.grade) == (Verdict.SAFE, "for any number of replicas from 3 up and nodes")


def test_one_pod_has_no_other(tmp_path: Path) -> None:
    [found], _ = decided(tmp_path, f"{changed(SET, ('replicas: 3', 'replicas: 1'))}---\n{SERVICE}")
    assert (found.verdict, found.cause) == (Verdict.UNSAFE, "a StatefulSet of one pod")
    assert found.checks[0].violation is not None
    assert found.checks[0].violation.in_every_run
    assert "no endpoint" in found.checks[0].violation.text
    assert found.fix is not None
    assert found.fix.text.startswith("replicas: 2")


def test_a_balancer_of_pods_may_not_be_ready_for_the_next(tmp_path: Path) -> None:
    """Nothing waits for a balancer: of two pods the second goes before the first one's successor is sent to."""
    text = f"{changed(SET, ('replicas: 3', 'replicas: 2'))}---\n{BALANCER}"
    (inside, outside), _ = decided(tmp_path, text, on="ack-clb-eni")
    assert inside.verdict is Verdict.SAFE
    assert outside.verdict is Verdict.UNSAFE
    assert outside.checks[0].violation is not None
    assert "nobody to send" in outside.checks[0].violation.text


def test_below_the_partition_nothing_is_replaced(tmp_path: Path) -> None:
    [case] = loaded(tmp_path, f"{with_strategy('rollingUpdate: {partition: 1}')}---\n{SERVICE}").cases
    [path] = case.paths
    assert path.scenario is not None
    assert "replaced = 2" in scenario_text(path.scenario.items)
    assert "pods below the partition (1) keep what they have" in case.taken


@pytest.mark.parametrize(
    ("strategy", "why"),
    [
        ("type: OnDelete", "nothing rolls out by itself"),
        ("rollingUpdate: {partition: 3}", "partition 3 of 3 replicas: nothing rolls out"),
        ("rollingUpdate: {maxUnavailable: 2}", "MaxUnavailableStatefulSet"),
        ("rollingUpdate: {maxUnavailable: 50%}", "MaxUnavailableStatefulSet"),
    ],
)
def test_what_holds_pods_back_is_said(strategy: str, why: str, tmp_path: Path) -> None:
    [found] = ways(loaded(tmp_path, f"{with_strategy(strategy)}---\n{SERVICE}")).values()
    assert why in found


@pytest.mark.parametrize("strategy", ["type: Recreate", "rollingUpdate: {partition: -1}"])
def test_what_the_api_refuses(strategy: str, tmp_path: Path) -> None:
    assert codes(loaded(tmp_path, f"{with_strategy(strategy)}---\n{SERVICE}"))[0] == ("HL433", 8)


@pytest.mark.parametrize("event", ["drain", "scale-down"])
def test_other_events_are_named(event: str, tmp_path: Path) -> None:
    [found] = ways(loaded(tmp_path, f"{SET}---\n{SERVICE}", events=(event,))).values()  # type: ignore[arg-type]
    assert found == f"how a StatefulSet lives through a {event} is not modelled yet"
