"""Drains, scale-downs, images that never start and nodes that join: what is asked of the models, and what comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.manifests.texts import BUDGET, WEB, changed, loaded
from verifier import cli
from verifier.fleet import run as fleet
from verifier.language.assemble import scenario_text
from verifier.manifests.cases import Path as Way
from verifier.manifests.load import Manifests

ONE = ("  replicas: 2\n", "  replicas: 1\n")
NO_HOOK = ("        lifecycle:\n          preStop:\n            sleep:\n              seconds: 20\n", "")
BOTH = f"{WEB}---\n{BUDGET}"
APART = (
    "      terminationGracePeriodSeconds: 60\n",
    "      terminationGracePeriodSeconds: 60\n      affinity: {podAntiAffinity: "
    "{requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname}]}}\n",
)
AUTOSCALER = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  minReplicas: 3
  maxReplicas: 8
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
"""


def way(folder: Path, text: str, event: str, **ask: str) -> Way:
    [case] = loaded(folder, text, events=(event,), **ask).cases  # type: ignore[arg-type]
    [found] = case.paths
    assert found.event == event
    return found


def what_if(folder: Path, text: str, event: str) -> str:
    found = way(folder, text, event)
    assert found.scenario is not None, found.why_not
    lines = scenario_text(found.scenario.items).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("what_if "))
    end = next(i for i in range(start, len(lines)) if lines[i] == "}")
    return " ".join(line.strip() for line in lines[start + 1 : end])


# -- what is asked -----------------------------------------------------------------------------------------------------

MOST = "maxUnavailable: 1"


@pytest.mark.parametrize(
    ("budget", "healthy"),
    [
        ("maxUnavailable: 1", 3),
        ("maxUnavailable: 0", 4),
        ("maxUnavailable: 30%", 2),  # 1.2 of 4, rounded up: 2 may be away
        ("minAvailable: 2", 2),
        ("minAvailable: 60%", 3),  # 2.4 of 4, rounded up
        ("minAvailable: 0", None),
    ],
)
def test_a_budget_is_counted_as_the_controller_does(budget: str, healthy: int | None, tmp_path: Path) -> None:
    four = changed(BOTH, ("  replicas: 2\n", "  replicas: 4\n"), (f"{MOST}\n  selector", f"{budget}\n  selector"))
    wanted = "event = drain" if healthy is None else f"event = drain budget {{ healthy = {healthy} }}"
    assert what_if(tmp_path, four, "drain") == wanted


def test_budgets_select_by_expressions_too(tmp_path: Path) -> None:
    rule = "    matchExpressions: [{key: app, operator: %s, values: [web]}]\n"
    budget = changed(BUDGET, ("    matchLabels:\n      app: web\n", rule % "In"))
    assert "budget" in what_if(tmp_path, f"{WEB}---\n{budget}", "drain")
    other = changed(BUDGET, ("    matchLabels:\n      app: web\n", rule % "NotIn"))
    assert "budget" not in what_if(tmp_path, f"{WEB}---\n{other}", "drain")


def test_scale_down_goes_to_what_an_autoscaler_may_ask_for(tmp_path: Path) -> None:
    text = f"{WEB}---\n{AUTOSCALER}"
    assert what_if(tmp_path, text, "scale-down") == "event = scale_down down_to = 3"
    found = way(tmp_path, text, "scale-down").scenario
    assert found is not None
    assert "replicas = 8" in scenario_text(found.items)
    assert what_if(tmp_path, WEB, "scale-down") == "event = scale_down down_to = 1"


DAEMON_SET = changed(
    WEB,
    ("kind: Deployment", "kind: DaemonSet"),
    (
        "  strategy:\n    rollingUpdate:\n      maxSurge: 1\n",
        "  updateStrategy:\n    rollingUpdate:\n      maxSurge: 1\n",
    ),
    ("  replicas: 2\n", ""),
)
TWO_BUDGETS = f"{BOTH}---\n{changed(BUDGET, ('  name: web', '  name: other'))}"
LOCAL = changed(
    WEB,
    (
        "spec:\n  selector:\n    app",
        "spec:\n  type: LoadBalancer\n  externalTrafficPolicy: Local\n  selector:\n    app",
    ),
)


