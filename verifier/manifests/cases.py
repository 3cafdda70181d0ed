"""Manifests -> cases: every way of requests to every workload, as a question for the checker or a reason why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from verifier.language import syntax as s
from verifier.language.assemble import scenario_text, world_of
from verifier.language.diagnostics import Collector
from verifier.language.program import Span, Version
from verifier.manifests import tree
from verifier.manifests.annotations import Told, applied, of_nodes, told, with_label
from verifier.manifests.application import application, parsed_value
from verifier.manifests.changes import NO_CHANGE, Change, change_of, pods_of, several
from verifier.manifests.config import Config
from verifier.manifests.events import (
    DRAIN,
    NEW_BACKEND,
    NODE_JOIN,
    ROLLOUT,
    SCALE_DOWN,
    Event,
    event_of,
    needs_placement,
    unknown_of_new_nodes,
)
from verifier.manifests.nodes import Node
from verifier.manifests.objects import Object, Objects
from verifier.manifests.platforms import BY_NAME, LOCAL, NODES_BY_CHECK, NODES_WITH_PODS, PODS, Profile
from verifier.manifests.pods import Pod
from verifier.manifests.proxy import unless_of
from verifier.manifests.repairs import Repair, repair_of
from verifier.manifests.selection import Pair, Selection, by_port, is_tcp, seen_by, sends_to
from verifier.manifests.suppressions import Suppression
from verifier.manifests.translate import (
    BALANCER,
    NODES,
    REQUESTS,
    Setting,
    named,
    none_left,
    of_new_node,
    replicas,
    scenario,
)
from verifier.manifests.unmodelled import NEVER_REPLACED, held_back, irrelevant, not_ready_too, unless
from verifier.manifests.versions import older
from verifier.manifests.ways import Way, ways

MODULES = ("kubernetes", "load_balancers/load_balancer")
_WITH_NEW_NODE = (*MODULES, "kubernetes/node_join")
_WITH_NAMES = (*MODULES, "kubernetes/headless")

_BY_NAME_ALONE = "headless: clients that try another address of the list; names of single pods"
_GONE = "the Service has it no more after the same apply: its clients have to change with it"


@dataclass(frozen=True, slots=True)
class Path:
    """One way of requests, while `event` happens. `scenario` None: it cannot be verified, and `why_not` says why.

    `unless`: what keeps SAFE from being claimed although the scenario may be SAFE. `retries`: what keeps anything
    else from being claimed. `older`: (version, the same there), if nobody says which version it is.
    """

    name: str
    why_not: str = ""
    scenario: s.Scenario | None = None
    modules: tuple[str, ...] = ()
    repair: Repair | None = None
    unless: tuple[str, ...] = ()
    retries: str = ""
    older: tuple[tuple[str, s.Scenario], ...] = ()
    places: dict[str, Span] = field(default_factory=dict)
    suppressed: Suppression | None = None
    event: str = ROLLOUT
    longest_setting: str = "app.longest_request"
    requests: str = REQUESTS

    @property
    def longest_is_given(self) -> bool:
        """Does anybody say how long the longest request takes? Nobody guesses it."""
        return self.longest_setting in self.places or self.event == NODE_JOIN


@dataclass(frozen=True, slots=True)
class Case:
    """A Service and a workload behind it, or one of them alone. `span`: where to begin to read."""

    title: str
    workload: str
    span: Span
    paths: tuple[Path, ...]
    irrelevant: tuple[tuple[str, str], ...] = ()  # (setting, why it does not matter if no proof rests on it)
    taken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line and in hitless.toml."""

    on: str | None
    kubernetes: Version
    told_at: Span
    config: Config
    events: tuple[str, ...] = (ROLLOUT,)
    version_told: bool = True


def cases_of(
    objects: Objects,
    selection: Selection,
    options: Options,
    old: Objects | None,
    ignored: list[Suppression],
    report: Collector,
) -> tuple[Case, ...]:
    """A case for every pair and for every Service without a workload; `old`: the objects that are there now."""
    making = _Making(objects, options, old, ignored, report)
    pairs = [making.case(pair) for pair in selection.pairs]
    alone = [
        Case(f"Service {a.object.namespace}/{a.object.name}", "", a.object.root.head, (Path("Service", a.why),))
        for a in selection.services
    ]
    return (*pairs, *alone)


