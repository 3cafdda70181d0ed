"""Where kube-proxy's mode is told, and what ipvs keeps from being claimed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests.test_cases import BALANCER
from tests.manifests.texts import DEPLOYMENT, WEB, changed, loaded
from verifier.analysis.verdict import Verdict
from verifier.fleet.run import Limits, verified
from verifier.manifests.load import Manifests

CONFIG_MAP = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    kind: KubeProxyConfiguration
    metricsBindAddress: ""
    mode: "ipvs"
"""
DAEMON_SET = """\
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-proxy, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: kube-proxy}}
  template:
    metadata: {labels: {k8s-app: kube-proxy}}
    spec:
      containers:
      - {name: kube-proxy, image: kube-proxy, command: [kube-proxy, --proxy-mode=ipvs, --v=2]}
"""
NODE = """\
---
apiVersion: v1
kind: Node
metadata: {name: a, annotations: {k3s.io/node-args: '["server","--kube-proxy-arg","proxy-mode=ipvs"]'}}
"""
SAYS_IPVS = {
    "ConfigMap": CONFIG_MAP,
    "EKS": changed(CONFIG_MAP, ("name: kube-proxy,", "name: kube-proxy-config,"), ("config.conf:", "config:")),
    "arguments": DAEMON_SET,
    "two words": changed(DAEMON_SET, ("--proxy-mode=ipvs", "--proxy-mode, ipvs")),
    "k3s": NODE,
}
SAYS_NOTHING = {
    "iptables": changed(CONFIG_MAP, ('"ipvs"', '"iptables"')),
    "nftables": changed(DAEMON_SET, ("=ipvs", "=nftables")),
    "default": changed(CONFIG_MAP, ('"ipvs"', '""')),
    "elsewhere": changed(CONFIG_MAP, ("kube-system", "shop")),
    "no mode of kube-proxy": changed(CONFIG_MAP, ('    mode: "ipvs"\n', "    ipvs: {mode: ipvs}\n")),
    "another container": changed(DAEMON_SET, ("{name: kube-proxy, image", "{name: other, image")),
}


def found(manifests: Manifests) -> list[tuple[Verdict, str]]:
    report = verified(manifests, Limits(60.0), lambda *_: None)
    return [(path.verdict, path.reason) for case in report.cases for path in case.paths]


@pytest.mark.parametrize("name", SAYS_IPVS)
def test_safe_does_not_rest_on_ipvs(name: str, tmp_path: Path) -> None:
    [(verdict, reason)] = found(loaded(tmp_path, WEB + SAYS_IPVS[name]))
    assert verdict is Verdict.NOT_VERIFIED
    assert reason.startswith("SAFE but for this: kube-proxy in mode ipvs")


@pytest.mark.parametrize("name", SAYS_NOTHING)
def test_other_modes_choose_alike(name: str, tmp_path: Path) -> None:
    assert found(loaded(tmp_path, WEB + SAYS_NOTHING[name])) == [(Verdict.SAFE, "")]


def test_what_is_lost_by_the_rules_is_lost_in_ipvs_too(tmp_path: Path) -> None:
    no_hook = changed(WEB, ("              seconds: 20\n", "              seconds: 0\n"))
    [(verdict, _)] = found(loaded(tmp_path, no_hook + CONFIG_MAP))
    assert verdict is Verdict.UNSAFE


def test_pods_as_backends_are_past_kube_proxy(tmp_path: Path) -> None:
    manifests = loaded(tmp_path, f"{DEPLOYMENT}---\n{BALANCER}{CONFIG_MAP}", on="ack-clb-eni")
    inside, outside = manifests.cases[0].paths
    assert inside.unless
    assert not outside.unless


def test_hitless_toml_goes_before_a_dump(tmp_path: Path) -> None:
    (tmp_path / "hitless.toml").write_text('[cluster]\n"kube_proxy.mode" = "nftables"\n', "utf-8")
    assert found(loaded(tmp_path, WEB + CONFIG_MAP)) == [(Verdict.SAFE, "")]
    (tmp_path / "hitless.toml").write_text('[cluster]\nkube_proxy.mode = "ipvs"\n', "utf-8")
    [(verdict, reason)] = found(loaded(tmp_path, WEB))
    assert verdict is Verdict.NOT_VERIFIED
    assert "mode ipvs" in reason


def test_what_a_config_map_holds_is_never_shown(tmp_path: Path) -> None:
    manifests = loaded(tmp_path, WEB + CONFIG_MAP)
    assert manifests.ignored == {"ConfigMap": 1}
    assert "metricsBindAddress" not in str(manifests)
