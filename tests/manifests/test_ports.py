"""Every port of a Service is looked at, and those of which the same is asked together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests.test_cases import INGRESS, ways
from tests.manifests.texts import DEPLOYMENT, SERVICE, WEB, changed, loaded
from verifier.language.assemble import scenario_text

PORT = "  - port: 80\n    targetPort: http\n"
CONTAINER = "          containerPort: 8080\n"
METRICS = "        - name: metrics\n          containerPort: 9113\n"
SIDE = "      - name: side\n        image: example.org/side:1\n        ports: [{name: side, containerPort: 9000}]\n"


def service(*ports: str) -> str:
    return changed(SERVICE, (PORT, "".join(f"  - {{{port}}}\n" for port in ports)))


def names(folder: Path, workload: str, *ports: str, more: str = "", **ask: str) -> list[str]:
    return list(ways(loaded(folder, f"{workload}---\n{service(*ports)}{more}", **ask)))


HTTP, TLS = "name: http, port: 80, targetPort: http", "name: tls, port: 443, targetPort: http"
OTHER = "name: metrics, port: 9113, targetPort: metrics"
TWO = changed(DEPLOYMENT, (CONTAINER, CONTAINER + METRICS))


def test_the_same_for_two_ports_is_one_way(tmp_path: Path) -> None:
    assert names(tmp_path, DEPLOYMENT, HTTP, TLS) == ["ClusterIP"]


def test_a_port_that_no_probe_asks_is_a_way_of_its_own(tmp_path: Path) -> None:
    [case] = loaded(tmp_path, f"{TWO}---\n{service(HTTP, TLS, OTHER)}").cases
    assert [path.name for path in case.paths] == ["ClusterIP, ports 80, 443", "ClusterIP, port 9113"]
    asked, not_asked = (scenario_text(path.scenario.items) for path in case.paths if path.scenario is not None)
    assert "port = other" not in asked
    assert "port = other" in not_asked


def test_the_order_of_ports_does_not_matter(tmp_path: Path) -> None:
    assert set(names(tmp_path, TWO, OTHER, HTTP)) == {"ClusterIP, port 9113", "ClusterIP, port 80"}


def test_another_container_has_its_own_probe_and_hook(tmp_path: Path) -> None:
    text = f"{DEPLOYMENT}{SIDE}---\n{service(HTTP, 'name: side, port: 9000, targetPort: side')}"
    [case] = loaded(tmp_path, text).cases
    assert [path.name for path in case.paths] == ["ClusterIP, port 80", "ClusterIP, port 9000"]
    assert case.paths[1].scenario is not None
    assert "readiness_probe" not in scenario_text(case.paths[1].scenario.items)


def test_a_datagram_is_not_looked_at(tmp_path: Path) -> None:
    dns = ("name: dns, port: 53, protocol: UDP, targetPort: http", "name: dns-tcp, port: 53, targetPort: http")
    [case] = loaded(tmp_path, f"{DEPLOYMENT}---\n{service(*dns)}").cases
    assert [(path.name, path.why_not) for path in case.paths] == [("ClusterIP", "")]
    assert "ports that are not TCP (53)" in case.taken


def test_a_name_that_no_container_has_gives_no_endpoints(tmp_path: Path) -> None:
    assert names(tmp_path, DEPLOYMENT, HTTP, OTHER) == ["ClusterIP"]


@pytest.mark.parametrize("backend", ["port: {number: 80}", "port: {name: http}"])
def test_an_ingress_sends_to_the_port_that_it_names(backend: str, tmp_path: Path) -> None:
    ingress = changed(INGRESS, ("port: {number: 80}", backend))
    found = names(tmp_path, TWO, HTTP, OTHER, more=f"---\n{ingress}", on="eks-alb-ip")
    assert [name for name in found if name.startswith("Ingress")] == ["Ingress web (eks-alb-ip)"]


def test_old_pods_are_seen_by_the_same_port(tmp_path: Path) -> None:
    """What ran had no port for metrics: only that way has a change."""
    (tmp_path / "old.yaml").write_text(f"{DEPLOYMENT}---\n{service(HTTP, OTHER)}", "utf-8")
    [case] = loaded(tmp_path, f"{TWO}---\n{service(HTTP, OTHER)}", old=str(tmp_path / "old.yaml")).cases
    texts = {path.name: scenario_text(path.scenario.items) for path in case.paths if path.scenario is not None}
    assert "applied_service" not in texts["ClusterIP, port 80"]
    assert "old_selected_after" in texts["ClusterIP, port 9113"] or "new_selected" in texts["ClusterIP, port 9113"]


def test_ports_that_come_and_go_with_the_same_apply(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(f"{TWO}---\n{service(HTTP, OTHER)}", "utf-8")
    [case] = loaded(tmp_path, f"{TWO}---\n{service(HTTP, TLS)}", old=str(tmp_path / "old.yaml")).cases
    assert [path.name for path in case.paths] == ["ClusterIP", "port 9113"]
    assert "its clients have to change with it" in case.paths[1].why_not
    assert "port 443 of the Service is new" in case.taken


def test_session_affinity_picks_among_the_same(tmp_path: Path) -> None:
    text = changed(WEB, ("spec:\n  selector:\n    app", "spec:\n  sessionAffinity: ClientIP\n  selector:\n    app"))
    [case] = loaded(tmp_path, text).cases
    assert ("", "session affinity (it picks among the same endpoints)") in case.irrelevant
