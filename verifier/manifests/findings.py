"""What Kubernetes accepts and what defeats itself: warnings with codes, each from one object and its partners."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.language.diagnostics import Collector
from verifier.manifests.nodes import Node
from verifier.manifests.objects import WORKLOADS, Object, Objects
from verifier.manifests.pods import PROBES, Hook, Pod
from verifier.manifests.rules import amount
from verifier.manifests.selection import Selection, selects

PREFIX = "hitless.dev/"
GRACE_S = 30
_DEFAULTS = {"periodSeconds": 10, "failureThreshold": 3, "initialDelaySeconds": 0, "timeoutSeconds": 1}


def warn(objects: Objects, selection: Selection, report: Collector) -> None:
    """Everything that looks like a mistake, of every workload and of those behind a Service."""
    for workload in objects.of(*WORKLOADS):
        _template(workload, report)
        _rollout(workload, report)
    seen = set()
    for pair in selection.pairs:
        if pair.pod is None or pair.workload.key in seen:
            continue
        seen.add(pair.workload.key)
        _probes(pair.pod, report)
        _hook(pair.pod, report)
        applied = (
            pair.workload.root.get("metadata", "resourceVersion") is None
        )  # in a dump the autoscaler itself set it
        if applied and pair.autoscaler is not None and pair.workload.root.get("spec", "replicas") is not None:
            _autoscaled(pair.workload, pair.autoscaler, report)
    for budget in objects.of("PodDisruptionBudget"):
        _budget(budget, objects.of("Deployment", "StatefulSet"), report)


def probe_number(probe: Node, field: str) -> int:
    """A number of a probe with its default; 0 is taken as not given, as the API does."""
    return probe.number(field) or _DEFAULTS[field]


def replicas_of(workload: Object) -> int:
    found = workload.root.number("spec", "replicas")
    return 1 if found is None else found


def _probes(pod: Pod, report: Collector) -> None:
    """A liveness probe that gives up first restarts a container that readiness would have taken out of service."""
    readiness, liveness = pod.probe(PROBES[1]), pod.probe(PROBES[2])
    if readiness is None or liveness is None:
        return
    takes = {
        name: probe_number(p, "periodSeconds") * probe_number(p, "failureThreshold")
        for name, p in (("readiness", readiness), ("liveness", liveness))
    }
    if takes["liveness"] < takes["readiness"]:
        report.add(
            "HL450",
            pod.container.at(PROBES[2]),
            f"liveness gives up after {takes['liveness']} s, before readiness does after {takes['readiness']} s",
            why="a pod that is slow for a moment is restarted while it still gets requests",
            fix="give liveness a longer period or a higher failureThreshold than readiness",
            secondary=((pod.container.at(PROBES[1]), "readiness"),),
        )


def _hook(pod: Pod, report: Collector) -> None:
    hook: Hook = pod.hook("preStop")
    grace = pod.spec.number("terminationGracePeriodSeconds")
    seconds = GRACE_S if grace is None else grace
    if hook.known_ms >= seconds * 1000 and hook.known_ms:
        place = (
            pod.spec.at("terminationGracePeriodSeconds")
            if grace is not None
            else pod.container.at("lifecycle", "preStop")
        )
        default = "" if grace is not None else ", the default"
        report.add(
            "HL451",
            place,
            f"preStop takes {hook.known_ms // 1000} s of the grace period of {seconds} s{default}",
            fix=f"write `terminationGracePeriodSeconds: {hook.known_ms // 1000 + 30}`",
            secondary=((pod.container.at("lifecycle", "preStop"), "preStop"),) if grace is not None else (),
        )
    if hook.kind == "exec" and hook.known_ms and not pod.has_shell:
        report.add(
            "HL454",
            pod.container.at("lifecycle", "preStop"),
            "preStop calls `sleep`, and by its name the image has none: the hook fails, and SIGTERM comes at once",
            fix="write `preStop: {sleep: {seconds: ..}}`, which needs no program (Kubernetes 1.30 and later)",
            secondary=((pod.container.at("image"), "the image"),),
        )


def _template(workload: Object, report: Collector) -> None:
    annotations = workload.root.get("spec", "template", "metadata", "annotations")
    for key, entry in annotations.entries().items() if annotations is not None else ():
        if key.startswith(PREFIX):
            report.add(
                "HL456",
                entry.key_span,
                f"`{key}` stands on the pod template: adding or changing it starts a rollout, and it is not read here",
                fix=f"move it to metadata.annotations of {workload.kind} {workload.name}",
            )


def _rollout(workload: Object, report: Collector) -> None:
    if workload.kind == "Deployment":
        _rounding(workload, report)
    surge = _surges(workload)
    spec = workload.pod_spec
    if not surge or spec is None:
        return
    for container in spec.each("containers"):
        for port in container.each("ports"):
            if port.number("hostPort"):
                text = "a hostPort is taken as long as the old pod runs: a surge pod needs another free node"
                report.add("HL455", port.at("hostPort"), text, fix="write `maxSurge: 0` and `maxUnavailable: 1`")
    for term in spec.each("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"):
        if term.text("topologyKey") == "kubernetes.io/hostname":
            text = "required anti-affinity: a surge pod needs a node without any of these pods, or stays Pending"
            report.add("HL455", term.at("topologyKey"), text, fix="have more nodes than replicas, or `maxSurge: 0`")


def _surges(workload: Object) -> bool:
    if workload.kind == "Deployment":
        if workload.root.text("spec", "strategy", "type") == "Recreate":
            return False
        given = amount(workload.root.get("spec", "strategy", "rollingUpdate", "maxSurge"))
        return given is None or given[0] > 0
    given = amount(workload.root.get("spec", "updateStrategy", "rollingUpdate", "maxSurge"))
    return workload.kind == "DaemonSet" and given is not None and given[0] > 0


def _rounding(workload: Object, report: Collector) -> None:
    rolling = workload.root.get("spec", "strategy", "rollingUpdate")
    surge = amount(rolling.get("maxSurge")) if rolling is not None else None
    unavailable = (amount(rolling.get("maxUnavailable")) if rolling is not None else None) or (25, True)
    replicas = replicas_of(workload)
    if surge is None or surge[0] != 0 or not unavailable[1] or replicas < 1:
        return
    if unavailable[0] * replicas // 100 == 0:
        report.add(
            "HL452",
            workload.root.at("spec", "strategy", "rollingUpdate", "maxSurge"),
            f"maxSurge 0, and {unavailable[0]}% of {replicas} rounds to 0: the controller takes one down first",
            fix="write `maxSurge: 1` and `maxUnavailable: 0`",
        )


def _autoscaled(workload: Object, autoscaler: Object, report: Collector) -> None:
    report.add(
        "HL457",
        workload.root.at("spec", "replicas"),
        f"HorizontalPodAutoscaler {autoscaler.name} sets the replicas, and each apply of this sets them back",
        why="the pods above this number are deleted at once; maxUnavailable does not hold for that",
        fix="remove `replicas` from the manifest",
        secondary=((autoscaler.root.at("spec", "minReplicas"), "the autoscaler"),),
    )


def _budget(budget: Object, workloads: Iterable[Object], report: Collector) -> None:
    """A budget that allows no disruption: a drain of the node never ends."""
    selector = budget.root.get("spec", "selector")
    most, least = (amount(budget.root.get("spec", name)) for name in ("maxUnavailable", "minAvailable"))
    for workload in workloads:
        if workload.namespace != budget.namespace or not selects(selector, workload.pod_labels):
            continue
        replicas = replicas_of(workload)
        if most is not None and (most[0] == 0 or (most[1] and -(-most[0] * replicas // 100) == 0)):
            _never(budget, "maxUnavailable", workload, report)
        elif least is not None and (-(-least[0] * replicas // 100) if least[1] else least[0]) >= replicas > 0:
            _never(budget, "minAvailable", workload, report)


def _never(budget: Object, field: str, workload: Object, report: Collector) -> None:
    report.add(
        "HL453",
        budget.root.at("spec", field),
        f"no pod of {workload.kind} {workload.name} ({replicas_of(workload)} replicas) may ever be evicted",
        why="a drain of its node waits for ever; a rollout does not ask the budget",
        fix="write `maxUnavailable: 1`, with at least two replicas",
    )
