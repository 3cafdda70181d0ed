"""A manifest becomes the tree that a scenario file gives: every setting at its field, nothing that it does not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests.texts import WEB, changed, loaded
from verifier.language.assemble import assembled, scenario_text
from verifier.language.load import load as load_scenarios
from verifier.language.program import Choice, Program
from verifier.language.text import value_text
from verifier.manifests.cases import MODULES
from verifier.manifests.cases import Path as Way
from verifier.system.values import Reads, Values

PROBE = "httpGet:\n            path: /ready\n            port: http"
HOOK = "        lifecycle:\n          preStop:\n            sleep:\n              seconds: 20\n"
EXEC = ("            sleep:\n              seconds: 20", "            exec:\n              command: %s")


def way(folder: Path, text: str, **ask: str) -> Way:
    [case] = loaded(folder, text, **ask).cases
    return case.paths[0]


def program(found: Way) -> Program:
    assert found.scenario is not None
    programs, mistakes = assembled(found.scenario, found.modules, "web.yaml")
    assert not mistakes, [m.message for m in mistakes]
    return programs[0]


def test_each_setting_stands_at_its_field(tmp_path: Path) -> None:
    made = program(way(tmp_path, WEB))
    places = {path: given.span.line for (path, _), given in made.values.items() if given.span.file.endswith("web.yaml")}
    wanted = {
        "deployment.replicas": 6,
        "deployment.max_surge": 9,
        "deployment.max_unavailable": 10,
        "deployment.termination_grace_period": 19,
        "deployment.readiness_probe.period": 30,
        "deployment.pre_stop": 32,
    }
    assert {path: places.get(path) for path in wanted} == wanted
    assert "deployment.liveness_probe.period" not in places


def test_what_it_does_not_say_is_left_out(tmp_path: Path) -> None:
    bare = (
        "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: w}\nspec: {selector: {matchLabels: {a: b}}, template: "
    )
    bare += "{metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}\n---\nkind: Service\n"
    bare += "apiVersion: v1\nmetadata: {name: w}\nspec: {selector: {a: b}, ports: [{port: 80}]}\n"
    made = program(way(tmp_path, bare))
    given = {path for path, _ in made.values if path.partition(".")[0] in ("deployment", "app")}
    assert given == {"deployment.replicas", "app.startup_time", "app.on_sigterm"}
    assert not made.given_blocks


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ('[sleep, "20"]', "exec(20s)"),
        ('[/bin/sleep, "1.5"]', "exec(1.5s)"),
        ('[sh, -c, "sleep 20"]', "exec(20s)"),
        ('[/bin/sh, -c, "exec sleep 1m"]', "exec(60s)"),
        ('[sh, -c, "sleep 5; nginx -s quit"]', "exec(5s..60s)"),
        ("[/wait-shutdown]", "exec(0s..60s)"),
        ('[sh, -c, "sleep $N"]', "exec(0s..60s)"),
        ('[python, -c, "sleep 20"]', "exec(0s..60s)"),
    ],
)
def test_hooks(command: str, wanted: str, tmp_path: Path) -> None:
    """What is not known of a command may take no time at all, or all of the grace period."""
    made = program(way(tmp_path, changed(WEB, (EXEC[0], EXEC[1] % command))))
    value = Values(made).evaluate(made.values["deployment.pre_stop", "new"].value, {}, Reads())
    assert isinstance(value, Choice)
    assert value_text(value) == wanted


@pytest.mark.parametrize(
    ("probe", "port"),
    [
        ("httpGet: {port: http}", None),
        ("httpGet: {port: 8080}", None),
        ("tcpSocket: {port: 9090}", "other"),
        ("grpc: {port: 9090}", "other"),
        ("exec: {command: [check, localhost:8080/ready]}", None),
        ("exec: {command: [check, localhost:9/ready]}", None),
    ],
)
def test_probe_ports(probe: str, port: str | None, tmp_path: Path) -> None:
    text = changed(WEB, (PROBE, probe))
    found = way(tmp_path, text)
    given = program(found).values.get(("deployment.readiness_probe.port", "new"))
    assert (given.text if given is not None else None) == port


def test_a_probe_that_cannot_be_seen_through_is_no_proof(tmp_path: Path) -> None:
    text = changed(
        WEB, ("httpGet:\n            path: /ready\n            port: http", "exec: {command: [cat, /ready]}")
    )
    assert any("exec readiness probe" in reason for reason in way(tmp_path, text).unless)


def test_the_scenario_reads_back(tmp_path: Path) -> None:
    """What is made of a manifest could have been written by hand: printed and read, it is the same program."""
    found = way(tmp_path, WEB)
    assert found.scenario is not None
    text = "".join(f"use {module}\n" for module in MODULES) + scenario_text(found.scenario.items)
    path = tmp_path / "web.rollout"
    path.write_text(text, "utf-8")
    [(_, read)] = load_scenarios((path,)).programs
    made = program(found)

    def values(of: Program) -> dict[tuple[str, str | None], object]:
        return {key: Values(of).evaluate(given.value, {}, Reads()) for key, given in of.values.items()}

    assert values(read) == values(made)
    assert read.given_blocks == made.given_blocks


def test_pods_that_run_now_have_their_own_template(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    old = tmp_path / "old" / "web.yaml"
    text = changed(WEB, (HOOK, ""))
    old.write_text(
        changed(text, ("      terminationGracePeriodSeconds: 60\n", ""), ("          periodSeconds: 5\n", ""))
    )
    made = program(way(tmp_path, WEB, old=str(old)))
    values = {
        (path, cls): value_text(Values(made).evaluate(given.value, {}, Reads()))
        for (path, cls), given in made.values.items()
    }
    for path, then, now in (
        ("deployment.pre_stop", "none", "sleep(20s)"),
        ("deployment.termination_grace_period", "30s", "60s"),
        ("deployment.readiness_probe.period", "10s", "5s"),
    ):
        assert (values[path, "old"], values[path, "new"]) == (then, now)


def test_how_the_application_behaves(tmp_path: Path) -> None:
    note = "  name: web\n  annotations: {hitless.dev/app: nginx, hitless.dev/startup-time: 3s..7s}\nspec:\n  replicas"
    (tmp_path / "hitless.toml").write_text('[workload.web]\nlongest_request = "9s"\nstartup_time = "1s"\n', "utf-8")
    found = way(tmp_path, changed(WEB, ("  name: web\nspec:\n  replicas", note)))
    made = program(found)
    texts = {path.partition(".")[2]: given.text for (path, _), given in made.values.items() if path.startswith("app.")}
    assert texts == {"startup_time": "3s..7s", "on_sigterm": "drains", "longest_request": "9s"}
    assert [asked.check for asked in made.asked] == ["no_lost_request", "no_interrupted_request"]


@pytest.mark.parametrize("value", ["5", "5s..", "{", "a b", "5s; x = 3s", '"5s', "5s }", "nonsense(3)"])
def test_a_bad_note_is_a_mistake_of_its_line(value: str, tmp_path: Path) -> None:
    note = f"  name: web\n  annotations:\n    hitless.dev/startup-time: '{value}'\nspec:\n  replicas"
    manifests = loaded(tmp_path, changed(WEB, ("  name: web\nspec:\n  replicas", note)))
    [case] = manifests.cases
    found = list(manifests.errors)
    if not found:
        assert case.paths[0].scenario is not None
        _, refused = assembled(case.paths[0].scenario, MODULES, "web.yaml")
        found = list(refused)
    assert {d.span.line for d in found} == {6}


LIVENESS = "        livenessProbe:\n          tcpSocket: {port: http}\n          periodSeconds: 10\n"


@pytest.mark.parametrize(
    ("more", "start"),
    [
        ("", "0s..2m"),
        (LIVENESS, "0s..19s"),  # (3 - 1) periods at least until it gives up
        (f"{LIVENESS}          initialDelaySeconds: 15\n", "0s..34s"),
        (f"{LIVENESS}          initialDelaySeconds: 300\n", "0s..2m"),
        (f"{LIVENESS}          failureThreshold: 1\n", "0s..2m"),  # nothing is left: the probe must be met otherwise
        (LIVENESS.replace("liveness", "startup") + f"          failureThreshold: 5\n{LIVENESS}", "0s..39s"),
    ],
)
def test_a_start_time_that_nobody_gives_ends_before_its_probe_gives_up(more: str, start: str, tmp_path: Path) -> None:
    text = changed(WEB, ("        readinessProbe:\n", f"{more}        readinessProbe:\n"))
    [case] = loaded(tmp_path, text).cases
    assert case.paths[0].scenario is not None
    written = scenario_text(case.paths[0].scenario.items)
    assert f"startup_time = {start} " in written
    assert "assumed" in next(line for line in written.splitlines() if "startup_time" in line)


def test_a_start_time_that_somebody_gives_is_left_alone(tmp_path: Path) -> None:
    text = changed(WEB, ("        readinessProbe:\n", f"{LIVENESS}        readinessProbe:\n"))
    noted = changed(text, ("  name: web\nspec:\n  replicas", NOTED))
    [case] = loaded(tmp_path, noted).cases
    assert case.paths[0].scenario is not None
    assert "startup_time = 5s..100s" in scenario_text(case.paths[0].scenario.items)


NOTED = "  name: web\n  annotations: {hitless.dev/startup-time: 5s..100s}\nspec:\n  replicas"
