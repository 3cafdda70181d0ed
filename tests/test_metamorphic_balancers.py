"""Changes whose effect on the verdict is known without knowing the verdict: balancers, gates, quotas, deadlines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from cases import ROOT, blog, program, verdicts

OWN = ROOT / "tests" / "golden" / "mutations"

# Settings that only help when they grow: the case, the check, the setting's line, and growing values. A verdict never
# turns from SAFE to UNSAFE along them. The first is UNSAFE and the last is SAFE, so that the row says something.
GROWING = {
    "preStop for ENI": ("12c-eni-min-ready", r"pre_stop        = .*", "pre_stop = exec({}s)", (5, 17, 18, 30, 45)),
    "minReadySeconds for ENI": (
        "12b-eni-one-replica",
        r"max_unavailable = 0",
        "max_unavailable = 0; min_ready = {}s",
        (0, 5, 30, 60),
    ),
    "draining": ("12d-eni-drain-off", r"backends          = pods", "backends = pods; drain = lasts({}s)", (1, 2, 60)),
    "preStop for DaemonSets": ("10a-daemon-set-10", r"exec\(10s\)", "exec({}s)", (1, 10)),
    "minReadySeconds at the quota": ("16b-local-at-quota", r"min_ready       = 4s", "min_ready = {}s", (0, 4, 9)),
    "preStop and a check for ready pods": ("ready-pods", r"exec\(23s\)", "exec({}s)", (11, 22, 23, 45)),
    "minReadySeconds and a check for ready pods": (
        "ready-pods",
        r"min_ready       = 30s",
        "min_ready = {}s",
        (0, 20, 21, 60),
    ),
    "the progress deadline": (
        "13d-slow-within-the-deadline",
        r"replicas        = 2",
        "replicas = 1; progress_deadline = {}s",
        (300, 590, 700),
    ),
}
NEVER_SAFE = {"preStop for DaemonSets"}

# Bounds of the balancer, each from narrow to wide: a verdict never turns from UNSAFE to SAFE along them.
WIDENING = {
    "removal": (
        "12c-eni-min-ready",
        r"stops_sending_within  = \S+",
        "stops_sending_within = 1s..{}s",
        (1, 15, 27, 28, 60),
    ),
    "adding": ("12c-eni-min-ready", r"starts_sending_within = \S+", "starts_sending_within = 1s..{}s", (1, 5, 60)),
    "adding with a gate": (
        "12c-eni-gate-healthy",
        r"starts_sending_within = \S+",
        "starts_sending_within = 1s..{}s",
        (1, 60),
    ),
    "rules below the quota": ("16c-local-below-quota", r"rules_within = 0s..1s", "rules_within = 0s..{}s", (0, 1, 30)),
    "the verdict on a node": (
        "ready-pods",
        r"stops_sending_within  = \S+",
        "stops_sending_within = 0s..{}s",
        (1, 5, 6, 90),
    ),
    "the way back of a node": (
        "ready-pods",
        r"starts_sending_within = \S+",
        "starts_sending_within = 1s..{}s",
        (1, 5, 15, 90),
    ),
    "a node's rules": ("ready-pods", r"rules_within   = \S+", "rules_within = 0s..{}s", (0, 8, 9, 40)),
    "the slice": ("12c-eni-min-ready", r"written_within = \S+", "written_within = 0s..{}s", (0, 2, 40)),
}
ALWAYS_SAFE = {"adding with a gate"}

# Each takes some seconds.
AT_LENGTH = {
    "preStop for DaemonSets",
    "preStop for ENI",
    "minReadySeconds at the quota",
    "rules below the quota",
    "preStop and a check for ready pods",
    "minReadySeconds and a check for ready pods",
    "the verdict on a node",
    "the way back of a node",
    "a node's rules",
}


def rows(table: Iterable[str]) -> list[ParameterSet]:
    return [pytest.param(name, marks=[pytest.mark.slow] if name in AT_LENGTH else []) for name in table]


def case(stem: str) -> str:
    own = OWN / f"{stem}.rollout"
    return own.read_text("utf-8") if own.is_file() else blog(stem)


def along(stem: str, pattern: str, written: str, values: tuple[int, ...], folder: Path) -> list[str]:
    """The verdicts of the case's first check with each of the values."""
    found = []
    for value in values:
        text, count = re.subn(pattern, written.format(value), case(stem))
        assert count == 1, f"{pattern} occurs {count} times in {stem}"
        found.append(next(iter(verdicts(program(text, folder)).values())))
    return found


@pytest.mark.parametrize("name", rows(GROWING))
def test_what_helps_never_harms(name: str, tmp_path: Path) -> None:
    found = along(*GROWING[name], tmp_path)
    assert found == sorted(found, reverse=True), "UNSAFE first, then SAFE for good"
    assert found[0] == "UNSAFE"
    assert (found[-1] == "SAFE") is (name not in NEVER_SAFE)


@pytest.mark.parametrize("name", rows(WIDENING))
def test_wider_bounds_of_the_balancer_save_nothing(name: str, tmp_path: Path) -> None:
    found = along(*WIDENING[name], tmp_path)
    assert found == sorted(found), "SAFE first, then UNSAFE for good"
    assert found[0] == "SAFE"
    assert (found[-1] == "UNSAFE") is (name not in ALWAYS_SAFE)


@pytest.mark.parametrize(
    ("ports", "of", "verdict"), [(1, 1, "SAFE"), (50, 50, "SAFE"), (51, 50, "UNSAFE"), (51, 99, "SAFE")]
)
def test_only_what_is_above_the_quota_is_too_much(ports: int, of: int, verdict: str, tmp_path: Path) -> None:
    found = along("16-quota", r"node_ports = 51", f"node_ports = {ports}; quota = {{}}", (of,), tmp_path)
    assert found == [verdict]


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [2, 5])
def test_more_nodes_change_nothing_where_pods_are_backends(nodes: int, tmp_path: Path) -> None:
    for stem in ("12c-eni-gate-healthy", "12c-eni-gate-registered"):
        own = verdicts(program(blog(stem), tmp_path))
        assert verdicts(program(blog(stem, ("nodes      = 4", f"nodes      = {nodes}")), tmp_path)) == own


@pytest.mark.slow
def test_the_policy_of_the_service_changes_nothing_where_pods_are_backends(tmp_path: Path) -> None:
    for stem in ("12c-eni-gate-healthy", "12c-eni-gate-registered", "12d-eni-drain-off", "12d-eni-drain-on"):
        own = verdicts(program(blog(stem), tmp_path))
        local = blog(stem, ("external_traffic_policy = Cluster", "external_traffic_policy = Local"))
        assert verdicts(program(local, tmp_path)) == own
