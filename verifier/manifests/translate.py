"""A workload behind a Service, on a platform -> the same tree that a scenario file gives.

Each setting keeps the place of the manifest's field that says it, so that every report points there. What the manifest
leaves out is left out here too, and has the default of the models.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verifier.language import syntax as s
from verifier.language.program import Span, Version
from verifier.manifests import tree
from verifier.manifests.findings import GRACE_S
from verifier.manifests.nodes import Node
from verifier.manifests.objects import Object
from verifier.manifests.platforms import BY_NAME, CONTROLLER, EVERY_NODE, LOCAL, PODS
from verifier.manifests.pods import Hook, Pod
from verifier.manifests.rules import amount
from verifier.manifests.selection import Pair

CHECK, REQUESTS, JOINED = "no_lost_request", "no_interrupted_request", "no_request_lost_at_new_node"
_BY_NAME = "_by_name"  # what the checks of requests to a headless Service end with
# One question for all workloads of the same settings: its name is not among them.
LABEL = "workload"
BALANCER = "load_balancer"
HOSTNAME = "kubernetes.io/hostname"
# Conditions of readiness gates, by how they begin (facts of each controller: models/profiles).
_GATES = {
    "target-health.elbv2.k8s.aws": "healthy",
    "cloud.google.com/load-balancer-neg-ready": "healthy",
    "service.readiness.alibabacloud.com": "registered",
}
NODES = 3
# Fields of a probe and the settings they are.
_PROBE_TIMES = (("initialDelaySeconds", "initial_delay"), ("periodSeconds", "period"), ("timeoutSeconds", "timeout"))
_PROBE_COUNTS = (("successThreshold", "success_threshold"), ("failureThreshold", "failure_threshold"))
_PROBES = (
    ("startupProbe", "startup_probe"),
    ("readinessProbe", "readiness_probe"),
    ("livenessProbe", "liveness_probe"),
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for every way of requests to one workload. `old`: the pods that run now, where they are known
    to be other ones; `cluster`: the platform's blocks; `mode`: what its balancer sends to; `gate`: when it opens the
    readiness gates of its pods; `spread`: on how many nodes its pods are now; `happens`: another event than
    its rollout, and what changes with it; `count`: how many pods there are before that."""

    pair: Pair
    pod: Pod
    app: tuple[tree.Entry, ...]
    cluster: tuple[s.BlockNode, ...]
    kubernetes: Version
    told_at: Span
    mode: str = EVERY_NODE
    gate: str = ""
    nodes: int = NODES
    old: tuple[Object, Pod] | None = None
    spread: tuple[int, Span] | None = None
    happens: tuple[s.BlockNode, ...] = ()
    count: tuple[int, Span] | None = None


def scenario(of: Setting, blocks: frozenset[str]) -> s.Scenario:
    """The scenario of one workload; of the platform's blocks those that the models in use know (`blocks`)."""
    workload = of.pair.workload
    label, here = LABEL, workload.root.head
    template = [*pod_entries(of.pod), *_gates(of)]
    items: list[s.ScenarioItem] = [
        _cluster(of, blocks),
        tree.block("app", label, [*of.app, *_image(of)], here),
        tree.block("deployment", label, [*_rollout(of), *template], here),
        *_per_node(workload, label),
        *_one_by_one(of, label),
        *of.happens,
        *_running(of, template, label, here),
        _service(of),
        s.Verify(tree.name(named(CHECK, of.mode), here), None, here),
    ]
    if any(entry.name.text == "longest_request" for entry in of.app):
        items.append(s.Verify(tree.name(named(REQUESTS, of.mode), here), None, here))
    return s.Scenario(tuple(items))


def named(check: str, mode: str) -> str:
    """The check of that name, of requests to what `mode` says."""
    return check + (_BY_NAME if mode == BY_NAME else "")


def of_new_node(of: Setting, blocks: frozenset[str]) -> s.Scenario:
    """The scenario of a node that joins: pods stay, whatever they are."""
    here = of.pair.workload.root.head
    workload = (tree.block(name, LABEL, [], here) for name in ("app", "deployment"))
    return s.Scenario((_cluster(of, blocks), *workload, _service(of), s.Verify(tree.name(JOINED, here), None, here)))


