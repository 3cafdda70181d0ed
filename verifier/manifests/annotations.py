"""What annotations say of a balancer's health check and draining: AWS, Azure, Alibaba. GKE has kinds of its own.

Sources: aws-load-balancer-controller docs/guide/{service,ingress}/annotations.md; cloud-provider-azure
pkg/consts/consts.go; cloud-provider-alibaba-cloud docs/usage.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from verifier.language import syntax as s
from verifier.language.program import Span
from verifier.manifests import tree
from verifier.manifests.objects import Object

# The end of an annotation's name -> the setting of the balancer, and its kind.
_SECONDS, _COUNT = "seconds", "count"
_SETTINGS = {
    "aws-load-balancer-healthcheck-interval": ("interval", _SECONDS),
    "aws-load-balancer-healthcheck-timeout": ("timeout", _SECONDS),
    "aws-load-balancer-healthcheck-healthy-threshold": ("healthy", _COUNT),
    "aws-load-balancer-healthcheck-unhealthy-threshold": ("unhealthy", _COUNT),
    "healthcheck-interval-seconds": ("interval", _SECONDS),
    "healthcheck-timeout-seconds": ("timeout", _SECONDS),
    "healthy-threshold-count": ("healthy", _COUNT),
    "unhealthy-threshold-count": ("unhealthy", _COUNT),
    "azure-load-balancer-health-probe-interval": ("interval", _SECONDS),
    "azure-load-balancer-health-probe-num-of-probe": ("unhealthy", _COUNT),
    "alibaba-cloud-loadbalancer-health-check-interval": ("interval", _SECONDS),
    "alibaba-cloud-loadbalancer-health-check-timeout": ("timeout", _SECONDS),
    "alibaba-cloud-loadbalancer-health-check-connect-timeout": ("timeout", _SECONDS),
    "alibaba-cloud-loadbalancer-healthy-threshold": ("healthy", _COUNT),
    "alibaba-cloud-loadbalancer-unhealthy-threshold": ("unhealthy", _COUNT),
}
_ATTRIBUTES = ("aws-load-balancer-target-group-attributes", "target-group-attributes")
# (whether there is draining, how long it takes)
_DRAINS = (
    ("aws-load-balancer-connection-draining-enabled", "aws-load-balancer-connection-draining-timeout"),
    ("alibaba-cloud-loadbalancer-connection-drain", "alibaba-cloud-loadbalancer-connection-drain-timeout"),
)
_PORT = "aws-load-balancer-healthcheck-port"
_LABEL = "alibaba-cloud-loadbalancer-backend-label"
_OFF = "alibaba-cloud-loadbalancer-health-check-switch"
_ASKS = re.compile(r"health-?(check|probe).*port$|no_probe_rule$")
HEALTH_CHECK, DRAIN = "health_check", "drain"


@dataclass(frozen=True, slots=True)
class Told:
    """`check`: settings of the health check; `drain`: that of the balancer; `unclear`: an annotation whose value means
    nothing to hitless; `port`: which port the check asks, where one says it; `label`: which nodes may be backends."""

    check: tuple[s.Assignment, ...] = ()
    drain: s.Assignment | None = None
    unclear: str = ""
    port: tuple[str, Span] | None = None
    label: s.BlockNode | None = None


def told(objects: Iterable[Object]) -> Told:
    """What the annotations of these objects say; of two that say the same the later one is taken."""
    notes = {key.rpartition("/")[2]: (value, span) for key, value, span in _notes(objects)}
    check: dict[str, s.Assignment] = {}
    for name, (value, span) in notes.items():
        setting, kind = _SETTINGS.get(name, ("", ""))
        if setting and not value.strip().isdigit():
            return Told(unclear=f"annotation {name} is no number")
        if setting:
            number = int(value.strip()[:9])
            given = tree.duration(number * 1000, span) if kind == _SECONDS else tree.number(max(number, 1), span)
            check[setting] = tree.entry(setting, given, span, because=f"annotation {name}")
    if notes.get(_OFF, ("on",))[0].strip().lower() == "off":
        return Told(unclear=f"annotation {_OFF} turns the health check off, which is not modelled")
    drain, unclear = _drain(notes)
    return Told(tuple(check.values()), drain, unclear, notes.get(_PORT))


def of_nodes(said: Told, service: Object) -> Told:
    """What `said` means where the health check asks each node for ready pods. Draining is of backends that are removed,
    which nodes are not; another port than `healthCheckNodePort` is another question.
    """
    said = replace(said, drain=None)
    if said.port is None or said.port[0] == str(service.root.number("spec", "healthCheckNodePort")):
        return said
    value, span = said.port
    if value != "traffic-port":
        return replace(said, unclear=f"annotation {_PORT}: what answers on that port of a node is not known")
    asks = tree.entry("asks_for", tree.word("traffic_port", span), span, because=f"annotation {_PORT}")
    return replace(said, check=(*said.check, asks))


def asks_another_port(objects: Iterable[Object]) -> str:
    """The annotation by which the health check of nodes asks another port than that of the requests, or nothing."""
    notes = {key.rpartition("/")[2]: value for key, value, _ in _notes(objects)}
    found = (name for name, value in notes.items() if _ASKS.search(name) and value.strip() != "traffic-port")
    return next((f"annotation {name}: what answers on that port of a node is not known" for name in found), "")


def with_label(said: Told, service: Object, nodes: Iterable[Object], pods: Iterable[Object]) -> Told:
    """`said`, with how many of the nodes in a dump the annotation `backend-label` selects. The models take the nodes
    on which pods run now to be the first of them, so it must be one way or the other.
    """
    value, span = {k.rpartition("/")[2]: (v, at) for k, v, at in _notes((service,))}.get(_LABEL, ("", None))
    if span is None:
        return said
    label = dict(pair.strip().partition("=")[::2] for pair in value.split(","))
    have = {node.name: label.items() <= node.labels.items() for node in nodes}
    run = {pod.root.text("spec", "nodeName") for pod in pods} - {""}
    labelled = {name for name, has in have.items() if has}
    if not run or not run <= have.keys():
        return replace(
            said, unclear=f"annotation {_LABEL}: which nodes have it is not known: give a dump with nodes and pods"
        )
    if not labelled:
        return replace(said, unclear=f"annotation {_LABEL}: no node has this label")
    if not (run <= labelled or labelled <= run):
        return replace(
            said, unclear=f"annotation {_LABEL}: some pods run on nodes with it, others elsewhere: not modelled"
        )
    entry = tree.entry("nodes", tree.number(len(labelled), span), span, because=f"annotation {_LABEL}")
    return replace(said, label=tree.block("backend_label", None, [entry], span))


def _notes(objects: Iterable[Object]) -> Iterator[tuple[str, str, Span]]:
    for each in objects:
        node = each.root.get("metadata", "annotations")
        for key, entry in node.entries().items() if node is not None else ():
            if isinstance(entry.node.value, str):
                yield key, entry.node.value, entry.span


def _drain(notes: dict[str, tuple[str, Span]]) -> tuple[s.Assignment | None, str]:
    for name in _ATTRIBUTES:
        value, span = notes.get(name, ("", None))
        if span is not None and (found := re.search(r"deregistration_delay\.timeout_seconds\s*=\s*(\w*)", value)):
            return _lasts(name, found[1], span)
    for switch, time in _DRAINS:
        value, span = notes.get(switch, ("", None))
        if span is None:
            continue
        if value.strip().lower() not in ("true", "on"):
            return tree.entry(DRAIN, tree.word("off", span), span, because=f"annotation {switch}"), ""
        if time in notes:
            return _lasts(time, notes[time][0], notes[time][1])
        return None, f"annotation {time} is missing: how long draining takes is not known"
    return None, ""


def _lasts(name: str, value: str, span: Span) -> tuple[s.Assignment | None, str]:
    if not value.strip().isdigit():
        return None, f"annotation {name} is no number"
    seconds = tree.duration(int(value.strip()[:9]) * 1000, span)
    return tree.entry(DRAIN, tree.chosen("lasts", seconds, span), span, because=f"annotation {name}"), ""


def applied(balancer: s.BlockNode, said: Told) -> s.BlockNode:
    """The balancer's block of a profile with what annotations say in place of its defaults."""
    entries: list[tree.Entry] = []
    for entry in balancer.entries:
        if entry.name.text == HEALTH_CHECK and isinstance(entry, s.BlockNode):
            given = {each.name.text for each in said.check}
            kept = [each for each in entry.entries if each.name.text not in given]
            entry = tree.block(HEALTH_CHECK, None, [*kept, *said.check], entry.span)
        elif entry.name.text == DRAIN and said.drain is not None:
            entry = said.drain
        entries.append(entry)
    if said.label is not None:
        entries.append(said.label)
    return tree.block(balancer.name.text, None, entries, balancer.span)
