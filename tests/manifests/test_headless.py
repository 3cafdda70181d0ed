"""Headless Services: what is asked of their clients, and what comes out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests.test_stateful_sets import SET
from tests.manifests.texts import SERVICE, WEB, changed, loaded
from verifier.analysis.verdict import Verdict
from verifier.fleet.run import Limits, verified
from verifier.manifests.load import Manifests
from verifier.report.fleet import PathReport

NONE = ("spec:\n  selector:\n    app", "spec:\n  clusterIP: None\n  selector:\n    app")
HEADLESS = changed(WEB, NONE)
HOOK, GRACE = "              seconds: 20\n", "      terminationGracePeriodSeconds: 60\n"
PUBLISHED = ("clusterIP: None\n", "clusterIP: None\n  publishNotReadyAddresses: true\n")


def decided(manifests: Manifests) -> PathReport:
    report = verified(manifests, Limits(60.0), lambda *_: None)
    [case] = report.cases
    [found] = case.paths
    return found


def hook(seconds: int, text: str = HEADLESS) -> str:
    more = GRACE.replace("60", str(seconds + 60))
    return changed(text, (HOOK, HOOK.replace("20", str(seconds))), (GRACE, more))


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(20, Verdict.UNSAFE), (40, Verdict.DEPENDS), (62, Verdict.DEPENDS), (63, Verdict.SAFE)]
)
def test_a_pod_serves_as_long_as_anybody_keeps_its_address(seconds: int, verdict: Verdict, tmp_path: Path) -> None:
    """0 to 2 s to the slice, 0 to 60 s in caches, typically 0.5 s and 30 s."""
    found = decided(loaded(tmp_path, hook(seconds)))
    assert (found.name, found.verdict) == ("headless", verdict)


def test_the_inequality_and_the_fix(tmp_path: Path) -> None:
    found = decided(loaded(tmp_path, hook(40)))
    assert [line for check in found.checks for line in check.thresholds] == [
        "dns.answers_kept_within <= 37.9s (assumed up to 60s)"
    ]
    assert found.fix is not None
    assert found.fix.text == "lifecycle: {preStop: {sleep: {seconds: 63}}}"


def test_hitless_toml_knows_its_clients(tmp_path: Path) -> None:
    (tmp_path / "hitless.toml").write_text('[cluster]\ndns.answers_kept_within = "0s..5s"\n', "utf-8")
    assert decided(loaded(tmp_path, HEADLESS)).verdict is Verdict.SAFE


def test_addresses_that_are_published_too_early(tmp_path: Path) -> None:
    found = decided(loaded(tmp_path, hook(63, changed(HEADLESS, PUBLISHED))))
    assert found.verdict is Verdict.UNSAFE
    assert "does not listen" in found.checks[0].violation.text  # type: ignore[union-attr]


def test_no_data_plane_is_in_between(tmp_path: Path) -> None:
    assert decided(loaded(tmp_path, hook(63), on="cilium")).verdict is Verdict.SAFE
    (tmp_path / "hitless.toml").write_text('[cluster]\nkube_proxy.mode = "ipvs"\n', "utf-8")
    assert decided(loaded(tmp_path, hook(63))).verdict is Verdict.SAFE


@pytest.mark.parametrize(
    ("event", "verdict"), [("node-join", Verdict.SAFE), ("scale-down", Verdict.SAFE), ("bad-image", Verdict.SAFE)]
)
def test_other_events(event: str, verdict: Verdict, tmp_path: Path) -> None:
    assert decided(loaded(tmp_path, hook(63), events=(event,))).verdict is verdict  # type: ignore[arg-type]


def test_any_pod_of_a_stateful_set_is_asked_about(tmp_path: Path) -> None:
    [case] = loaded(tmp_path, f"{SET}---\n{changed(SERVICE, NONE)}").cases
    assert [(path.name, path.why_not) for path in case.paths] == [("headless", "")]
    assert any("names of single pods" in note for note in case.taken)