def _cluster(of: Setting, blocks: frozenset[str]) -> s.BlockNode:
    here = of.pair.workload.root.head
    entries: list[tree.Entry] = [
        tree.entry("kubernetes", tree.version(of.kubernetes.major, of.kubernetes.minor, of.told_at), of.told_at),
        tree.entry("nodes", tree.number(of.nodes, here), here),
        *_platform(of, blocks),
    ]
    return tree.block("cluster", "any", entries, here)


def _service(of: Setting) -> s.BlockNode:
    service = of.pair.service.root
    entries: list[tree.Entry] = [_policy(of, service)]
    if of.mode == BY_NAME and service.flag("spec", "publishNotReadyAddresses"):
        span = service.at("spec", "publishNotReadyAddresses")
        entries.append(tree.entry("publish_not_ready_addresses", tree.word("yes", span), span))
    return tree.block("service", LABEL, entries, service.head)


def _platform(of: Setting, blocks: frozenset[str]) -> Iterator[s.BlockNode]:
    """The platform's blocks that the models know; the balancer's only where pods matter to it."""
    if of.mode == BY_NAME:
        here = of.pair.service.root.head
        yield tree.block(BALANCER, None, [tree.entry("backends", tree.word("listed", here), here)], here)
    for block in of.cluster:
        if block.name.text not in blocks or (block.name.text == BALANCER and of.mode in (EVERY_NODE, BY_NAME)):
            continue
        if block.name.text == BALANCER and of.mode in (PODS, CONTROLLER):
            word = "pods" if of.mode == PODS else "listed"
            to_pods = tree.entry("backends", tree.word(word, block.span), block.span)
            block = tree.block(BALANCER, None, [to_pods, *block.entries], block.span)
        yield block


def _policy(of: Setting, service: Node) -> s.Assignment:
    """Clients in the cluster, and balancers that send to every node or past all nodes, know no policy Local."""
    span = service.at("spec", "externalTrafficPolicy")
    policy = "Local" if of.mode in LOCAL else "Cluster"
    return tree.entry("external_traffic_policy", tree.word(policy, span), span)


def _gates(of: Setting) -> Iterator[tree.Entry]:
    """Readiness gates that the balancer opens: named in the template, or added by the platform's webhook."""
    if of.mode != PODS:
        return
    found = next((each for each in of.pod.spec.each("readinessGates") if gate_opens(each)), None)
    span = found.head if found is not None else of.pod.container.head
    opens = gate_opens(found) if found is not None else of.gate
    if opens:
        yield tree.entry("readiness_gate", tree.word(opens, span), span)


def gate_opens(gate: Node) -> str:
    """When the controller of the gate opens it: `registered`, `healthy`, or nothing if hitless does not know it."""
    condition = gate.text("conditionType")
    return next((opens for start, opens in _GATES.items() if condition.startswith(start)), "")


def _per_node(workload: Object, label: str) -> Iterator[s.BlockNode]:
    """The block that makes it a DaemonSet."""
    if workload.kind != "DaemonSet":
        return
    rolling = ("spec", "updateStrategy", "rollingUpdate")
    entries: list[tree.Entry] = []
    for field, setting in (("maxSurge", "max_surge"), ("maxUnavailable", "max_unavailable")):
        value = amount(workload.root.get(*rolling, field))
        if value is not None:
            span = workload.root.at(*rolling, field)
            entries.append(tree.entry(setting, tree.amount(value, span), span))
    yield tree.block("daemon_set", label, entries, workload.root.at(*rolling))


def _one_by_one(of: Setting, label: str) -> Iterator[s.BlockNode]:
    """The block that makes it a StatefulSet."""
    root = of.pair.workload.root
    if of.pair.workload.kind != "StatefulSet":
        return
    partition = ("spec", "updateStrategy", "rollingUpdate", "partition")
    kept, span = root.number(*partition), root.at(*partition)
    count = (of.count or replicas(of.pair.workload, of.pair.autoscaler))[0]
    entries: list[tree.Entry] = [tree.entry("replaced", tree.number(count - kept, span), span)] if kept else []
    yield tree.block("stateful_set", label, entries, root.at("spec", "updateStrategy"))