class _Making:
    def __init__(
        self, objects: Objects, options: Options, old: Objects | None, ignored: list[Suppression], report: Collector
    ) -> None:
        self.objects, self.options, self.old = objects, options, old
        self.ignored, self.report = ignored, report
        self.dump = old if old is not None and any(old.of("Node")) and not any(objects.of("Node")) else objects
        self.nodes = len(list(self.dump.of("Node")))
        self.applications: dict[tuple[str, ...], tuple[tree.Entry, ...]] = {}

    def case(self, pair: Pair) -> Case:
        workload = pair.workload
        title = f"{pair.service.namespace}/{pair.service.name}"
        ports, new, gone = self._ports(pair)
        changes = [self._change(each, self.report if each is ports[0] else Collector()) for each in ports]
        why_not = self._unverifiable(pair)
        running = pods_of(pair, self.old or self.objects)
        if not why_not and several(running):
            why_not = "the pods that run now have several templates: a rollout is under way, which is not modelled"
        events = [event_of(name, pair, self.objects, running, self.old is not None) for name in self.options.events]
        found = list(ways(pair, self.dump, self.options.on))
        asked = [(event, way) for event in events for way in found]
        paths = tuple(
            path
            for event, way in asked
            for path in _told_apart(
                [
                    (each.port, self._path(each, event, change, way, why_not or change.why_not))
                    for each, change in zip(ports, changes, strict=True)
                    if way.ingress is None or each.port is None or sends_to(way.ingress, pair.service, each.port)
                ]
            )
        )
        rolls = any(event.replaces for event in events)
        same = ("running pods are taken to have the same settings",) if rolls and not (self.old or running) else ()
        placed = pair.service.root.text("spec", "externalTrafficPolicy") == "Local" and self._spread(pair) is None
        even = ("running pods are taken to be spread evenly",) if placed else ()
        left = " and ".join(name for name in (DRAIN, SCALE_DOWN) if name not in self.options.events)
        notes = [note for event in events for note in event.taken]
        kept = workload.root.number("spec", "updateStrategy", "rollingUpdate", "partition")
        notes += [f"pods below the partition ({kept}) keep what they have"] if kept else []
        notes += [self._nodes(pair)[1]] if workload.kind == "DaemonSet" and self._nodes(pair)[1] else []
        notes += dict.fromkeys(note for change in changes for note in change.taken)
        others = [str(port.number("port")) for port in pair.service.root.each("spec", "ports") if not is_tcp(port)]
        notes += [f"ports that are not TCP ({', '.join(others)})"] if others else []
        notes += [_BY_NAME_ALONE] if any(way.mode == BY_NAME for way in found) else []
        notes += [f"port {number} of the Service is new" for number in new]
        paths += tuple(Path(f"port {number}", _GONE) for number in gone)
        taken = ("connections that are kept alive", *([left] if left else []), *same, *even, *notes)
        name = f"{workload.kind} {workload.name}"
        return Case(title, name, workload.root.head, paths, tuple(irrelevant(pair)), taken)

    def _ports(self, pair: Pair) -> tuple[tuple[Pair, ...], list[int], list[int]]:
        """The pair by each port that was there before too, if that is known; the ports that are new, and that go."""
        ports = tuple(by_port(pair))
        before = self.old.found.get(pair.service.key) if self.old is not None else None
        if before is None:
            return ports, [], []
        was, now = (
            {port.number("port") or 0 for port in each.root.each("spec", "ports")} for each in (before, pair.service)
        )
        both = tuple(each for each in ports if each.port is not None and each.port.number("port") in was)
        if not both:
            return ports[:1], [], []
        return both, sorted(now - was), sorted(was - now)

    def _change(self, pair: Pair, report: Collector) -> Change:
        """What --from shows to change, by this port."""
        return change_of(pair, self.old, report) if self.old is not None else NO_CHANGE

    # -- one way -------------------------------------------------------------------------------------------------------

    def _path(
        self,
        pair: Pair,
        event: Event,
        change: Change,
        way: Way,
        why_not: str,
    ) -> Path:
        name, mode, platform = way.name, way.mode, way.platform
        said = told(way.told_by) if mode in (PODS, *LOCAL) else Told()
        if mode == NODES_BY_CHECK:
            said = of_nodes(said, pair.service)
        running = pods_of(pair, self.old or self.objects)
        if mode == NODES_WITH_PODS:
            said = with_label(said, pair.service, self.dump.of("Node"), running)
        reason = (
            way.missing
            or why_not
            or not_ready_too(pair, mode)
            or event.why_not
            or said.unclear
            or needs_placement(event, mode, running)
        )
        reason = reason or change.unless(mode, name) or unknown_of_new_nodes(event, way)
        if reason or pair.pod is None:
            return Path(name, reason, event=event.name)
        old = self._old_pod(pair)
        templates = (pair.pod,) if old is None else (pair.pod, old[1])
        setting = Setting(
            pair,
            pair.pod,
            self._application(pair.workload, pair.pod),
            tuple(b for b in self._cluster(platform, said) if not (way.inside and b.name.text == NEW_BACKEND)),
            self.options.kubernetes,
            self.options.told_at,
            mode,
            platform.facts.get("gate", ""),
            self._nodes(pair)[0],
            old,
            self._spread(pair) if mode in LOCAL else event.spread,
            tuple(block for block in (event.block, change.block) if block is not None),
            event.count or self._kept(pair),
        )
        ignored = next(
            (i for i in self.ignored if i.code == "HL490" and i.object in (pair.service, pair.workload)), None
        )
        if event.name == NODE_JOIN:
            made = of_new_node(setting, _blocks(_WITH_NEW_NODE))
            where = tree.places(made.items)
            return Path(name, scenario=made, modules=_WITH_NEW_NODE, places=where, suppressed=ignored, event=event.name)
        modules = _WITH_NAMES if mode == BY_NAME else MODULES
        found = scenario(setting, _blocks(modules))
        proxy = unless_of(mode, self.options.config, self.objects, *([self.old] if self.old is not None else []))
        return Path(
            name,
            scenario=found,
            modules=modules,
            repair=repair_of(setting, found),
            unless=tuple(dict.fromkeys((*proxy, *(note for each in templates for note in unless(each, mode))))),
            retries=way.retries,
            older=() if self.options.version_told else tuple(older(found)),
            places=tree.places(found.items),
            suppressed=ignored,
            event=event.name,
            requests=named(REQUESTS, mode),
        )

    def _application(self, workload: Object, pod: Pod) -> tuple[tree.Entry, ...]:
        """Once for each container that serves: mistakes are reported once."""
        key = (*workload.key, pod.container.text("name"))
        if key not in self.applications:
            self.applications[key] = tuple(application(workload, pod, self.options.config, self.report))
        return self.applications[key]

    def _cluster(self, platform: Profile, said: Told) -> tuple[s.BlockNode, ...]:
        """The platform's blocks, with what annotations say of its balancer, and hitless.toml of this cluster."""
        found = [applied(block, said) if block.name.text == BALANCER else block for block in platform.cluster]
        for path, given in self.options.config.cluster.items():
            block, _, setting = path.rpartition(".")
            entry, mistake = parsed_value(setting, given.value)
            if entry is None or not block:
                self.report.add("HL462", given.span, f"`{path}` cannot be read: {mistake or 'write `block.setting`'}")
                continue
            placed = tree.entry(setting, tree.placed(entry.value, given.span), given.span, because="hitless.toml")
            found = [_with(b, placed) if b.name.text == block else b for b in found]
            if all(b.name.text != block for b in found):
                found.append(tree.block(block, None, [placed], given.span))
        return tuple(found)

    def _old_pod(self, pair: Pair) -> tuple[Object, Pod] | None:
        """What runs now: the pods of a dump, which carry their own template, else the workload as it was."""
        objects = self.old or self.objects
        running = pods_of(pair, objects)
        if self.old is None and not running:
            return None
        workload = running[0] if running else objects.found.get(pair.workload.key)
        ports = list((objects.found.get(pair.service.key) or pair.service).root.each("spec", "ports"))
        number = pair.port.number("port") if pair.port is not None else None
        port = next((port for port in ports if port.number("port") == number), ports[0] if ports else None)
        pod = seen_by(port, workload) if workload else None
        return (workload, pod) if workload is not None and pod is not None else None

    def _kept(self, pair: Pair) -> tuple[int, Span] | None:
        """The replicas that an apply leaves as they are, because it says nothing of them: those of the dump."""
        before = self.old.found.get(pair.workload.key) if self.old is not None else None
        live = before is not None and before.root.get("metadata", "resourceVersion") is not None
        if before is None or not live or pair.autoscaler is not None or pair.workload.root.get("spec", "replicas"):
            return None
        return replicas(before, None) if before.root.number("spec", "replicas") else None

    def _nodes(self, pair: Pair) -> tuple[int, str]:
        """How many nodes there are, for a DaemonSet those with a pod of it; and what was taken as given."""
        found = self._spread(pair)
        if pair.workload.kind == "DaemonSet" and found is not None:
            return found[0], ""
        count, least = self.nodes or NODES, none_left(pair.workload)
        alone = f", on {least if least == 1 else f'{least} or fewer'} no pod is left meanwhile" if least else ""
        return count, f"its pods are taken to be on {count} nodes (a dump with pods tells){alone}"

    def _spread(self, pair: Pair) -> tuple[int, Span] | None:
        """On how many nodes the pods are that run now, if a dump tells."""
        pods = pods_of(pair, self.old or self.objects)
        names = {pod.root.text("spec", "nodeName") for pod in pods} - {""}
        return (len(names), pods[0].root.head) if names else None

    # -- what cannot be verified ---------------------------------------------------------------------------------------

    def _unverifiable(self, pair: Pair) -> str:
        """Why no way to this workload can be verified, or nothing."""
        workload, service = pair.workload, pair.service.root
        if pair.unmodelled:
            return f"a {workload.kind} stands behind it, whose rollout hitless does not know"
        if workload.kind in NEVER_REPLACED:
            return NEVER_REPLACED[workload.kind]
        if found := held_back(pair):
            return found
        ports = [port.text("protocol") or "TCP" for port in service.each("spec", "ports")]
        if ports and "TCP" not in ports:
            return (
                f"only {' and '.join(sorted(set(ports)))}: a lost datagram is no refused connection, and not modelled"
            )
        if pair.pod is None:
            return "its pod template has no containers"
        runs = self._old_pod(pair)
        mesh = pair.pod.mesh or (runs[1].mesh if runs is not None else "")  # a webhook may have put it into the pods
        if mesh:
            return f"requests pass through a sidecar ({mesh}), which stops in its own time: not modelled"
        if workload.kind != "DaemonSet" and replicas(workload, pair.autoscaler)[0] == 0:
            return "0 replicas: no pod serves"
        return ""