@pytest.mark.parametrize(
    ("text", "event", "why"),
    [
        (DAEMON_SET, "node-join", "gets a pod of it"),
        (DAEMON_SET, "drain", "leaves its pods"),
        (DAEMON_SET, "scale-down", "no number of replicas"),
        (changed(WEB, ONE), "scale-down", "fewer would be none"),
        (TWO_BUDGETS, "drain", "2 budgets select its pods"),
    ],
)
def test_what_cannot_be_verified_says_why(text: str, event: str, why: str, tmp_path: Path) -> None:
    found = way(tmp_path, text, event)
    assert found.scenario is None
    assert why in found.why_not


def test_events_about_what_runs_take_no_older_state(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(WEB, "utf-8")
    assert "without --from" in way(tmp_path, WEB, "drain", old=str(tmp_path / "old.yaml")).why_not
    assert way(tmp_path, WEB, "bad-image", old=str(tmp_path / "old.yaml")).scenario is not None


def test_a_drain_with_policy_local_needs_places(tmp_path: Path) -> None:
    [case] = loaded(tmp_path, LOCAL, events=("drain",), on="ack-clb").cases  # type: ignore[arg-type]
    reasons = {path.name: path.why_not for path in case.paths}
    assert reasons["ClusterIP"] == ""
    assert "where the pods are" in reasons["LoadBalancer (ack-clb)"]


def dump(*nodes: str) -> str:
    pods = [
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: web-{i}, labels: {{app: web}}, "
        f"ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: u, controller: true}}]}}\n"
        f"spec: {{nodeName: {node}, containers: [{{name: web, image: web}}]}}\n"
        for i, node in enumerate(nodes)
    ]
    return "---\n".join([changed(WEB, ("  replicas: 2\n", f"  replicas: {len(nodes)}\n")), *pods])


@pytest.mark.parametrize(
    ("text", "spread"),
    [
        (WEB, "running_on = 1"),
        (changed(WEB, APART), ""),
        (dump("a", "b", "c", "d"), "running_on = 3"),  # of three nodes, which is what there is without Node objects
        (dump("a", "a", "b"), "running_on = 2"),
        (dump("a", "a", "a", "b"), "running_on = 1"),  # even over two would be two on a node, and there are three
    ],
)
def test_where_pods_are_before_a_drain(text: str, spread: str, tmp_path: Path) -> None:
    found = way(tmp_path, text, "drain").scenario
    assert found is not None
    written = scenario_text(found.items)
    assert spread in written if spread else "running_on" not in written


# -- a node that joins -------------------------------------------------------------------------------------------------

CLUSTER = changed(LOCAL, ("  externalTrafficPolicy: Local\n", ""))


def noted(text: str, annotation: str) -> str:
    return changed(text, ("kind: Service\nmetadata:\n", f"kind: Service\nmetadata:\n  annotations: {{{annotation}}}\n"))


@pytest.mark.parametrize(
    ("text", "on", "why"),
    [
        (CLUSTER, "k3s", "k3s says nothing of how its balancer takes in a node"),
        (changed(CLUSTER, ("type: LoadBalancer", "type: NodePort")), "kube-proxy", "clients of a NodePort"),
        (
            noted(CLUSTER, 'service.beta.kubernetes.io/aws-load-balancer-healthcheck-port: "10256"'),
            "eks-classic",
            "healthcheck-port: what answers on that port",
        ),
        (
            noted(CLUSTER, "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-health-check-switch: 'off'"),
            "ack-clb",
            "turns the health check off",
        ),
        (
            noted(CLUSTER, "service.beta.kubernetes.io/port_80_no_probe_rule: 'true'"),
            "aks-slb",
            "no_probe_rule",
        ),
    ],
)
def test_what_is_not_known_of_a_new_node_is_named(text: str, on: str, why: str, tmp_path: Path) -> None:
    [case] = loaded(tmp_path, text, events=("node-join",), on=on).cases  # type: ignore[arg-type]
    inside, outside = case.paths
    assert inside.scenario is not None
    assert outside.scenario is None
    assert why in outside.why_not


def test_a_port_of_the_check_that_gets_the_requests_is_none_of_its_own(tmp_path: Path) -> None:
    text = noted(CLUSTER, "service.beta.kubernetes.io/aws-load-balancer-healthcheck-port: traffic-port")
    [case] = loaded(tmp_path, text, events=("node-join",), on="eks-classic").cases  # type: ignore[arg-type]
    assert [path.why_not for path in case.paths] == ["", ""]


def test_where_pods_are_and_what_they_do_is_not_asked(tmp_path: Path) -> None:
    """Another hook, replicas and a sidecar: the same question, so that a fleet asks it once."""
    one = way(tmp_path, WEB, "node-join")
    other = way(
        tmp_path, changed(WEB, NO_HOOK, ONE, ("      - name: web\n", f"{SIDECAR}      - name: web\n")), "node-join"
    )
    assert one.scenario is not None
    assert other.scenario is not None
    assert scenario_text(one.scenario.items) == scenario_text(other.scenario.items)
    assert other.unless == ()


SIDECAR = "      - {name: shipper, image: logs}\n"


# -- verdicts ----------------------------------------------------------------------------------------------------------


def verified(folder: Path, text: str, *events: str) -> list[dict[str, Any]]:
    (folder / "web.yaml").write_text(text, "utf-8")
    asked = [word for event in events for word in ("--what-if", event)]
    found = CliRunner().invoke(cli.main, ["verify", str(folder / "web.yaml"), "--format", "json", *asked])
    [service] = json.loads(found.stdout)["services"]
    paths: list[dict[str, Any]] = service["paths"]
    return paths


ALL_AWAY = ("      maxUnavailable: 0\n", "      maxUnavailable: 100%\n")


@pytest.mark.parametrize(
    ("text", "event", "verdict"),
    [
        (WEB, "bad-image", "SAFE"),
        (changed(WEB, ALL_AWAY), "bad-image", "UNSAFE"),
        (changed(WEB, NO_HOOK), "bad-image", "SAFE"),  # none of the old ones goes
        (WEB, "scale-down", "SAFE"),
        (changed(WEB, NO_HOOK), "scale-down", "UNSAFE"),
        (
            changed(BOTH, ONE, (f"{MOST}\n  selector", "minAvailable: 1\n  selector")),
            "drain",
            "SAFE",
        ),  # the eviction waits for ever
        (BOTH, "drain", "SAFE"),
        (changed(BOTH, NO_HOOK), "drain", "UNSAFE"),
        (changed(BOTH, (f"{MOST}\n  selector", "maxUnavailable: 2\n  selector")), "drain", "UNSAFE"),
        (changed(WEB, APART), "drain", "SAFE"),
    ],
)
def test_verdicts(text: str, event: str, verdict: str, tmp_path: Path) -> None:
    [found] = verified(tmp_path, text, event)
    assert (found["event"], found["verdict"]) == (event, verdict)


def test_an_eviction_does_not_wait_for_the_replacement(tmp_path: Path) -> None:
    """One replica, surge 1: a rollout keeps a pod at every moment, a drain does not (kubernetes#90977)."""
    rollout, drain = verified(tmp_path, changed(WEB, ONE), "rollout", "drain")
    assert (rollout["verdict"], drain["verdict"]) == ("SAFE", "UNSAFE")
    assert drain["fix"]["write"].startswith("replicas: 2, and a PodDisruptionBudget")


def test_columns_of_events(tmp_path: Path) -> None:
    two = f"{WEB}---\n" + WEB.replace("  name: web\nspec", "  name: api\nspec").replace("app: web", "app: api")
    (tmp_path / "web.yaml").write_text(two, "utf-8")
    found = CliRunner().invoke(
        cli.main, ["verify", str(tmp_path / "web.yaml"), "--what-if", "scale-down", "--what-if", "node-join"]
    )
    lines = [line.split("  ") for line in found.stdout.splitlines()]
    head = next(i for i, line in enumerate(found.stdout.splitlines()) if "scale-down" in line)
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines[head : head + 3]]
    assert cells == [
        ["scale-down", "node-join"],
        ["default/api", "ClusterIP", "SAFE", "DEPENDS"],
        ["default/web", "ClusterIP", "SAFE", "DEPENDS"],
    ]


