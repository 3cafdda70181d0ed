"""What annotations say of health checks and draining takes the place of a profile's defaults, or is not verified."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests.test_cases import BALANCER, INGRESS
from tests.manifests.texts import DEPLOYMENT, SERVICE, changed, loaded
from verifier.language.assemble import scenario_text
from verifier.manifests.cases import Path as Way


def balancer(folder: Path, on: str, *notes: str) -> Way:
    text = changed(BALANCER, ("  name: web\n", f"  name: web\n  annotations: {{{', '.join(notes)}}}\n"))
    [case] = loaded(folder, f"{DEPLOYMENT}---\n{text}", on=on).cases
    return next(path for path in case.paths if path.name.startswith("LoadBalancer"))


AWS, ALIBABA = "service.beta.kubernetes.io/aws-load-balancer", "service.beta.kubernetes.io/alibaba-cloud-loadbalancer"


@pytest.mark.parametrize(
    ("on", "note", "setting"),
    [
        ("eks-nlb-ip", f'{AWS}-healthcheck-interval: "5"', "interval = 5s"),
        ("eks-nlb-ip", f'{AWS}-healthcheck-timeout: "4"', "timeout = 4s"),
        ("eks-nlb-ip", f'{AWS}-healthcheck-healthy-threshold: "2"', "healthy = 2"),
        ("eks-nlb-ip", f'{AWS}-healthcheck-unhealthy-threshold: "5"', "unhealthy = 5"),
        (
            "eks-nlb-ip",
            f'{AWS}-target-group-attributes: "x=1,deregistration_delay.timeout_seconds=17"',
            "drain = lasts(17s)",
        ),
        ("ack-clb-eni", f'{ALIBABA}-health-check-interval: "7"', "interval = 7s"),
        ("ack-clb-eni", f'{ALIBABA}-unhealthy-threshold: "9"', "unhealthy = 9"),
        (
            "ack-clb-eni",
            f'{ALIBABA}-connection-drain: "on", {ALIBABA}-connection-drain-timeout: "30"',
            "drain = lasts(30s)",
        ),
        ("ack-clb-eni", f'{ALIBABA}-connection-drain: "off"', "drain = off"),
    ],
)
def test_what_annotations_say(on: str, note: str, setting: str, tmp_path: Path) -> None:
    plain, told = balancer(tmp_path, on, "a: b"), balancer(tmp_path, on, note)
    assert plain.scenario is not None
    assert told.scenario is not None
    before, after = (scenario_text(each.scenario.items) for each in (plain, told) if each.scenario is not None)
    assert setting in after
    assert len(before.splitlines()) == len(after.splitlines())
    assert [line for line in after.splitlines() if setting in line and "annotation" in line]
    assert told.places[f"load_balancer.{'drain' if 'drain' in setting else 'health_check.' + setting.split()[0]}"].line


@pytest.mark.parametrize(
    ("on", "note", "why"),
    [
        ("eks-nlb-ip", f"{AWS}-healthcheck-interval: soon", "is no number"),
        ("eks-nlb-ip", f"{AWS}-target-group-attributes: deregistration_delay.timeout_seconds=soon", "is no number"),
        ("ack-clb-eni", f'{ALIBABA}-connection-drain: "on"', "is missing"),
        ("ack-clb-eni", f'{ALIBABA}-health-check-switch: "off"', "turns the health check off"),
    ],
)
def test_what_cannot_be_read_is_not_verified(on: str, note: str, why: str, tmp_path: Path) -> None:
    assert why in balancer(tmp_path, on, note).why_not


def test_a_balancer_of_nodes_does_not_care(tmp_path: Path) -> None:
    found = balancer(tmp_path, "eks-nlb-instance", f"{AWS}-healthcheck-interval: soon")
    assert found.scenario is not None
    assert "load_balancer" not in scenario_text(found.scenario.items)


def by_check(folder: Path, on: str, *notes: str, port: int | None = None) -> Way:
    """The way by a balancer to a Service with policy Local."""
    spec = "spec:\n  externalTrafficPolicy: Local\n" + (f"  healthCheckNodePort: {port}\n" if port else "")
    given = f"  name: web\n  annotations: {{{', '.join(notes)}}}\n"
    text = changed(BALANCER, ("  name: web\n", given), ("spec:\n", spec))
    [case] = loaded(folder, f"{DEPLOYMENT}---\n{text}", on=on).cases
    return next(path for path in case.paths if path.name.startswith("LoadBalancer"))


@pytest.mark.parametrize("on", ["eks-nlb-instance", "eks-classic", "gke-l4", "aks-slb"])
def test_nodes_are_told_apart_by_their_check_for_ready_pods(on: str, tmp_path: Path) -> None:
    found = by_check(tmp_path, on)
    assert found.scenario is not None
    written = scenario_text(found.scenario.items)
    for each in ("registers = all_nodes", "asks_for = ready_pods", "external_traffic_policy = Local"):
        assert each in written


def test_a_check_of_nodes_that_asks_another_port(tmp_path: Path) -> None:
    port = f"{AWS}-healthcheck-port"
    traffic = by_check(tmp_path, "eks-nlb-instance", f"{port}: traffic-port")
    assert traffic.scenario is not None
    assert "asks_for = traffic_port" in scenario_text(traffic.scenario.items)
    own = by_check(tmp_path, "eks-nlb-instance", f'{port}: "30999"', port=30999)
    assert own.scenario is not None
    assert "asks_for = ready_pods" in scenario_text(own.scenario.items)
    assert "not known" in by_check(tmp_path, "eks-nlb-instance", f'{port}: "30999"', port=30998).why_not


def test_draining_is_not_of_nodes_that_turn_unhealthy(tmp_path: Path) -> None:
    note = f'{AWS}-target-group-attributes: "deregistration_delay.timeout_seconds=17"'
    found = by_check(tmp_path, "eks-nlb-instance", note)
    assert found.scenario is not None
    assert "drain = off" in scenario_text(found.scenario.items)


@pytest.mark.parametrize(
    ("on", "said", "unsaid"),
    [
        ("metallb-bgp", "counted_pods = serving", "takes_effect"),
        ("metallb-l2", "counted_pods = serving", "takes_effect"),
        ("k3s", "takes_effect = in_rules", "counted_pods"),
    ],
)
def test_nodes_with_pods_without_a_health_check(on: str, said: str, unsaid: str, tmp_path: Path) -> None:
    found = by_check(tmp_path, on)
    assert found.scenario is not None
    written = scenario_text(found.scenario.items)
    assert said in written
    assert "external_traffic_policy = Local" in written
    for other in (unsaid, "health_check", "all_nodes"):
        assert other not in written


NODE = "apiVersion: v1\nkind: Node\nmetadata:\n  name: {}\n  labels: {{zone: {}}}\n"
POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {0}\n  labels: {{app: web}}\n"
    "  ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: x, controller: true}}]\n"
    "spec:\n  nodeName: {1}\n  containers:\n  - name: web\n    image: nginx\n"
)


@pytest.mark.parametrize(
    ("nodes", "pods", "said"),
    [
        ("eeo", "0", "backend_label { nodes = 2"),
        ("eeo", "01", "backend_label { nodes = 2"),
        ("eoo", "01", "backend_label { nodes = 1"),
        ("eeo", "02", "others elsewhere"),
        ("ooo", "0", "no node has this label"),
        ("eeo", "", "give a dump"),
    ],
)
def test_the_label_that_makes_nodes_backends(nodes: str, pods: str, said: str, tmp_path: Path) -> None:
    """`nodes`: whether each has the label; `pods`: the nodes of those that run now."""
    spec = "spec:\n  externalTrafficPolicy: Local\n"
    note = f'  name: web\n  annotations: {{{ALIBABA}-backend-label: "zone=e"}}\n'
    text = changed(BALANCER, ("  name: web\n", note), ("spec:\n", spec))
    objects = [DEPLOYMENT, text, *(NODE.format(f"node-{i}", zone) for i, zone in enumerate(nodes))]
    objects += [POD.format(f"web-{i}", f"node-{i}") for i in pods]
    [case] = loaded(tmp_path, "---\n".join(objects), on="ack-clb").cases
    path = next(path for path in case.paths if path.name.startswith("LoadBalancer"))
    written = scenario_text(path.scenario.items) if path.scenario is not None else path.why_not
    assert said in " ".join(written.split())


def ingress(folder: Path, text: str, service: str = SERVICE) -> tuple[str, str, str]:
    [case] = loaded(folder, f"{DEPLOYMENT}---\n{service}---\n{text}").cases
    path = case.paths[-1]
    return path.name, path.why_not, scenario_text(path.scenario.items) if path.scenario is not None else ""


NODE_PORT = changed(SERVICE, ("spec:\n", "spec:\n  type: NodePort\n"))
BY_POD = changed(
    INGRESS, ("{name: web}\nspec", "{name: web, annotations: {alb.ingress.kubernetes.io/target-type: ip}}\nspec")
)


def test_an_alb_sends_to_nodes_unless_it_is_told_to_send_to_pods(tmp_path: Path) -> None:
    name, _, text = ingress(tmp_path, INGRESS, NODE_PORT)
    assert name == "Ingress web (eks-alb-instance)"
    assert "load_balancer" not in text
    name, _, text = ingress(tmp_path, BY_POD, NODE_PORT)
    assert name == "Ingress web (eks-alb-ip)"
    assert "backends = pods" in text
    local = changed(NODE_PORT, ("NodePort\n", "NodePort\n  externalTrafficPolicy: Local\n"))
    assert "policy Local" in ingress(tmp_path, INGRESS, local)[1]


def test_an_ingress_controller_has_a_list_of_pods(tmp_path: Path) -> None:
    name, _, text = ingress(tmp_path, changed(INGRESS, ("ClassName: alb", "ClassName: nginx")))
    assert name == "Ingress web (ingress-nginx)"
    assert "backends = listed" in text
    assert "stops_sending_within = 0s..4500ms" in text
