"""What the API server refuses although the schemas allow it, of the fields that hitless reads.

Sources: pkg/apis/apps/validation/validation.go, pkg/apis/core/validation/validation.go, pkg/apis/policy/validation.
"""

from __future__ import annotations

import re

from verifier.language.diagnostics import Collector
from verifier.manifests.nodes import Node
from verifier.manifests.objects import WORKLOADS, Object
from verifier.manifests.pods import PROBES

_PERCENT = re.compile(r"(\d+)%\Z")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOK_HANDLERS = ("exec", "httpGet", "sleep", "tcpSocket")
_SERVICE_TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
_NOT_NEGATIVE = (("spec", "replicas"), ("spec", "minReadySeconds"), ("spec", "progressDeadlineSeconds"))


def refused(found: Object, report: Collector) -> bool:
    """Reports what the API server would refuse of this object; whether there is anything."""
    before = len(report.found)
    if found.kind in WORKLOADS:
        _workload(found, report)
    if found.kind in (*WORKLOADS, "Pod") and found.pod_spec is not None:
        _pod(found.pod_spec, report)
    if found.kind == "Service":
        _service(found, report)
    if (
        found.kind == "PodDisruptionBudget"
        and found.root.get("spec", "minAvailable")
        and found.root.get("spec", "maxUnavailable")
    ):
        place = found.root.at("spec", "maxUnavailable")
        report.add("HL433", place, "minAvailable and maxUnavailable exclude each other", fix="remove one")
    return len(report.found) > before


def amount(node: Node | None) -> tuple[int, bool] | None:
    """A number or percentage: (number, is it a percentage); None if it is neither."""
    if node is None:
        return None
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.value, False
    match = _PERCENT.match(node.value) if isinstance(node.value, str) else None
    return (int(match[1][:9]), True) if match else None


def _workload(found: Object, report: Collector) -> None:
    root = found.root
    for path in _NOT_NEGATIVE:
        number = root.number(*path)
        if number is not None and number < 0:
            report.add("HL433", root.at(*path), f"{path[-1]} is negative", fix=f"write `{path[-1]}: 0`")
    selected = root.texts("spec", "selector", "matchLabels")
    labels = found.pod_labels
    missing = [key for key, value in sorted(selected.items()) if labels.get(key) != value]
    if missing:
        report.add(
            "HL433",
            root.at("spec", "selector", "matchLabels", missing[0]),
            f"the selector does not match the labels of the pod template: {missing[0]}",
            fix=f"add `{missing[0]}: {selected[missing[0]]}` to spec.template.metadata.labels",
        )
    if found.kind != "ReplicaSet":
        _strategy(found, report)


def _strategy(found: Object, report: Collector) -> None:
    field = "strategy" if found.kind == "Deployment" else "updateStrategy"
    kinds = ("RollingUpdate", "Recreate" if found.kind == "Deployment" else "OnDelete")
    kind = found.root.text("spec", field, "type")
    rolling = found.root.get("spec", field, "rollingUpdate")
    if kind and kind not in kinds:
        place = found.root.at("spec", field, "type")
        report.add("HL433", place, f"{field}.type is {kinds[0]} or {kinds[1]}", fix=f"write `type: {kinds[0]}`")
    elif kind == kinds[1] and rolling is not None and rolling.entries():
        place = found.root.at("spec", field, "rollingUpdate")
        report.add("HL433", place, f"rollingUpdate may not be given with type {kind}", fix="remove it")
    if rolling is None:
        return
    partition = rolling.number("partition")
    if partition is not None and partition < 0:
        report.add("HL433", rolling.at("partition"), "partition is negative", fix="write `partition: 0`")
    values = {}
    for name in ("maxSurge", "maxUnavailable"):
        node = rolling.get(name)
        values[name] = amount(node)
        number = values[name]
        if node is not None and number is None:
            report.add(
                "HL433", rolling.at(name), f"{name} is a number of pods or a percentage", fix=f"write `{name}: 25%`"
            )
        elif number is not None and (number[0] < 0 or (number[1] and number[0] > 100 and name == "maxUnavailable")):
            report.add("HL433", rolling.at(name), f"{name} is out of range", fix=f"write `{name}: 25%`")
    surge, unavailable = values["maxSurge"], values["maxUnavailable"]
    per_node = found.kind == "DaemonSet"
    default_surge = 25 if found.kind == "Deployment" else 0
    if per_node and surge is not None and surge[0] > 0 and (unavailable is None or unavailable[0] > 0):
        text = "of a DaemonSet's maxSurge and maxUnavailable (1 if not given) one is 0"
        report.add("HL433", rolling.at("maxSurge"), text, fix="write `maxUnavailable: 0`")
    if unavailable is not None and unavailable[0] == 0 and (surge[0] if surge else default_surge) == 0:
        report.add(
            "HL434",
            rolling.at("maxUnavailable"),
            "maxSurge and maxUnavailable are both 0: the rollout could not take a step",
            fix="write `maxSurge: 1`",
        )