JOINS = {  # (policy Cluster, policy Local)
    "ack-clb": ("SAFE", "SAFE"),
    "aks-slb": ("SAFE", "SAFE"),
    "eks-classic": ("SAFE", "SAFE"),
    "eks-nlb-ip": ("SAFE", "SAFE"),
    "eks-nlb-instance": ("DEPENDS", "UNSAFE"),  # cloud-provider-aws#87: requests at nodes that never pass a check
    "gke-l4": ("DEPENDS", "SAFE"),  # its check asks kube-proxy, which is healthy before it has rules
    "metallb-bgp": ("UNSAFE", "SAFE"),  # no health check
    "metallb-l2": ("UNSAFE", "SAFE"),
}


@pytest.mark.parametrize("on", JOINS)
@pytest.mark.parametrize("policy", [0, 1])
def test_what_a_new_node_gets_before_it_has_rules(on: str, policy: int, tmp_path: Path) -> None:
    report = verdicts_of(loaded(tmp_path, (CLUSTER, LOCAL)[policy], events=("node-join",), on=on))  # type: ignore[arg-type]
    assert report == ["DEPENDS", JOINS[on][policy]]


def verdicts_of(manifests: Manifests) -> list[str]:
    report = fleet.verified(manifests, fleet.Limits(60.0), lambda *_: None)
    return [path.verdict.value for case in report.cases for path in case.paths]


