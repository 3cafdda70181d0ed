"""What a pod template says, in the terms of the models: the serving container, its probes, its hook."""

from __future__ import annotations

import re
from dataclasses import dataclass

from verifier.manifests.nodes import Node
from verifier.manifests.objects import Object

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")

# Containers through which a mesh passes a pod's traffic: they stop when they want to.
MESH_CONTAINERS = frozenset({"istio-proxy", "linkerd-proxy", "envoy", "consul-dataplane", "kuma-sidecar"})
_MESH_ANNOTATIONS = {"sidecar.istio.io/inject": "true", "linkerd.io/inject": "enabled"}
_NO_SHELL = re.compile(r"distroless|(?:^|/)scratch(?:[:@]|$)|(?:^|[/:-])static(?:-debian\d+)?(?:[:@]|$)")
_SLEEP = re.compile(r"sleep\s+(\d+(?:\.\d+)?)([smh]?)")
_UNITS_MS = {"": 1000, "s": 1000, "m": 60_000, "h": 3_600_000}


@dataclass(frozen=True, slots=True)
class Hook:
    """A preStop or postStart hook. `kind`: none, sleep, exec or http. `known_ms`: how long it takes at least;
    `exact`: it takes no longer than that and does nothing else."""

    kind: str
    known_ms: int
    exact: bool
    node: Node | None
    what: str = ""


NO_HOOK = Hook("none", 0, True, None)


@dataclass(frozen=True, slots=True)
class Pod:
    """The pod template of a workload as seen by one port of a Service. `others`: containers beside the serving one."""

    spec: Node
    container: Node
    port: int | None
    others: tuple[str, ...]
    mesh: str

    @property
    def image(self) -> str:
        return self.container.text("image")

    @property
    def has_shell(self) -> bool:
        return not _NO_SHELL.search(self.image)

    @property
    def grace(self) -> Node | None:
        return self.spec.get("terminationGracePeriodSeconds")

    def probe(self, name: str) -> Node | None:
        found = self.container.get(name)
        return found if found is not None and found.entries() else None

    def hook(self, name: str) -> Hook:
        """`preStop` or `postStart`."""
        node = self.container.get("lifecycle", name)
        return NO_HOOK if node is None else _hook(node)

    def probe_port(self, probe: Node) -> int | None:
        """The port that a probe asks; None if that cannot be told from it."""
        for how in ("httpGet", "tcpSocket", "grpc"):
            port = probe.get(how, "port")
            if port is not None:
                return port_number(self.container, port)
        words = [str(word.value) for word in probe.each("exec", "command")]
        asked = {
            int(p) for p in re.findall(r"(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0|\s|^):(\d{2,5})", " ".join(words))
        }
        return next(iter(asked)) if len(asked) == 1 else None


def port_number(container: Node, port: Node) -> int | None:
    """A port by number, or by the name that the container gives it."""
    if isinstance(port.value, int) and not isinstance(port.value, bool):
        return port.value
    if isinstance(port.value, str) and port.value.isdigit():
        return int(port.value)
    for each in container.each("ports"):
        if each.text("name") == port.value:
            return each.number("containerPort")
    return None


def pod_of(workload: Object, target: Node | None, port: int | None) -> Pod | None:
    """The template as a Service's port sees it: the container that opens the target port, else the first one.

    `target`: the Service's targetPort; `port`: its port, which is the target where none is given.
    """
    spec = workload.pod_spec
    containers = list(spec.each("containers")) if spec is not None else []
    if spec is None or not containers:
        return None
    serving, number = containers[0], port if target is None else None
    for container in containers:
        found = port_number(container, target) if target is not None else port
        opened = {each.number("containerPort") for each in container.each("ports")}
        if found is not None and (found in opened or (target is not None and isinstance(target.value, str))):
            serving, number = container, found
            break
        number = number if number is not None else found
    others = tuple(c.text("name") for c in containers if c is not serving)
    sidecars = tuple(c.text("name") for c in spec.each("initContainers") if c.text("restartPolicy") == "Always")
    annotations = {**workload.root.texts("spec", "template", "metadata", "annotations"), **workload.pod_labels}
    mesh = next((name for name in (*others, *sidecars) if name in MESH_CONTAINERS), "")
    mesh = mesh or next((key for key, on in _MESH_ANNOTATIONS.items() if annotations.get(key) == on), "")
    return Pod(spec, serving, number, (*others, *sidecars), mesh)


def _hook(node: Node) -> Hook:
    seconds = node.number("sleep", "seconds")
    if seconds is not None:
        return Hook("sleep", seconds * 1000, True, node)
    if node.get("httpGet") is not None:
        return Hook("http", 0, False, node, "an HTTP request")
    words = [str(word.value) for word in node.each("exec", "command")]
    if not words:
        return NO_HOOK
    known, exact = _slept(words)
    return Hook("exec", known, exact, node, "" if exact else f"`{words[0].rpartition('/')[2]}`")


def _slept(words: list[str]) -> tuple[int, bool]:
    """How long a command sleeps before it does anything else, and whether that is all it does."""
    program = words[0].rpartition("/")[2]
    if program == "sleep" and len(words) == 2:
        text = f"sleep {words[1]}"
    elif program in ("sh", "bash", "ash", "dash") and len(words) == 3 and words[1].endswith("c"):
        text = words[2].strip().removeprefix("exec ")
    else:
        return 0, False
    match = _SLEEP.match(text.removeprefix("/bin/").removeprefix("/usr/bin/"))
    if match is None:
        return 0, False
    rest = text[text.index(match[0]) + len(match[0]) :].strip(" ;")
    return int(float(match[1][:9]) * _UNITS_MS[match[2]]), rest in ("", "exit 0", "&& exit 0")