def none_left(workload: Object) -> int:
    """On how many nodes, or fewer, a DaemonSet's rollout takes every old pod away first; 0: a new pod comes before."""
    surge, most = (
        amount(workload.root.get("spec", "updateStrategy", "rollingUpdate", field))
        for field in ("maxSurge", "maxUnavailable")
    )
    if surge is not None and surge[0] > 0:
        return 0
    return 1 if most is None or most[1] else max(most[0], 1)


def _image(of: Setting) -> Iterator[tree.Entry]:
    said = {entry.name.text for entry in of.app}
    if not of.pod.has_shell and "has_shell" not in said:
        span = of.pod.container.at("image")
        yield tree.entry("has_shell", tree.word("no", span), span, because="by its name the image has no shell")


def replicas(workload: Object, autoscaler: Object | None) -> tuple[int, Span]:
    """How many pods, and who says so; an autoscaler's least number goes before that of the manifest."""
    least = autoscaler.root.number("spec", "minReplicas") if autoscaler is not None else None
    if autoscaler is not None and least is not None:
        return least, autoscaler.root.at("spec", "minReplicas")
    found = workload.root.number("spec", "replicas")
    return (1 if found is None else found), workload.root.at("spec", "replicas")


def _rollout(of: Setting) -> Iterator[tree.Entry]:
    workload, root = of.pair.workload, of.pair.workload.root
    if workload.kind == "DaemonSet":
        yield tree.entry("replicas", tree.number(of.nodes, root.head), root.head)
    if workload.kind != "DaemonSet":
        count, span = of.count or replicas(workload, of.pair.autoscaler)
        yield tree.entry("replicas", tree.number(count, span), span)
        yield from _placement(of.pod)
        if of.spread is not None:
            yield tree.entry("running_on", tree.number(min(of.spread[0], of.nodes), of.spread[1]), of.spread[1])
    if root.text("spec", "strategy", "type") == "Recreate":
        span = root.at("spec", "strategy", "type")
        yield tree.entry("strategy", tree.word("Recreate", span), span)
    for field, setting in (("maxSurge", "max_surge"), ("maxUnavailable", "max_unavailable")):
        value = amount(root.get("spec", "strategy", "rollingUpdate", field))
        if value is not None:
            span = root.at("spec", "strategy", "rollingUpdate", field)
            yield tree.entry(setting, tree.amount(value, span), span)
    ready = root.number("spec", "minReadySeconds")
    if ready is not None:
        span = root.at("spec", "minReadySeconds")
        yield tree.entry("min_ready", tree.duration(ready * 1000, span), span)


def _placement(pod: Pod) -> Iterator[tree.Entry]:
    """What the scheduler must keep to; what it only prefers is no promise, and left out."""
    for term in pod.spec.each("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"):
        if term.text("topologyKey") == HOSTNAME:
            yield tree.entry("anti_affinity", tree.word("required", term.head), term.head)
            break
    for spread in pod.spec.each("topologySpreadConstraints"):
        hard = spread.text("whenUnsatisfiable") in ("", "DoNotSchedule") and spread.number("maxSkew") == 1
        keys = [key.value for key in spread.each("matchLabelKeys")]
        if hard and spread.text("topologyKey") == HOSTNAME and "pod-template-hash" in keys:
            yield tree.entry("spread", tree.word("per_version", spread.head), spread.head)
            break


# -- the pod template --------------------------------------------------------------------------------------------------


