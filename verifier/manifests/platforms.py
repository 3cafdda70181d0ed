"""Profiles of platforms (models/profiles/NAME.rollout): what is known of one, and which one objects tell of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from verifier.language import syntax as s
from verifier.language.assemble import parsed_scenario, written
from verifier.manifests.objects import Object, Objects
from verifier.resources import resource, shown

FOLDER = "profiles"
DEFAULT = "kube-proxy"
KUBE_PROXY = "kube-proxy"

# What balancers send to, as far as there is a model of it.
EVERY_NODE, NODES_WITH_PODS, NODES_BY_CHECK, PODS, CONTROLLER = MODELLED = (
    "every node",
    "nodes with pods",
    "every node, and a health check that counts ready pods",
    "pods",
    "a controller in the cluster with its own list of pods",
)
# Clients of a headless Service: they resolve a name, and no balancer is in between.
BY_NAME = "the addresses of a name"
# Those that send to a node for its own pods: where pods are matters.
LOCAL = (NODES_WITH_PODS, NODES_BY_CHECK)

# What an annotation, a load balancer class, an ingress class or a node's providerID says of the platform.
_PROVIDERS = {"aws": "eks-nlb-instance", "gce": "gke-l4", "azure": "aks-slb", "alicloud": "ack-clb", "k3s": "k3s"}
_LB_CLASSES = {"service.k8s.aws/nlb": "eks-nlb-ip", "eks.amazonaws.com/nlb": "eks-nlb-ip"}
_INGRESS_CLASSES = {
    "nginx": "ingress-nginx",
    "alb": "eks-alb-instance",
    "gce": "gke-neg",
    "openshift-default": "openshift-router",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """One number of a profile, as `hitless profiles show` lists it."""

    setting: str
    value: str
    typical: str
    assumed: bool
    because: str
    place: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A platform. `facts`: the texts of its `profile` block; `cluster`: its blocks of settings by name, those of the
    profile it is based on first."""

    name: str
    facts: dict[str, str]
    cluster: tuple[s.BlockNode, ...]

    @property
    def title(self) -> str:
        return self.facts.get("title", "")

    @property
    def proxied(self) -> bool:
        """Do its nodes run kube-proxy, whose model hitless has?"""
        return self.facts.get("proxy") == KUBE_PROXY

    def way(self, policy: str) -> str | None:
        """What the balancer sends to, for `cluster`, `local` or `ingress`; None if the platform has none for that."""
        return self.facts.get("pods") if policy != "ingress" and "pods" in self.facts else self.facts.get(policy)

    def missing(self, policy: str) -> str:
        """Why that way cannot be verified, or nothing."""
        way = self.way(policy)
        if way is None:
            return f"{self.name} says nothing of {'an Ingress' if policy == 'ingress' else 'a balancer of its own'}"
        return "" if way in MODELLED else f"{self.name} sends to {way}: not modelled yet"

    def bounds(self) -> Iterator[Bound]:
        """Every number, those that nobody has documented first."""
        found = [bound for block in self.cluster for bound in _bounds(block, "")]
        yield from sorted(found, key=lambda bound: not bound.assumed)


def names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (resource("models") / FOLDER).glob("*.rollout")))


@cache
def profile(name: str) -> Profile:
    """The profile of that name. Raises KeyError if there is none."""
    if name not in names():
        raise KeyError(name)
    path = resource("models") / FOLDER / f"{name}.rollout"
    tree, mistakes = parsed_scenario(path.read_text("utf-8"), shown(str(path)))
    assert not mistakes, mistakes
    blocks = {block.name.text: block for block in tree.items if isinstance(block, s.BlockNode)}
    facts = {e.name.text: e.value.text for e in blocks["profile"].entries if _is_text(e)}  # type: ignore[union-attr]
    own = [e for e in blocks["cluster"].entries if isinstance(e, s.BlockNode)] if "cluster" in blocks else []
    base = profile(facts["based_on"]).cluster if "based_on" in facts else ()
    given = {block.name.text for block in own}
    return Profile(name, facts, (*(b for b in base if b.name.text not in given), *own))


def framework(name: str) -> s.BlockNode | None:
    """What is known of a framework: the `app` block of models/apps/NAME.rollout."""
    path = resource("models") / "apps" / f"{name}.rollout"
    if name not in frameworks():
        return None
    tree, mistakes = parsed_scenario(path.read_text("utf-8"), shown(str(path)))
    assert not mistakes, mistakes
    return next(block for block in tree.items if isinstance(block, s.BlockNode))


