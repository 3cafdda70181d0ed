"""Row 5' of the blog's cases: its manifests as printed, and what is left when each mistake is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests.texts import changed
from verifier.manifests.load import Ask, Manifests, load

PRINTED = Path(__file__).parents[2] / "examples" / "blog" / "as-printed"
BARE = "          - 30\n"


def verified(folder: Path, *changes: tuple[str, str]) -> Manifests:
    pod = (PRINTED / "pod.yaml").read_text("utf-8")
    for old, new in changes:
        pod = changed(pod, (old, new)) if old in pod else pytest.fail(f"{old!r} is not in the blog's Pod")
    (folder / "all.yaml").write_text(f"{pod}---\n{(PRINTED / 'service-cluster.yaml').read_text('utf-8')}", "utf-8")
    return load(Ask((str(folder / "all.yaml"),)))


def test_a_bare_30_is_refused() -> None:
    [found] = load(Ask((str(PRINTED / "pod.yaml"),))).errors
    assert (found.code, found.span.line) == ("HL432", 34)
    assert "command[1] is a text, not a number" in found.message
    assert '"30"' in found.fix


def test_the_deployments_affinity_is_no_yaml_as_printed() -> None:
    [found] = load(Ask((str(PRINTED / "deployment.yaml"),))).errors
    assert found.code == "HL421"


def test_with_the_number_quoted_the_service_has_no_endpoints(tmp_path: Path) -> None:
    found = verified(tmp_path, (BARE, '          - "30"\n'))
    assert not found.errors
    [warning] = found.warnings
    assert warning.code == "HL440"
    assert "run=nginx" in warning.message
    assert warning.secondary[0][1] == "these pods have no labels"


def test_with_the_label_added_the_probes_ask_another_port(tmp_path: Path) -> None:
    label = ("  namespace: default\n", "  namespace: default\n  labels: {run: nginx}\n")
    found = verified(tmp_path, (BARE, '          - "30"\n'), label)
    assert [warning.code for warning in found.warnings] == ["HL444", "HL444"]
    assert all("asks port 5084" in warning.message and "port 80" in warning.message for warning in found.warnings)
    assert all("nothing rolls out" in path.why_not for path in found.cases[0].paths if path.name == "ClusterIP")