def _blocks(modules: tuple[str, ...]) -> frozenset[str]:
    """Which blocks of a platform these models know."""
    return frozenset(h.path for h in world_of(modules).headers.values() if h.inside == "cluster")


def _told_apart(by_port: list[tuple[Node | None, Path]]) -> Iterator[Path]:
    """One way by all ports of a Service; ports of which the same is asked together, named where there are others."""
    if len(by_port) < 2:
        yield from (path for _, path in by_port)
        return
    groups: dict[tuple[str, ...], list[int]] = {}
    first: dict[tuple[str, ...], Path] = {}
    for port, path in by_port:
        key = (path.why_not, *path.unless, scenario_text(path.scenario.items) if path.scenario is not None else "")
        groups.setdefault(key, []).append((port.number("port") if port is not None else None) or 0)
        first.setdefault(key, path)
    for key, path in first.items():
        numbers = ", ".join(map(str, groups[key]))
        named = f"{path.name}, port{'s' if len(groups[key]) > 1 else ''} {numbers}"
        yield path if len(groups) == 1 else replace(path, name=named)


def _with(block: s.BlockNode, entry: s.Assignment) -> s.BlockNode:
    kept = [each for each in block.entries if each.name.text != entry.name.text]
    return tree.block(block.name.text, None, [*kept, entry], block.span)
