"""Which objects belong together: Services and workloads, Ingresses, disruption budgets, autoscalers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verifier.language.diagnostics import Collector, nearest
from verifier.manifests.nodes import Node
from verifier.manifests.objects import WORKLOADS, Object, Objects
from verifier.manifests.pods import Pod, pod_of, port_number


@dataclass(frozen=True, slots=True)
class Pair:
    """A Service and the workload behind it, by one `port` of it; `unmodelled`: a kind that hitless does not know.

    `ingresses`: those that send to the Service. `budgets`, `autoscaler`: what else knows the workload.
    """

    service: Object
    workload: Object
    pod: Pod | None
    unmodelled: bool
    ingresses: tuple[Object, ...]
    autoscaler: Object | None
    port: Node | None = None


@dataclass(frozen=True, slots=True)
class Alone:
    """A Service, or a workload, that has no partner; `why` not verified."""

    object: Object
    why: str


@dataclass(frozen=True, slots=True)
class Selection:
    pairs: tuple[Pair, ...]
    services: tuple[Alone, ...]
    workloads: tuple[Alone, ...]


def select(objects: Objects, report: Collector) -> Selection:
    """Pairs by labels within a namespace; says what is left over, and what looks like a slip."""
    makers = [each for each in objects.of(*WORKLOADS, "Pod") if not each.owner] + objects.unmodelled
    pairs: list[Pair] = []
    services: list[Alone] = []
    for service in objects.of("Service"):
        wanted = service.root.texts("spec", "selector")
        if service.root.text("spec", "type") == "ExternalName":
            services.append(Alone(service, "it is a name for something outside of the cluster"))
            continue
        if not wanted:
            services.append(Alone(service, "it has no selector: somebody else keeps its endpoints"))
            continue
        here = [m for m in makers if m.namespace == service.namespace and _matches(wanted, m.pod_labels)]
        if not here:
            _no_workload(service, wanted, makers, report)
            services.append(Alone(service, "no workload in these files has the labels that it selects"))
        elif len(here) > 1:
            _several(service, here, report)
        pairs += [_pair(service, workload, objects, report) for workload in here]
    paired = {pair.workload.key for pair in pairs}
    alone = tuple(Alone(m, "no Service selects its pods") for m in makers if m.key not in paired and m.kind != "Pod")
    for budget in objects.of("PodDisruptionBudget"):
        _budget(budget, makers, report)
    return Selection(tuple(pairs), tuple(services), alone)


def _pair(service: Object, workload: Object, objects: Objects, report: Collector) -> Pair:
    ports = list(service.root.each("spec", "ports"))
    port = next((port for port in ports if is_tcp(port)), ports[0] if ports else None)
    pod = seen_by(port, workload)
    if pod is not None:
        _ports(service, pod, report)
    return Pair(
        service,
        workload,
        pod,
        workload in objects.unmodelled,
        tuple(i for i in objects.of("Ingress") if i.namespace == service.namespace and service.name in _backends(i)),
        next((a for a in objects.of("HorizontalPodAutoscaler") if _scales(a, workload)), None),
        port,
    )


def seen_by(port: Node | None, workload: Object) -> Pod | None:
    """The pod template as this port of a Service sees it."""
    if port is None:
        return pod_of(workload, None, None)
    return pod_of(workload, port.get("targetPort"), port.number("port"))


def is_tcp(port: Node) -> bool:
    return port.text("protocol") in ("", "TCP")


def by_port(pair: Pair) -> Iterator[Pair]:
    """The pair by each port of its Service that a connection can go to: TCP, and to a port that some container has."""
    yield pair
    for port in pair.service.root.each("spec", "ports"):
        if port is pair.port or not is_tcp(port) or pair.pod is None or not _has_endpoints(port, pair.pod):
            continue
        yield replace(pair, pod=seen_by(port, pair.workload), port=port)


def _has_endpoints(port: Node, pod: Pod) -> bool:
    """A named target that no container has gives no endpoint."""
    target = port.get("targetPort")
    if target is None or not isinstance(target.value, str) or target.value.isdigit():
        return True
    return any(port_number(container, target) is not None for container in pod.spec.each("containers"))


def _matches(wanted: dict[str, str], labels: dict[str, str]) -> bool:
    return bool(wanted) and wanted.items() <= labels.items()


def selects(selector: Node | None, labels: dict[str, str]) -> bool:
    """A label selector of an object, on labels; none selects nothing, an empty one everything."""
    if selector is None:
        return False
    if not selector.texts("matchLabels").items() <= labels.items():
        return False
    return all(_holds(rule, labels) for rule in selector.each("matchExpressions"))


def _holds(rule: Node, labels: dict[str, str]) -> bool:
    value = labels.get(rule.text("key"))
    values = {each.value for each in rule.each("values")}
    match rule.text("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False


def _backends(ingress: Object) -> dict[str, set[object]]:
    """The Services that an Ingress sends to, and to which of their ports; in today's spelling and that before 1.19."""
    found: dict[str, set[object]] = {}
    spec = ingress.root.get("spec")
    paths = [p for rule in ingress.root.each("spec", "rules") for p in rule.each("http", "paths")]
    backends = [b for b in (spec and spec.get("defaultBackend"), *(p.get("backend") for p in paths)) if b is not None]
    for backend in backends:
        name = backend.text("service", "name") or backend.text("serviceName")
        ports = (backend.get("service", "port", "number"), backend.get("service", "port", "name"))
        said = {port.value for port in (*ports, backend.get("servicePort")) if port is not None}
        if name:
            found.setdefault(name, set()).update(said)
    return found