def test_an_open_port_is_no_rule_before_1_25(tmp_path: Path) -> None:
    """kube-proxy held the ports of Services open, from before it had their rules (kubernetes#108496)."""
    for version, verdict in (("1.24", "DEPENDS"), ("1.25", "SAFE")):
        text = changed(CLUSTER, NO_HOOK)
        found = loaded(tmp_path, text, events=("node-join",), on="ack-clb", version_given=version)  # type: ignore[arg-type]
        assert verdicts_of(found)[1] == verdict


WAITS = {"application": "SAFE", "traffic_port": "SAFE", "kube_proxy": "UNSAFE", "nothing": "UNSAFE"}


@pytest.mark.parametrize("word", WAITS)
def test_what_a_balancer_waits_for_decides(word: str, tmp_path: Path) -> None:
    (tmp_path / "hitless.toml").write_text(
        f'[cluster]\n"new_backend.waits_for" = "{word}"\n"new_backend.registered_within" = "0s..1m"\n'
        '"new_node.first_rules_within" = "0s..30s"\n"new_node.answers_before" = "5s"\n',
        "utf-8",
    )
    found = loaded(tmp_path, CLUSTER, events=("node-join",), on="ack-clb")  # type: ignore[arg-type]
    assert verdicts_of(found)[1] == WAITS[word]


def test_what_decides_is_one_inequality(tmp_path: Path) -> None:
    [found] = verified(tmp_path, WEB, "node-join")
    assert found["verdict"] == "DEPENDS"
    [check] = found["checks"]
    assert check["safe_if"] == ["new_node.first_rules_within <= 4.9s (assumed up to 2m)"]
