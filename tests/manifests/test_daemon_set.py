"""A DaemonSet from manifests: its pods are as many as its nodes, and without surge a node's old pod goes first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests.test_cases import BALANCER, STRATEGY
from tests.manifests.texts import DEPLOYMENT, SERVICE, changed, codes, loaded
from verifier.analysis.verdict import Verdict
from verifier.fleet.run import Limits, verified
from verifier.language.assemble import assembled
from verifier.report.fleet import PathReport
from verifier.system.values import Reads, Values

NO_SURGE = changed(DEPLOYMENT, ("kind: Deployment", "kind: DaemonSet"), (STRATEGY, ""), ("  replicas: 2\n", ""))
POD = """\
---
apiVersion: v1
kind: Pod
metadata:
  name: web-{n}
  labels: {{app: web}}
  ownerReferences: [{{apiVersion: apps/v1, kind: DaemonSet, name: web, uid: "1", controller: true}}]
spec:
  nodeName: node-{n}
  containers: [{{name: web, image: example.org/web:1, ports: [{{name: http, containerPort: 8080}}]}}]
"""


def with_strategy(strategy: str) -> str:
    return changed(NO_SURGE, ("  selector:\n    match", f"  updateStrategy: {{{strategy}}}\n  selector:\n    match"))


def decided(folder: Path, text: str, **ask: str) -> tuple[tuple[PathReport, ...], tuple[str, ...]]:
    report = verified(loaded(folder, text, **ask), Limits(60.0), lambda *_: None)
    [case] = report.cases
    return case.paths, case.taken


@pytest.mark.slow
def test_without_surge_other_nodes_serve(tmp_path: Path) -> None:
    [found], taken = decided(tmp_path, f"{NO_SURGE}---\n{SERVICE}")
    assert (found.verdict, found.grade) == (Verdict.SAFE, "for this topology: 3 nodes, 3 replicas")
    assert "its pods are taken to be on 3 nodes (a dump with pods tells), on 1 no pod is left meanwhile" in taken


@pytest.mark.slow
def test_all_at_once_leaves_nobody(tmp_path: Path) -> None:
    text = with_strategy("rollingUpdate: {maxUnavailable: 3}")
    [found], taken = decided(tmp_path, f"{text}---\n{SERVICE}")
    assert found.verdict is Verdict.UNSAFE
    assert "no endpoint" in found.checks[0].violation.text  # type: ignore[union-attr]
    assert found.fix is not None
    assert "maxSurge: 1, maxUnavailable: 0" in found.fix.text
    assert any("on 3 or fewer no pod is left" in note for note in taken)


def test_a_port_of_the_node_cannot_be_had_twice(tmp_path: Path) -> None:
    """No surge is advised to a pod whose successor could not start beside it."""
    text = changed(
        with_strategy("rollingUpdate: {maxUnavailable: 100%}"),
        ("containerPort: 8080", "containerPort: 8080\n          hostPort: 80"),
    )
    [case] = loaded(tmp_path, f"{text}---\n{SERVICE}").cases
    assert case.paths[0].repair is None


@pytest.mark.parametrize("nodes", [1, 2])
def test_a_dump_tells_on_how_many_nodes_it_is(nodes: int, tmp_path: Path) -> None:
    pods = "".join(POD.format(n=n) for n in range(nodes))
    [case] = loaded(tmp_path, f"{NO_SURGE}---\n{SERVICE}{pods}").cases
    assert not [note for note in case.taken if "nodes" in note]
    path = case.paths[0]
    assert path.scenario is not None
    [program], _ = assembled(path.scenario, path.modules, "web.yaml")
    for size in ("cluster.nodes", "deployment.replicas"):
        given = next(given for (path_, _), given in program.values.items() if path_ == size)
        assert Values(program).evaluate(given.value, {}, Reads()) == nodes


@pytest.mark.parametrize("platform", ["ack-clb", "aks-slb"])
def test_policy_local_drops_at_a_node_whose_pod_is_gone(platform: str, tmp_path: Path) -> None:
    """Whether the balancer looks at pods itself or its health check counts them: surge keeps one on every node."""
    service = changed(BALANCER, ("  selector", "  externalTrafficPolicy: Local\n  selector"))
    text = changed(NO_SURGE, ("              seconds: 20\n", "              seconds: 1\n"))
    found = loaded(tmp_path, f"{text}---\n{service}", on=platform).cases[0].paths[1]
    assert found.repair is not None
    assert "maxSurge: 1" in found.repair.text


@pytest.mark.parametrize("rolling", ["maxSurge: 1", "maxSurge: 1, maxUnavailable: 1", "maxSurge: 10%"])
def test_the_api_takes_only_one_of_both(rolling: str, tmp_path: Path) -> None:
    assert ("HL433", 6) in codes(loaded(tmp_path, with_strategy(f"rollingUpdate: {{{rolling}}}")))


def test_surge_alone_is_taken(tmp_path: Path) -> None:
    text = with_strategy("rollingUpdate: {maxSurge: 1, maxUnavailable: 0}")
    assert codes(loaded(tmp_path, f"{text}---\n{SERVICE}")) == []