def frameworks() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (resource("models") / "apps").glob("*.rollout")))


def _is_text(entry: object) -> bool:
    return isinstance(entry, s.Assignment) and isinstance(entry.value, s.Constant) and entry.value.kind == "text"


def _bounds(block: s.BlockNode, above: str) -> Iterator[Bound]:
    path = f"{above}.{block.name.text}" if above else block.name.text
    for entry in block.entries:
        if isinstance(entry, s.BlockNode):
            yield from _bounds(entry, path)
        elif isinstance(entry, s.Assignment):
            typical = "" if entry.typical is None else written(entry.typical)
            place = f"{shown(entry.span.file)}:{entry.span.line}"
            yield Bound(f"{path}.{entry.name.text}", written(entry.value), typical, entry.assumed, entry.because, place)


# -- which platform it is ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Platform:
    """The profile of one way of requests, and what told: an option, an annotation, a class, a node."""

    profile: Profile
    told_by: str


def balancer_of(service: Object, objects: Objects, chosen: str | None) -> Platform | None:
    """The platform of a Service of type LoadBalancer; None if nothing tells."""
    if chosen is not None:
        return Platform(profile(chosen), "--on")
    told = _by_annotation(service.annotations) or _by_class(service)
    if told is not None:
        return told
    for node in objects.of("Node"):
        scheme = node.root.text("spec", "providerID").partition(":")[0]
        if scheme in _PROVIDERS:
            return Platform(profile(_PROVIDERS[scheme]), f"Node {node.name}, providerID {scheme}")
    return None


def ingress_of(ingress: Object, service: Object, chosen: str | None) -> Platform | None:
    if chosen is not None and profile(chosen).way("ingress") is not None:
        return Platform(profile(chosen), "--on")
    name = ingress.root.text("spec", "ingressClassName") or ingress.annotations.get("kubernetes.io/ingress.class", "")
    notes = {**ingress.annotations, **service.annotations}
    if name == "alb" and notes.get("alb.ingress.kubernetes.io/target-type") == "ip":
        return Platform(profile("eks-alb-ip"), "annotation target-type")
    if name in _INGRESS_CLASSES:
        return Platform(profile(_INGRESS_CLASSES[name]), f"ingress class {name}")
    return None


def _by_class(service: Object) -> Platform | None:
    name = service.root.text("spec", "loadBalancerClass")
    if name not in _LB_CLASSES:
        return None
    target = service.annotations.get("service.beta.kubernetes.io/aws-load-balancer-nlb-target-type")
    found = "eks-nlb-instance" if target == "instance" else _LB_CLASSES[name]
    return Platform(profile(found), f"loadBalancerClass {name}")


def _by_annotation(annotations: dict[str, str]) -> Platform | None:
    """Annotations of AWS, GKE, Azure and Alibaba that choose a balancer and its mode."""
    for key in sorted(annotations):
        name = key.rpartition("/")[2]
        value = annotations[key]
        found = None
        if name == "aws-load-balancer-nlb-target-type":
            found = "eks-nlb-ip" if value == "ip" else "eks-nlb-instance"
        elif name == "aws-load-balancer-type":
            target = annotations.get("service.beta.kubernetes.io/aws-load-balancer-nlb-target-type")
            by_ip = value == "nlb-ip" or target == "ip"
            found = ("eks-nlb-ip" if by_ip else "eks-nlb-instance") if value in ("nlb", "nlb-ip", "external") else None
        elif name.startswith("aws-load-balancer-") and not any("aws-load-balancer-type" in k for k in annotations):
            found = "eks-classic"
        elif key == "networking.gke.io/load-balancer-type" or key.startswith("cloud.google.com/l4-"):
            found = "gke-l4"
        elif key == "cloud.google.com/neg" and "exposed_ports" in value:
            found = "gke-neg"
        elif name.startswith("azure-load-balancer"):
            found = "aks-slb"
        elif key == "service.beta.kubernetes.io/backend-type" and value == "eni":
            found = "ack-clb-eni"
        elif "alibaba-cloud-loadbalancer" in key or "alicloud-loadbalancer" in key:
            eni = annotations.get("service.beta.kubernetes.io/backend-type") == "eni"
            found = "ack-clb-eni" if eni else "ack-clb"
        elif key.startswith(("metallb.io/", "metallb.universe.tf/")):
            found = "metallb-l2"
        if found is not None:
            return Platform(profile(found), f"annotation {name}")
    return None
