"""What cannot be verified is named, and what tells the platform is found."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.manifests.texts import DEPLOYMENT, SERVICE, WEB, changed, codes, loaded
from verifier.language.assemble import assembled
from verifier.manifests.load import Manifests
from verifier.manifests.platforms import MODELLED, frameworks, names, profile

BALANCER = changed(SERVICE, ("spec:\n", "spec:\n  type: LoadBalancer\n"))
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: alb
  defaultBackend: {service: {name: web, port: {number: 80}}}
"""


def ways(manifests: Manifests) -> dict[str, str]:
    return {path.name: path.why_not for case in manifests.cases for path in case.paths}


STRATEGY = "  strategy:\n    rollingUpdate:\n      maxSurge: 1\n      maxUnavailable: 0\n"


def in_spec(line: str) -> tuple[str, str]:
    """A line more in the spec of the Service."""
    return ("spec:\n  selector:\n    app", f"spec:\n  {line}\n  selector:\n    app")


NOT_VERIFIED = {
    "DaemonSet": (
        [
            ("kind: Deployment", "kind: DaemonSet"),
            (STRATEGY, "  updateStrategy: {type: OnDelete}\n"),
            ("  replicas: 2\n", ""),
        ],
        "nothing rolls out",
    ),
    "Rollout": ([("apps/v1", "argoproj.io/v1alpha1"), ("kind: Deployment", "kind: Rollout")], "a Rollout.argoproj.io"),
    "not ready": ([in_spec("publishNotReadyAddresses: true")], "publishNotReady"),
    "iTP": ([in_spec("internalTrafficPolicy: Local")], "internalTrafficPolicy"),
    "UDP": ([("  - port: 80\n", "  - port: 80\n    protocol: UDP\n")], "UDP"),
    "mesh": (
        [("      - name: web\n", "      - {name: istio-proxy, image: p}\n      - name: web\n")],
        "sidecar (istio-proxy)",
    ),
    "injected": (
        [("        app: web\n    spec", '        app: web\n        sidecar.istio.io/inject: "true"\n    spec')],
        "sidecar",
    ),
    "0": ([("replicas: 2", "replicas: 0")], "0 replicas"),
}


@pytest.mark.parametrize("name", NOT_VERIFIED)
def test_what_is_not_modelled_is_named(name: str, tmp_path: Path) -> None:
    changes, why = NOT_VERIFIED[name]
    found = ways(loaded(tmp_path, changed(WEB, *changes)))
    assert len(found) == 1
    assert all(why in reason for reason in found.values()), found


def test_a_service_without_a_workload_is_not_verified(tmp_path: Path) -> None:
    assert list(ways(loaded(tmp_path, SERVICE)).values()) == [
        "no workload in these files has the labels that it selects"
    ]
    assert loaded(tmp_path, DEPLOYMENT).without_service == ("Deployment default/web",)


@pytest.mark.parametrize(
    ("note", "name"),
    [
        ("service.beta.kubernetes.io/aws-load-balancer-type: nlb", "eks-nlb-instance"),
        ("service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: ip", "eks-nlb-ip"),
        ("service.beta.kubernetes.io/aws-load-balancer-ssl-cert: x", "eks-classic"),
        ("networking.gke.io/load-balancer-type: Internal", "gke-l4"),
        ('service.beta.kubernetes.io/azure-load-balancer-internal: "true"', "aks-slb"),
        ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-spec: slb.s1.small", "ack-clb"),
        ("service.beta.kubernetes.io/backend-type: eni", "ack-clb-eni"),
        ("metallb.io/address-pool: x", "metallb-l2"),
    ],
)
def test_annotations_tell_the_platform(note: str, name: str, tmp_path: Path) -> None:
    service = changed(BALANCER, ("  name: web", f"  name: web\n  annotations:\n    {note}"))
    found = ways(loaded(tmp_path, f"{DEPLOYMENT}---\n{service}"))
    assert list(found) == ["ClusterIP", f"LoadBalancer ({name})"]


