"""What else may happen to a workload than its rolling update, and what is known of it from the manifests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from verifier.language import syntax as s
from verifier.language.program import Span
from verifier.manifests import tree
from verifier.manifests.annotations import asks_another_port, told
from verifier.manifests.objects import Object, Objects
from verifier.manifests.platforms import EVERY_NODE, LOCAL
from verifier.manifests.rules import amount
from verifier.manifests.selection import Pair, selects
from verifier.manifests.translate import HOSTNAME, LABEL, replicas
from verifier.manifests.ways import NODE_PORT, Way

ROLLOUT, DRAIN, SCALE_DOWN, BAD_IMAGE, NODE_JOIN = EVENTS = ("rollout", "drain", "scale-down", "bad-image", "node-join")

# What a profile says of how its balancer takes in a node that joins.
NEW_BACKEND = "new_backend"


@dataclass(frozen=True, slots=True)
class Event:
    """`why_not`: it cannot be verified. `block`: the scenario's `what_if`; `count`: how many pods there are before it;
    `spread`: on how many nodes; `taken`: what was taken as given."""

    name: str
    why_not: str = ""
    block: s.BlockNode | None = None
    count: tuple[int, Span] | None = None
    spread: tuple[int, Span] | None = None
    taken: tuple[str, ...] = ()

    @property
    def replaces(self) -> bool:
        """Do new pods of a new template take the place of the old ones?"""
        return self.name in (ROLLOUT, BAD_IMAGE)


def event_of(name: str, pair: Pair, objects: Objects, running: list[Object], old: bool) -> Event:
    """The event as it concerns one workload. `running`: its pods, if a dump tells; `old`: --from was given."""
    here = pair.workload.root.head
    if name == ROLLOUT:
        return Event(name)
    if name == BAD_IMAGE:
        return Event(name, block=_block("bad_image", [], here))
    if old:
        return Event(name, f"{name} is about the pods that run now: give their manifests, without --from")
    if pair.workload.kind == "DaemonSet":
        what = {
            DRAIN: "a drain leaves its pods where they are",
            SCALE_DOWN: "it has no number of replicas",
            NODE_JOIN: "the new node gets a pod of it, which is not modelled yet",
        }
        return Event(name, f"a DaemonSet: {what[name]}")
    if name == NODE_JOIN:
        return Event(name, taken=("node-join: pods stay where they are",))
    if pair.workload.kind == "StatefulSet":
        return Event(name, f"how a StatefulSet lives through a {name} is not modelled yet")
    return _scale_down(pair) if name == SCALE_DOWN else _drain(pair, objects, running)


def _block(event: str, entries: list[tree.Entry], span: Span) -> s.BlockNode:
    return tree.block("what_if", LABEL, [tree.entry("event", tree.word(event, span), span), *entries], span)


def _scale_down(pair: Pair) -> Event:
    """From the most that an autoscaler may ask for to its least; without one to a single replica."""
    count, span = replicas(pair.workload, None)
    to, to_span = 1, span
    if pair.autoscaler is not None:
        to, to_span = replicas(pair.workload, pair.autoscaler)
        count = max(pair.autoscaler.root.number("spec", "maxReplicas") or to, to)
        span = pair.autoscaler.root.at("spec", "maxReplicas")
    if count <= to:
        return Event(SCALE_DOWN, "1 replica: fewer would be none")
    block = _block("scale_down", [tree.entry("down_to", tree.number(to, to_span), to_span)], span)
    return Event(SCALE_DOWN, block=block, count=(count, span), taken=(f"scale-down: from {count} to {to}",))


def _drain(pair: Pair, objects: Objects, running: list[Object]) -> Event:
    budgets = [b for b in objects.of("PodDisruptionBudget") if _protects(b, pair.workload)]
    count, span = replicas(pair.workload, pair.autoscaler)
    if len(budgets) > 1:
        names = ", ".join(b.name for b in budgets)
        return Event(DRAIN, f"{len(budgets)} budgets select its pods ({names}): the API refuses every eviction")
    entries: list[tree.Entry] = []
    place = budgets[0].root.head if budgets else span
    if budgets and (healthy := _healthy(budgets[0], count)) > 0:
        given = tree.entry("healthy", tree.number(healthy, place), place)
        entries.append(tree.block("budget", None, [given], place))
    spread, taken = _placed(pair, running, count)
    return Event(DRAIN, block=_block("drain", entries, place), spread=spread, taken=taken)


def _placed(pair: Pair, running: list[Object], count: int) -> tuple[tuple[int, Span] | None, tuple[str, ...]]:
    """On how many nodes the pods are, evenly: no more than where some node has as many as it may have.

    Evictions have no deadline, so that pods of one node which are never evicted are pods of other nodes: with all of
    them on one node every other placement is looked at too.
    """
    nodes = Counter(pod.root.text("spec", "nodeName") for pod in running)
    del nodes[""]
    if nodes:
        most = max(nodes.values())
        even = max((k for k in range(1, count + 1) if -(-count // k) >= most), default=1)
        return (even, running[0].root.head), ()
    spec = pair.workload.pod_spec
    terms = spec.each("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution") if spec else ()
    if any(term.text("topologyKey") == HOSTNAME for term in terms):
        return None, ()
    note = ("drain: all pods may be on one node, nothing keeps them apart",) if count > 1 else ()
    return (1, pair.workload.root.head), note


def needs_placement(event: Event, mode: str, running: list[Object]) -> str:
    """Why a drain cannot be verified where the balancer sends to nodes that have pods."""
    if event.name != DRAIN or mode not in LOCAL or running:
        return ""
    return "a drain with policy Local depends on where the pods are: give a dump with pods"


def unknown_of_new_nodes(event: Event, way: Way) -> str:
    """Why it cannot be said when somebody begins to send to a node that joins."""
    if event.name != NODE_JOIN or way.mode not in (EVERY_NODE, *LOCAL) or way.inside:
        return ""
    if way.name == NODE_PORT:
        return "nothing tells when clients of a NodePort begin to use a node that joins"
    if all(block.name.text != NEW_BACKEND for block in way.platform.cluster):
        return f"{way.platform.name} says nothing of how its balancer takes in a node that joins"
    return told(way.told_by).unclear or asks_another_port(way.told_by)


def _protects(budget: Object, workload: Object) -> bool:
    return budget.namespace == workload.namespace and selects(budget.root.get("spec", "selector"), workload.pod_labels)


def _healthy(budget: Object, count: int) -> int:
    """How many pods an eviction must leave: percentages are of all pods, and rounded up (disruption.go)."""
    least, most = (amount(budget.root.get("spec", name)) for name in ("minAvailable", "maxUnavailable"))
    if least is not None:
        return -(-least[0] * count // 100) if least[1] else least[0]
    if most is not None:
        return count - (-(-most[0] * count // 100) if most[1] else most[0])
    return 0
