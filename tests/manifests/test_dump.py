"""A dump of a live cluster tells the version, the platform, where pods are, and which template they were made from."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from tests.manifests.texts import changed, codes, loaded
from verifier import cli
from verifier.language.assemble import scenario_text
from verifier.manifests.load import Ask, load

LIVE = Path(__file__).parents[2] / "examples" / "live-cluster"
DUMP, NEXT = (LIVE / name for name in ("dump.yaml", "next.yaml"))
TEXT = DUMP.read_text("utf-8")
SECRET = "correct-horse-battery-staple"


def first_pod(*changes: tuple[str, str]) -> str:
    """The dump with its first pod changed."""
    head, mark, rest = TEXT.partition("generateName: checkout")
    pod, end, tail = rest.partition("- apiVersion: v1\n  kind: Pod")
    return head + mark + changed(pod, *changes) + end + tail


def test_a_dump_through_a_pipe() -> None:
    found = CliRunner().invoke(cli.main, ["verify", "-", "--explain"], input=TEXT)
    assert found.exit_code == 4
    assert found.stdout.startswith("DEPENDS  shop/checkout -> Deployment checkout   stdin:4, version v1.33")
    assert "LoadBalancer (gke-l4)" in found.stdout
    assert "taken to have the same settings" not in found.stdout
    assert found.stderr == ""
    assert SECRET not in found.output


def test_pods_of_the_dump_are_those_that_go(tmp_path: Path) -> None:
    three = TEXT.replace("seconds: 5", "seconds: 3").replace("seconds: 3", "seconds: 5", 1)
    [case] = loaded(tmp_path, three).cases
    assert case.paths[0].scenario is not None
    text = scenario_text(case.paths[0].scenario.items)
    assert "pre_stop = sleep(3s)" in text.partition("running workload")[2]
    assert "pre_stop = sleep(5s)" in text.partition("running workload")[0]


def test_from_a_dump_takes_its_nodes_too() -> None:
    found = load(Ask((str(NEXT),), old=str(DUMP)))
    assert found.version == "v1.33"
    assert [path.name for path in found.cases[0].paths] == ["ClusterIP", "LoadBalancer (gke-l4)"]
    assert all(path.scenario is not None for path in found.cases[0].paths)
    text = scenario_text(found.cases[0].paths[0].scenario.items)  # type: ignore[union-attr]
    assert "nodes = 3" in text
    assert "replicas = 3" in text  # the apply says nothing of them


def test_the_rollout_that_adds_a_hook_still_loses_requests() -> None:
    arguments = ["verify", str(NEXT), "--on", "gke-l4", "--format", "json"]
    alone, real = (CliRunner().invoke(cli.main, [*arguments, *more]) for more in ((), ("--from", str(DUMP))))
    assert json.loads(alone.stdout)["verdict"] == "SAFE"
    assert json.loads(real.stdout)["verdict"] == "DEPENDS"


def test_the_oldest_node_counts(tmp_path: Path) -> None:
    lines = TEXT.split("kubeletVersion: v1.33.5")
    mixed = lines[0] + "kubeletVersion: v1.33.5" + lines[1] + "kubeletVersion: v1.32.9" + lines[2]
    mixed += "kubeletVersion: v1.33.5" + lines[3]
    assert loaded(tmp_path, mixed).version == "v1.32"


def test_a_rollout_under_way_is_not_verified(tmp_path: Path) -> None:
    found = loaded(tmp_path, first_pod(("seconds: 5", "seconds: 4")))
    assert {path.why_not for path in found.cases[0].paths} == {
        "the pods that run now have several templates: a rollout is under way, which is not modelled"
    }


def test_what_a_webhook_has_put_into_the_pods_counts(tmp_path: Path) -> None:
    """The Deployment knows nothing of an injected sidecar; its pods do."""
    sidecar = "    - {image: proxy, name: istio-proxy}\n    nodeName:"
    found = loaded(tmp_path, TEXT.replace("    nodeName:", sidecar))
    assert all("sidecar (istio-proxy)" in path.why_not for path in found.cases[0].paths)
    other = loaded(tmp_path, TEXT.replace("    nodeName:", sidecar.replace("istio-proxy", "shipper")))
    assert all("other containers (shipper)" in path.unless[0] for path in other.cases[0].paths)


def test_an_autoscaler_may_set_the_replicas_of_what_runs(tmp_path: Path) -> None:
    assert codes(loaded(tmp_path, TEXT)) == []
    applied = TEXT.replace('    resourceVersion: "88310277"\n', "")
    assert [code for code, _ in codes(loaded(tmp_path, applied))] == ["HL457"]
