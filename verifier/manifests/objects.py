"""Documents -> objects of the API that hitless reads, each kept as its placed node; the others are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from verifier.language.diagnostics import Collector
from verifier.language.program import Version
from verifier.manifests import schema
from verifier.manifests.nodes import Document, Node

# Kind -> the group and version whose fields hitless reads.
READ = {
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Service": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Ingress": "networking.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "Node": "v1",
    "Pod": "v1",
}
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")

# Groups that Kubernetes served once: (kind, group/version) -> the version that stopped. Those with the fields of
# today's kind are checked against it.
_OLD = {
    ("Deployment", "extensions/v1beta1"): "1.16",
    ("Deployment", "apps/v1beta1"): "1.16",
    ("Deployment", "apps/v1beta2"): "1.16",
    ("DaemonSet", "extensions/v1beta1"): "1.16",
    ("DaemonSet", "apps/v1beta2"): "1.16",
    ("ReplicaSet", "extensions/v1beta1"): "1.16",
    ("ReplicaSet", "apps/v1beta2"): "1.16",
    ("StatefulSet", "apps/v1beta1"): "1.16",
    ("StatefulSet", "apps/v1beta2"): "1.16",
    ("Ingress", "extensions/v1beta1"): "1.22",
    ("Ingress", "networking.k8s.io/v1beta1"): "1.22",
    ("PodDisruptionBudget", "policy/v1beta1"): "1.25",
    ("EndpointSlice", "discovery.k8s.io/v1beta1"): "1.25",
    ("HorizontalPodAutoscaler", "autoscaling/v2beta1"): "1.25",
    ("HorizontalPodAutoscaler", "autoscaling/v2beta2"): "1.26",
}
_ALSO = {("HorizontalPodAutoscaler", "autoscaling/v1")}

# Schemas are of Kubernetes' own kinds; a Service of Knative is another kind of the same name.
_DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True)
class Object:
    """One object; `kind` with its group where that is not Kubernetes' own (`Rollout.argoproj.io`)."""

    kind: str
    name: str
    namespace: str
    root: Node

    @property
    def title(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.kind, self.namespace, self.name)

    @property
    def labels(self) -> dict[str, str]:
        return self.root.texts("metadata", "labels")

    @property
    def annotations(self) -> dict[str, str]:
        return self.root.texts("metadata", "annotations")

    @property
    def pod_labels(self) -> dict[str, str]:
        """Labels of the pods that it makes; of itself, if it is a pod."""
        return self.labels if self.kind == "Pod" else self.root.texts("spec", "template", "metadata", "labels")

    @property
    def pod_spec(self) -> Node | None:
        return self.root.get("spec") if self.kind == "Pod" else self.root.get("spec", "template", "spec")

    @property
    def owner(self) -> str:
        """The kind of the controller that made it, or nothing."""
        owners = (o.text("kind") for o in self.root.each("metadata", "ownerReferences") if o.flag("controller"))
        return next(owners, "")


@dataclass(slots=True)
class Objects:
    """What was read. `unmodelled`: objects of other groups that make pods; `proxy_configs`: ConfigMaps of kube-proxy;
    `ignored`: how many of each other kind, these too."""

    found: dict[tuple[str, str, str], Object] = field(default_factory=dict)
    unmodelled: list[Object] = field(default_factory=list)
    proxy_configs: list[Object] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)

    def of(self, *kinds: str) -> Iterator[Object]:
        for kind in kinds:
            yield from (each for each in self.found.values() if each.kind == kind)

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        return self.found.get((kind, namespace, name))


def objects_of(documents: Iterable[Document], version: Version, report: Collector) -> Objects:
    """Sorts documents into objects; each that the API server would refuse is reported and left out."""
    objects = Objects()
    for document in documents:
        for root in _flat(document.root, report):
            _take(root, version, objects, report)
    return objects


def _flat(root: Node, report: Collector) -> Iterator[Node]:
    """The objects of a document: itself, or the items of a list of objects, lists in it included."""
    waiting = [root]
    while waiting:
        node = waiting.pop(0)
        if not isinstance(node.value, dict):
            message = f"an object of Kubernetes is a mapping, and this is {node.kind}"
            report.add("HL425", node.head, message, fix="remove it, or write `kind: List` and `items:` around objects")
        elif node.text("kind").endswith("List") and type(getattr(node.get("items"), "value", None)) is tuple:
            waiting[:0] = node.each("items")
        else:
            yield node


def _take(root: Node, version: Version, objects: Objects, report: Collector) -> None:
    kind, api_version = root.text("kind"), root.text("apiVersion")
    if not kind or not api_version:
        missing = " and ".join(f"`{name}`" for name in ("apiVersion", "kind") if not root.text(name))
        fix = "point hitless at manifests only" if not kind and not api_version else f"add {missing}"
        report.add("HL425", root.head, f"this is no object of Kubernetes: it has no {missing}", fix=fix)
        return
    group = api_version.rpartition("/")[0]
    own = READ.get(kind)
    old = _OLD.get((kind, api_version))
    if own != api_version and old is None and (kind, api_version) not in _ALSO:
        if kind in READ and group in ("", own.rpartition("/")[0] if own else ""):
            report.add("HL425", root.at("apiVersion"), f"there is no {kind} in {api_version}", fix=f"write `{own}`")
        else:
            _other(root, kind, group, objects)
        return
    left = _template(root)
    if left is not None:
        fix = "pipe what it renders to: `helm template . | hitless verify -`"
        report.add("HL424", left.head, "a template that was not rendered", fix=fix)
        return
    mistakes = len(report.found)
    if old is not None:
        text = f"{api_version} is no longer served: Kubernetes {old} and later refuse this {kind}"
        report.add("HL426", root.at("apiVersion"), text, fix=f"write `apiVersion: {own}`")
        mistakes += 1
    if old is None or kind in WORKLOADS:
        schema.check(root, kind, api_version if old is None else str(own), version, report)
    if not root.text("metadata", "name") and not root.text("metadata", "generateName"):
        report.add("HL431", root.at("metadata"), f"this {kind} has no name", fix="add `metadata.name`")
    if len(report.found) > mistakes:
        return
    found = _object(root, kind)
    first = objects.found.get(found.key)
    if first is not None:
        secondary = ((first.root.head, "first here"),)
        report.add("HL427", root.head, f"{found.title} is given twice", fix="remove one", secondary=secondary)
    objects.found[found.key] = found


def _template(root: Node) -> Node | None:
    """A text with the marks of a template, where no field of Kubernetes has any: commands, notes and data may."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node.value, str) and "{{" in node.value and "}}" in node.value:
            return node
        waiting += node.items()
        waiting += [e.node for key, e in node.entries().items() if key not in schema.SECRET_KEYS and key != "command"]
    return None


def _object(root: Node, kind: str) -> Object:
    name = root.text("metadata", "name") or root.text("metadata", "generateName")
    return Object(kind, name, root.text("metadata", "namespace") or _DEFAULT_NAMESPACE, root)


def _other(root: Node, kind: str, group: str, objects: Objects) -> None:
    """Not a kind that hitless reads; if it makes pods, a Service may be backed by it."""
    makes_pods = root.get("spec", "template", "spec", "containers") is not None
    if makes_pods and kind not in ("Job", "PodTemplate"):
        objects.unmodelled.append(_object(root, f"{kind}.{group}" if group else kind))
    else:
        objects.ignored[kind] += 1
    if kind == "ConfigMap" and (each := _object(root, kind)).namespace == "kube-system" and "kube-proxy" in each.name:
        objects.proxy_configs.append(each)
