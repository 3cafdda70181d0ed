"""What --from shows to change beside the pod template: the Service's selector, its target port, its policy."""

from __future__ import annotations

from dataclasses import dataclass

from verifier.language import syntax as s
from verifier.language.assemble import scenario_text
from verifier.language.diagnostics import Collector
from verifier.manifests import tree
from verifier.manifests.nodes import Node
from verifier.manifests.objects import Object, Objects
from verifier.manifests.platforms import EVERY_NODE
from verifier.manifests.pods import pod_of, port_number
from verifier.manifests.selection import Pair
from verifier.manifests.translate import LABEL, pod_entries
from verifier.manifests.ways import INSIDE


@dataclass(frozen=True, slots=True)
class Change:
    """`why_not`: no way can be verified. `block`: the scenario's `applied_service`; `outside`: why ways from outside of
    the cluster cannot be verified; `taken`: what was taken as given."""

    why_not: str = ""
    block: s.BlockNode | None = None
    outside: str = ""
    taken: tuple[str, ...] = ()

    def unless(self, mode: str, name: str) -> str:
        """Why this way cannot be verified, or nothing."""
        if self.block is not None and mode != EVERY_NODE:
            return (
                "the Service changes in the same apply: how a balancer that looks at pods follows that is not modelled"
            )
        return self.outside if name != INSIDE else ""


NO_CHANGE = Change()
# Fields of a Service that concern those outside of the cluster, with their defaults.
_OUTSIDE = (("type", "ClusterIP"), ("externalTrafficPolicy", "Cluster"))


def change_of(pair: Pair, old: Objects, report: Collector) -> Change:
    """What changes between the old objects and the new ones of one pair."""
    before, workload = old.found.get(pair.service.key), old.found.get(pair.workload.key)
    running = pods_of(pair, old)
    if before is None or (workload is None and not running):
        return Change("it is new: nothing runs that a rollout could replace")
    if workload is not None and _differ(workload, pair.workload, "spec", "selector"):
        place = pair.workload.root.at("spec", "selector")
        text = f"spec.selector of a {pair.workload.kind} cannot be changed: the API refuses it"
        report.add("HL433", place, text, fix="keep it, or give the workload another name")
        return Change(text)
    runs = running[0] if running else workload
    assert runs is not None
    return _service(pair, before, runs)


def pods_of(pair: Pair, objects: Objects) -> list[Object]:
    """Pods in these objects that a controller made and that the Service selected, as it stands among them."""
    service = objects.found.get(pair.service.key) or pair.service
    wanted = service.root.texts("spec", "selector")
    pods = [o for o in objects.of("Pod") if o.namespace == pair.service.namespace and o.owner]
    return [pod for pod in pods if wanted and wanted.items() <= pod.labels.items()]


def several(pods: list[Object]) -> bool:
    """Were these pods made from more than one template, as far as it matters here?"""
    return len({_template(pod) for pod in pods}) > 1


def _service(pair: Pair, before: Object, runs: Object) -> Change:
    now, then = pair.port, next(before.root.each("spec", "ports"), None)
    if now is not None:
        then = next((p for p in before.root.each("spec", "ports") if p.number("port") == now.number("port")), None)
    if (now is None) != (then is None) or (now is not None and then is not None and _protocol(now) != _protocol(then)):
        port = f" ({now.number('port')})" if now is not None else ""
        return Change(f"the Service's own port{port} is another one than before: its clients have to change with it")
    selector = pair.service.root.texts("spec", "selector")
    said: dict[str, bool] = {
        "old_selected_after": selector.items() <= runs.pod_labels.items(),
        "new_selected_before": before.root.texts("spec", "selector").items() <= pair.workload.pod_labels.items(),
    }
    taken: list[str] = []
    if now is not None and then is not None:
        first, second = _target(then), _target(now)
        _ports("old", "after", runs, first, second, said, taken)
        _ports("new", "before", pair.workload, second, first, said, taken)
    span = pair.service.root.at("spec", "ports" if said["old_selected_after"] else "selector")
    entries: list[tree.Entry] = [tree.entry(k, tree.word("no", span), span) for k, yes in said.items() if not yes]
    block = tree.block("applied_service", LABEL, entries, span) if entries else None
    both = (before.root, pair.service.root)
    changed = [name for name, default in _OUTSIDE if len({each.text("spec", name) or default for each in both}) > 1]
    outside = (
        f"the Service's {' and '.join(changed)} changes in the same apply, which is not modelled" if changed else ""
    )
    return Change("", block, outside, tuple(taken))


def _ports(
    which: str, when: str, pods: Object, own: Node | int, other: Node | int, said: dict[str, bool], taken: list[str]
) -> None:
    """Do these pods listen on the port that the Service targets at the other time?

    A name that they do not have takes them out of the endpoints (FindPort); a number that their template does not name
    is taken not to be open.
    """
    wanted, mine = _resolved(other, pods), _resolved(own, pods)
    if wanted is None:
        said[f"{which}_selected_{when}"] = False
    elif wanted != mine and wanted not in _declared(pods):
        said[f"{which}_serves_{when}"] = False
        taken.append(f"{which} pods do not listen on port {wanted}, which their template does not name")


def _target(port: Node) -> Node | int:
    return port.get("targetPort") or port.number("port") or 0


def _resolved(target: Node | int, pods: Object) -> int | None:
    if isinstance(target, int):
        return target
    spec = pods.pod_spec
    found = (port_number(container, target) for container in (spec.each("containers") if spec is not None else ()))
    return next((number for number in found if number is not None), None)


def _declared(pods: Object) -> set[int | None]:
    spec = pods.pod_spec
    containers = spec.each("containers") if spec is not None else ()
    return {port.number("containerPort") for container in containers for port in container.each("ports")}


def _protocol(port: Node) -> str:
    return port.text("protocol") or "TCP"


def _template(pod: Object) -> str:
    """The part of a pod that matters here, in a form that can be compared."""
    found = pod_of(pod, None, None)
    entries = list(pod_entries(found)) if found is not None else []
    return scenario_text((tree.block("pod", None, entries, pod.root.head),))


def _differ(one: Object, other: Object, *path: str) -> bool:
    return _plain(one.root.get(*path)) != _plain(other.root.get(*path))


def _plain(node: Node | None) -> object:
    """A value without its places."""
    value = node.value if node is not None else None
    if isinstance(value, dict):
        return {key: _plain(entry.node) for key, entry in value.items()}
    if type(value) is tuple:
        return [_plain(each) for each in value]
    return value
