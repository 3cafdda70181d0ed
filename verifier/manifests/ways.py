"""The ways of requests to a Service: from inside of the cluster, by a node's port, by a balancer, by an Ingress."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from verifier.manifests.nodes import Node
from verifier.manifests.objects import Object, Objects
from verifier.manifests.platforms import (
    BY_NAME,
    CONTROLLER,
    DEFAULT,
    EVERY_NODE,
    PODS,
    Profile,
    balancer_of,
    ingress_of,
    profile,
)
from verifier.manifests.selection import Pair

INSIDE, NODE_PORT, HEADLESS = "ClusterIP", "NodePort", "headless"


@dataclass(frozen=True, slots=True)
class Way:
    """`mode`: the model of what sends; `missing`: why it cannot be verified; `told_by`: objects whose annotations
    say more of it."""

    name: str
    platform: Profile
    mode: str = ""
    missing: str = ""
    told_by: tuple[Object, ...] = ()
    ingress: Object | None = None

    @property
    def inside(self) -> bool:
        """Are its clients pods in the cluster?"""
        return self.name == INSIDE

    @property
    def retries(self) -> str:
        """What may save a request that the model calls lost, or nothing."""
        if self.mode != CONTROLLER:
            return ""
        return f"{self.platform.name} may try a failed connection again on another pod, which is not modelled"


def ways(pair: Pair, objects: Objects, on: str | None) -> Iterator[Way]:
    """Every way to the Service of a pair; `on`: the profile that was asked for."""
    service = pair.service.root
    kind = service.text("spec", "type") or "ClusterIP"
    base = profile(on or DEFAULT)
    if service.text("spec", "clusterIP") == "None":
        yield Way(HEADLESS, base, BY_NAME)
    else:
        yield Way(INSIDE, base, EVERY_NODE, _inside(service, base))
    local = service.text("spec", "externalTrafficPolicy") == "Local"
    if kind == "NodePort":
        outside = "policy Local on a NodePort is not modelled yet" if local else ""
        yield Way(NODE_PORT, base, EVERY_NODE, outside or _data_plane(base))
    if kind == "LoadBalancer":
        yield _balancer(pair.service, base, "local" if local else "cluster", objects, on)
    for ingress in pair.ingresses:
        yield _ingress(ingress, pair.service, base, local, on)


def _inside(service: Node, base: Profile) -> str:
    if service.text("spec", "internalTrafficPolicy") == "Local":
        return "internalTrafficPolicy Local is not modelled yet"
    return _data_plane(base)


def _data_plane(base: Profile) -> str:
    if base.proxied:
        return ""
    return f"{base.name} runs {base.facts.get('proxy', 'something else')} instead of kube-proxy: not modelled"


def _balancer(service: Object, base: Profile, policy: str, objects: Objects, on: str | None) -> Way:
    found = balancer_of(service, objects, on)
    if found is None:
        return Way("LoadBalancer", base, missing="nothing tells which balancer this is (--on PROFILE says it)")
    name, mode = f"LoadBalancer ({found.profile.name})", found.profile.way(policy) or ""
    missing = found.profile.missing(policy)
    return Way(name, found.profile, mode, missing or _by_nodes(mode, base), (service,))


def _ingress(ingress: Object, service: Object, base: Profile, local: bool, on: str | None) -> Way:
    found = ingress_of(ingress, service, on)
    name = f"Ingress {ingress.name}"
    if found is None:
        missing = "nothing tells which controller serves it (--on PROFILE says it)"
        return Way(name, base, missing=missing, ingress=ingress)
    mode = found.profile.way("ingress") or ""
    missing = found.profile.missing("ingress") or _by_nodes(mode, base)
    if mode == EVERY_NODE and local and not missing:
        missing = "policy Local behind a balancer of nodes is not modelled yet"
    return Way(f"{name} ({found.profile.name})", found.profile, mode, missing, (ingress, service), ingress)


def _by_nodes(mode: str, base: Profile) -> str:
    return "" if mode in (PODS, CONTROLLER) else _data_plane(base)
