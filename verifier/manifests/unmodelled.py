"""What the models do not know of a workload and its pods."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.manifests.platforms import PODS
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