def pod_entries(pod: Pod) -> Iterator[tree.Entry]:
    """What a template says; a field that it leaves out is left out."""
    for field, setting in _PROBES:
        probe = pod.probe(field)
        if probe is not None:
            span = pod.container.at(field)
            yield tree.block(setting, None, list(_probe(pod, probe, field == "readinessProbe")), span)
    grace = _grace_ms(pod)
    for field, setting in (("preStop", "pre_stop"), ("postStart", "post_start")):
        hook = pod.hook(field)
        if hook.kind != "none":
            span = pod.container.at("lifecycle", field)
            value = _hook(hook, grace if field == "preStop" else 600_000, field == "preStop", span)
            yield tree.entry(setting, value, span, because=_hook_note(hook))
    if pod.grace is not None and pod.grace.value is not None:
        span = pod.spec.at("terminationGracePeriodSeconds")
        yield tree.entry("termination_grace_period", tree.duration(grace, span), span)


def _probe(pod: Pod, probe: Node, counts_successes: bool) -> Iterator[tree.Entry]:
    asked = pod.probe_port(probe)
    if asked is not None and pod.port is not None and asked != pod.port:
        yield tree.entry("port", tree.word("other", probe.head), probe.head)
    for field, setting in _PROBE_TIMES:
        number = probe.number(field)
        if number:
            yield tree.entry(setting, tree.duration(number * 1000, probe.at(field)), probe.at(field))
    for field, setting in _PROBE_COUNTS:
        number = probe.number(field)
        if number and (counts_successes or setting == "failure_threshold"):
            yield tree.entry(setting, tree.number(number, probe.at(field)), probe.at(field))


def _hook(hook: Hook, most_ms: int, known: bool, span: Span) -> s.Expression:
    """What a hook takes. Of a command nothing is known but the sleep that it begins with: it may end at once after
    that (a preStop may stop the application itself, which is the same for its requests), or run on."""
    if hook.exact:
        return tree.chosen("sleep" if hook.kind == "sleep" else "exec", tree.duration(hook.known_ms, span), span)
    return tree.chosen(hook.kind, tree.window(min(hook.known_ms, most_ms), most_ms, span), span)


def _hook_note(hook: Hook) -> str:
    return (
        "" if hook.exact else f"what {hook.what} does is not known: it may end at once, or use the whole grace period"
    )


def _grace_ms(pod: Pod) -> int:
    number = pod.spec.number("terminationGracePeriodSeconds")
    return (GRACE_S if number is None else number) * 1000


def _running(of: Setting, template: list[tree.Entry], label: str, here: Span) -> Iterator[s.BlockNode]:
    """The pods that run now, where they have another template: everything that may differ is said."""
    if of.old is None:
        return
    old = list(pod_entries(of.old[1]))
    span = of.old[0].root.head
    given = {entry.name.text for entry in old}
    for entry in template:
        name = entry.name.text
        if name in given:
            continue
        if isinstance(entry, s.BlockNode):
            old.append(s.Switch(tree.name(name, span), tree.name("none", span), span))
        elif name in ("pre_stop", "post_start"):
            old.append(tree.entry(name, tree.word("none", span), span, because="the pods that run now have none"))
        elif name == "termination_grace_period":
            old.append(tree.entry(name, tree.duration(GRACE_S * 1000, span), span, because="the default"))
    if not old:
        return
    # A probe that both have needs all of its numbers said: a number that only the new one gives would hold for both.
    yield tree.block("running", label, [_whole(entry) for entry in old], span)


_DEFAULTS = {"initial_delay": 0, "period": 10_000, "timeout": 1000}


def _whole(entry: tree.Entry) -> tree.Entry:
    if not isinstance(entry, s.BlockNode):
        return entry
    given = {e.name.text for e in entry.entries}
    more: list[tree.Entry] = [
        tree.entry(name, tree.duration(ms, entry.span), entry.span)
        for name, ms in _DEFAULTS.items()
        if name not in given
    ]
    if "failure_threshold" not in given:
        more.append(tree.entry("failure_threshold", tree.number(3, entry.span), entry.span))
    if "success_threshold" not in given and entry.name.text == "readiness_probe":
        more.append(tree.entry("success_threshold", tree.number(1, entry.span), entry.span))
    if "port" not in given:
        more.append(tree.entry("port", tree.word("served", entry.span), entry.span))
    return replace(entry, entries=(*entry.entries, *more))
