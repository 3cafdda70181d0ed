"""In which mode kube-proxy writes its rules: hitless.toml, or its ConfigMap, its arguments or k3s' nodes in a dump.

iptables and nftables choose endpoints alike, and drop and refuse alike (pkg/proxy/topology.go, Kubernetes 1.36); ipvs
too, but it keeps an endpoint that leaves, with weight 0, and may send it connections still.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from verifier.manifests.config import Config
from verifier.manifests.nodes import Node
from verifier.manifests.objects import Objects
from verifier.manifests.platforms import EVERY_NODE, LOCAL

SYSTEM, NAME = "kube-system", "kube-proxy"
_MODE = re.compile(r"^mode: *[\"']?(\w+)", re.MULTILINE)
_ARGUMENT = re.compile(r"proxy-mode[= ](\w+)")
_NODE_ARGUMENTS = "k3s.io/node-args"
_REUSED = (
    "kube-proxy in mode ipvs may send connections to an endpoint that has left, where a client uses a port again "
    "(kubernetes#81775, #99162), which is not modelled"
)


def unless_of(mode: str, config: Config, *objects: Objects) -> Iterator[str]:
    """What keeps SAFE from being claimed of a way by nodes. `mode`: what the balancer sends to."""
    said = config.cluster.get("kube_proxy.mode")
    modes = {said.value} if said is not None else {found for each in objects for found in _modes(each)}
    if "ipvs" in modes and mode in (EVERY_NODE, *LOCAL):
        yield _REUSED


def _modes(objects: Objects) -> Iterator[str]:
    for each in objects.proxy_configs:
        for text in each.root.texts("data").values():
            yield from _MODE.findall(text)
    for each in objects.of("DaemonSet", "Pod"):
        containers = each.pod_spec.each("containers") if each.pod_spec is not None else ()
        for container in containers:
            if each.namespace == SYSTEM and container.text("name") == NAME:
                yield from _ARGUMENT.findall(" ".join(_words(container)))
    for each in objects.of("Node"):
        words = re.sub(r"[\"\[\],\s]+", " ", each.annotations.get(_NODE_ARGUMENTS, ""))
        yield from _ARGUMENT.findall(words)


def _words(container: Node) -> Iterator[str]:
    """Each of the command and the arguments; a shell's whole line is one of them."""
    for field in ("command", "args"):
        yield from (word.value for word in container.each(field) if isinstance(word.value, str))