def sends_to(ingress: Object, service: Object, port: Node) -> bool:
    """Does this Ingress send to this port of the Service?"""
    wanted = _backends(ingress).get(service.name, set())
    return not wanted or bool({port.number("port"), str(port.number("port")), port.text("name")} & wanted)


def _scales(autoscaler: Object, workload: Object) -> bool:
    target = autoscaler.root.get("spec", "scaleTargetRef")
    return target is not None and (autoscaler.namespace, target.text("kind"), target.text("name")) == (
        workload.namespace,
        workload.kind,
        workload.name,
    )


# -- what looks like a slip --------------------------------------------------------------------------------------------


def _no_workload(service: Object, wanted: dict[str, str], makers: list[Object], report: Collector) -> None:
    place = service.root.at("spec", "selector")
    here = [m for m in makers if m.namespace == service.namespace]
    near = nearest(service.name, [m.name for m in here])
    likely = next((m for m in here if m.name == near), here[0] if len(here) == 1 else None)
    labels = ", ".join(f"{key}={value}" for key, value in sorted(wanted.items()))
    if likely is None:
        report.add("HL440", place, f"no workload here has the labels {labels}", fix="give its manifest too")
        return
    missing = [f"{key}: {value}" for key, value in sorted(wanted.items()) if likely.pod_labels.get(key) != value]
    where = _label_place(likely)
    fix = f"add `{missing[0]}` to the labels of {likely.kind} {likely.name}'s pods" if missing else ""
    note = (
        f"the pods of {likely.kind} {likely.name} have other labels"
        if likely.pod_labels
        else "these pods have no labels"
    )
    report.add("HL440", place, f"no workload here has the labels {labels}", fix=fix, secondary=((where, note),))


def _label_place(workload: Object):  # type: ignore[no-untyped-def]
    path = ("metadata", "labels") if workload.kind == "Pod" else ("spec", "template", "metadata", "labels")
    return workload.root.at(*path)


def _several(service: Object, here: list[Object], report: Collector) -> None:
    names = " and ".join(f"{each.kind} {each.name}" for each in here)
    report.add(
        "HL443",
        service.root.at("spec", "selector"),
        f"{len(here)} workloads stand behind Service {service.name}: {names}",
        why="each is checked as if the other did not exist, which is the worse case: the other one may serve meanwhile",
    )


def _ports(service: Object, pod: Pod, report: Collector) -> None:
    """A named target that no container opens gives no endpoints at all; probes may ask another port."""
    for port in service.root.each("spec", "ports"):
        target = port.get("targetPort")
        if target is not None and not _has_endpoints(port, pod):
            message = f"no container has a port named `{target.value}`: Service {service.name} has no endpoints for it"
            report.add(
                "HL445", port.at("targetPort"), message, fix=f"add `name: {target.value}` to the container's port"
            )
    for name, probe in _probes(pod):
        asked = pod.probe_port(probe)
        targets = {pod.port, *(_target(port, pod) for port in service.root.each("spec", "ports"))}
        if asked is not None and pod.port is not None and asked not in targets:
            report.add(
                "HL444",
                pod.container.at(name),
                f"the {name} asks port {asked}, and Service {service.name} sends to port {pod.port}",
                why="a probe that passes says nothing about the port that is served",
                fix=f"let it ask port {pod.port}, or say probe_port_opens and startup_time in hitless.toml",
            )


def _target(port: Node, pod: Pod) -> int | None:
    target = port.get("targetPort")
    return port.number("port") if target is None else port_number(pod.container, target)


def _probes(pod: Pod) -> Iterator[tuple[str, Node]]:
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        probe = pod.probe(name)
        if probe is not None:
            yield name, probe


def _budget(budget: Object, makers: list[Object], report: Collector) -> None:
    selector = budget.root.get("spec", "selector")
    if not any(m.namespace == budget.namespace and selects(selector, m.pod_labels) for m in makers):
        message = f"PodDisruptionBudget {budget.name} selects no pod of a workload here"
        report.add("HL442", budget.root.at("spec", "selector"), message, fix="give it the labels of the pod template")