def _pod(spec: Node, report: Collector) -> None:
    grace = spec.number("terminationGracePeriodSeconds")
    if grace is not None and grace < 0:
        place = spec.at("terminationGracePeriodSeconds")
        report.add("HL433", place, "terminationGracePeriodSeconds is negative", fix="write `30`")
    for container in (*spec.each("containers"), *spec.each("initContainers")):
        for name in PROBES:
            probe = container.get(name)
            if probe is not None and probe.entries():
                _probe(probe, name, report)
        for name in ("preStop", "postStart"):
            hook = container.get("lifecycle", name)
            if hook is not None:
                _hook(hook, name, report)


def _probe(probe: Node, name: str, report: Collector) -> None:
    given = [how for how in _HANDLERS if probe.get(how) is not None]
    if len(given) != 1:
        what = "nothing to ask" if not given else f"both {given[0]} and {given[1]}"
        report.add("HL433", probe.head, f"this {name} has {what}", fix=f"give one of: {', '.join(_HANDLERS)}")
    for field in ("periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold", "initialDelaySeconds"):
        number = probe.number(field)
        if number is not None and number < 0:
            report.add("HL433", probe.at(field), f"{field} is negative", fix=f"write `{field}: 1`")
    success = probe.number("successThreshold")
    if name != "readinessProbe" and success is not None and success > 1:
        report.add("HL433", probe.at("successThreshold"), f"successThreshold of a {name} is 1", fix="remove it")


def _hook(hook: Node, name: str, report: Collector) -> None:
    given = [how for how in _HOOK_HANDLERS if hook.get(how) is not None]
    if "tcpSocket" in given:
        report.add(
            "HL435",
            hook.at("tcpSocket"),
            f"a {name} hook cannot be a tcpSocket",
            why="the field is kept for old clients; nothing of it works: the hook fails, and SIGTERM comes at once",
            fix="write `sleep: {seconds: 15}`",
        )
    elif len(given) != 1:
        what = "says nothing to do" if not given else f"says both {given[0]} and {given[1]}"
        report.add("HL433", hook.head, f"this {name} hook {what}", fix="give one of: exec, httpGet, sleep")
    seconds = hook.number("sleep", "seconds")
    if seconds is not None and seconds < 0:
        report.add("HL433", hook.at("sleep", "seconds"), "sleep.seconds is negative", fix="write `seconds: 15`")


def _service(found: Object, report: Collector) -> None:
    root = found.root
    kind = root.text("spec", "type")
    if kind and kind not in _SERVICE_TYPES:
        report.add("HL433", root.at("spec", "type"), f"a Service's type is one of: {', '.join(_SERVICE_TYPES)}")
    for field in ("externalTrafficPolicy", "internalTrafficPolicy"):
        policy = root.text("spec", field)
        if policy and policy not in ("Cluster", "Local"):
            report.add("HL433", root.at("spec", field), f"{field} is Cluster or Local", fix=f"write `{field}: Cluster`")
    outside = kind in ("NodePort", "LoadBalancer") or root.get("spec", "externalIPs") is not None
    if root.text("spec", "externalTrafficPolicy") and not outside:
        place = root.at("spec", "externalTrafficPolicy")
        message = "externalTrafficPolicy may only be given for type NodePort or LoadBalancer"
        report.add("HL433", place, message, fix="remove it, or add `type: LoadBalancer`")
