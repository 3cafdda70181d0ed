"""What the models do not know of a workload and its pods, and what does not matter to them."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.manifests.platforms import BY_NAME, PODS
from verifier.manifests.pods import Pod
from verifier.manifests.rules import amount
from verifier.manifests.selection import Pair
from verifier.manifests.translate import gate_opens, replicas

NEVER_REPLACED = {
    "ReplicaSet": "a ReplicaSet of its own never replaces its pods: nothing rolls out",
    "Pod": "a pod of its own is never replaced: nothing rolls out",
}


def held_back(pair: Pair) -> str:
    """Why the update strategy of a DaemonSet or a StatefulSet replaces no pod, or in a way that is not modelled."""
    strategy, count = pair.workload.root.get("spec", "updateStrategy"), replicas(pair.workload, pair.autoscaler)[0]
    if strategy is None:
        return ""
    if strategy.text("type") == "OnDelete":
        return "updateStrategy OnDelete: nothing rolls out by itself"
    if pair.workload.kind != "StatefulSet":
        return ""
    kept = strategy.number("rollingUpdate", "partition") or 0
    if kept and kept >= count:
        return f"partition {kept} of {count} replicas: nothing rolls out"
    most = amount(strategy.get("rollingUpdate", "maxUnavailable"))
    if most is not None and most != (1, False):
        return (
            "maxUnavailable of a StatefulSet counts only with a feature gate, MaxUnavailableStatefulSet: not modelled"
        )
    return ""


def not_ready_too(pair: Pair, mode: str) -> str:
    """Why a way cannot be verified by which pods that are not Ready get requests too."""
    if mode != BY_NAME and pair.service.root.flag("spec", "publishNotReadyAddresses"):
        return "publishNotReadyAddresses: pods get requests whether Ready or not, which is not modelled"
    return ""


def unless(pod: Pod, mode: str) -> Iterator[str]:
    """What the models do not know of these pods: they may do better or worse than the scenario."""
    if pod.others:
        names = ", ".join(pod.others)
        yield f"the pod has other containers ({names}): one that runs on keeps a stopped pod Ready; not modelled"
    gates = [gate for gate in pod.spec.each("readinessGates") if mode != PODS or not gate_opens(gate)]
    if gates:
        yield "readiness gates that this way of requests does not open are not modelled"
    probe = pod.probe("readinessProbe")
    if probe is not None and pod.probe_port(probe) is None:
        yield "what the exec readiness probe asks cannot be seen in the manifest"
    if pod.port is None:
        yield "the port that is served cannot be told from the manifest"


def irrelevant(pair: Pair) -> Iterator[tuple[str, str]]:
    """Settings that people think of, and the words for them if no verdict rests on them."""
    probe = pair.pod.probe("readinessProbe") if pair.pod is not None else None
    yield "app.startup_time", "start time" + (" (there is a readiness probe)" if probe is not None else "")
    yield "kubelet.starts_within", "image pulls"
    yield "controllers.scheduled_within", "scheduling"
    if pair.service.root.text("spec", "sessionAffinity") == "ClientIP":
        yield "", "session affinity (it picks among the same endpoints)"
    if pair.workload.root.number("spec", "minReadySeconds"):
        yield "deployment.min_ready", "minReadySeconds"