def test_nodes_and_classes_tell_the_platform(tmp_path: Path) -> None:
    node = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nspec: {providerID: 'azure:///x'}\n"
    node += "status: {nodeInfo: {kubeletVersion: v1.29.3}}\n"
    found = loaded(tmp_path, f"{DEPLOYMENT}---\n{BALANCER}---\n{node}")
    assert list(ways(found)) == ["ClusterIP", "LoadBalancer (aks-slb)"]
    assert found.version == "v1.29"
    found = loaded(tmp_path, f"{WEB}---\n{INGRESS}")
    assert list(ways(found)) == ["ClusterIP", "Ingress web (eks-alb-instance)"]
    unknown = loaded(tmp_path, f"{DEPLOYMENT}---\n{BALANCER}")
    assert "--on PROFILE" in ways(unknown)["LoadBalancer"]


def test_no_proof_rests_on_kube_proxy_where_there_is_none(tmp_path: Path) -> None:
    assert "instead of kube-proxy" in ways(loaded(tmp_path, WEB, on="cilium"))["ClusterIP"]


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("policy", ["Cluster", "Local"])
def test_every_profile_makes_a_scenario_or_says_why_not(name: str, policy: str, tmp_path: Path) -> None:
    service = changed(BALANCER, ("spec:\n", f"spec:\n  externalTrafficPolicy: {policy}\n"))
    found = loaded(tmp_path, f"{DEPLOYMENT}---\n{service}---\n{INGRESS}", on=name)
    assert codes(found) == []
    for case in found.cases:
        for path in case.paths:
            if path.scenario is None:
                assert path.why_not
                continue
            assert not assembled(path.scenario, path.modules, "web.yaml")[1]
            if path.repair is not None:
                assert not assembled(path.repair.scenario, path.modules, "web.yaml")[1]


@pytest.mark.parametrize("name", names())
def test_every_number_of_a_profile_has_a_source(name: str) -> None:
    found = profile(name)
    assert found.title
    assert found.facts["proxy"]
    for bound in found.bounds():
        assert bound.because or bound.assumed or ".health_check." in bound.setting or "initial_health" in bound.setting
        assert bound.place.startswith("models/profiles/")
    assert all(
        found.way(policy) is None or found.missing(policy) or found.way(policy) in MODELLED
        for policy in ("cluster", "local", "ingress")
    )


def test_the_platforms_and_frameworks_that_were_asked_for() -> None:
    assert {"kube-proxy", "ingress-nginx", "ack-clb", "ack-clb-eni", "eks-nlb-instance", "eks-nlb-ip"} <= set(names())
    assert {"eks-alb-ip", "eks-alb-ip-gate", "eks-classic", "gke-l4", "gke-neg", "aks-slb"} <= set(names())
    assert {"metallb-l2", "metallb-bgp", "k3s", "openshift-router", "cilium"} <= set(names())
    assert frameworks() == ("envoy", "go-http", "gunicorn", "nginx", "node", "shell-pid1", "spring-boot")


def test_what_is_new_is_not_verified(tmp_path: Path) -> None:
    old = tmp_path / "old.yaml"
    old.write_text(SERVICE, "utf-8")
    assert "it is new" in ways(loaded(tmp_path, WEB, old=str(old)))["ClusterIP"]


def test_pods_of_a_dump_carry_the_old_template(tmp_path: Path) -> None:
    spec = textwrap.dedent(DEPLOYMENT.partition("    spec:\n")[2].replace("seconds: 20", "seconds: 3"))
    pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web-1\n  labels: {app: web}\n  ownerReferences:\n"
    pod += "  - {apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: x, controller: true}\nspec:\n  nodeName: n1\n"
    pod += textwrap.indent(spec, "  ")
    old = tmp_path / "dump.yaml"
    old.write_text(f"{SERVICE}---\n{pod}", "utf-8")
    found = loaded(tmp_path, WEB, old=str(old))
    assert codes(found) == []
    [path] = found.cases[0].paths
    assert path.scenario is not None
    [made], _ = assembled(path.scenario, path.modules, "web.yaml")
    assert made.values["deployment.pre_stop", "old"].text == "sleep(3s)"
