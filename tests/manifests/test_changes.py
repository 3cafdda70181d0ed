"""--from: what a Service that changes in the same apply means for the pods that run and for the new ones."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.manifests.texts import DEPLOYMENT, NUMBER, SERVICE, WEB, changed, codes, loaded
from verifier import cli
from verifier.language.assemble import scenario_text

OTHER_PORT = changed(DEPLOYMENT, ("containerPort: 8080", "containerPort: 9090"))
LABEL = ("      labels:\n        app: web\n", "      labels:\n        app: web\n        track: new\n")
BY_LABEL = changed(SERVICE, ("    app: web\n", "    app: web\n    track: new\n"))
NAMED = changed(
    DEPLOYMENT,
    ("- name: http\n          containerPort", "- name: web\n          containerPort"),
    ("port: http", "port: web"),
)

CHANGES = {
    # old, new -> what is said of the two
    "the port, by number": (
        f"{DEPLOYMENT}---\n{NUMBER}",
        f"{OTHER_PORT}---\n{changed(NUMBER, ('8080', '9090'))}",
        "new_serves_before old_serves_after",
    ),
    "the port, by name": (WEB, f"{OTHER_PORT}---\n{SERVICE}", ""),
    "the name of the port": (
        WEB,
        f"{NAMED}---\n{changed(SERVICE, ('targetPort: http', 'targetPort: web'))}",
        "new_selected_before old_selected_after",
    ),
    "the number becomes a name": (f"{DEPLOYMENT}---\n{NUMBER}", WEB, ""),
    "the selector": (WEB, f"{changed(DEPLOYMENT, LABEL)}---\n{BY_LABEL}", "old_selected_after"),
    "a port more": (
        WEB,
        changed(WEB, ("  - port: 80\n", "  - port: 80\n    name: a\n")) + "  - {port: 81, name: b}\n",
        "",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_for_whom(name: str, tmp_path: Path) -> None:
    old, new, said = CHANGES[name]
    (tmp_path / "old.yaml").write_text(old, "utf-8")
    [case] = loaded(tmp_path, new, old=str(tmp_path / "old.yaml")).cases
    [path] = case.paths
    assert path.scenario is not None, path.why_not
    text = scenario_text(path.scenario.items)
    _, _, block = text.partition("applied_service workload {\n")
    assert {line.strip() for line in block.partition("}")[0].splitlines()} == {f"{word} = no" for word in said.split()}


def verified(folder: Path, old: str, new: str, *args: str) -> Result:
    (folder / "old.yaml").write_text(old, "utf-8")
    (folder / "new.yaml").write_text(new, "utf-8")
    return CliRunner().invoke(
        cli.main, ["verify", "--from", str(folder / "old.yaml"), str(folder / "new.yaml"), "--format", "json", *args]
    )


def first(result: Result) -> dict[str, Any]:
    [service] = json.loads(result.stdout)["services"]
    path: dict[str, Any] = service["paths"][0]
    return path


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("the port, by number", "UNSAFE"), ("the port, by name", "SAFE"), ("the selector", "UNSAFE")],
)
def test_verdicts(name: str, verdict: str, tmp_path: Path) -> None:
    old, new, _ = CHANGES[name]
    found = first(verified(tmp_path, old, new))
    assert found["verdict"] == verdict
    if verdict == "UNSAFE":
        assert found["cause"].startswith("the Service changes in the same apply")
        assert ("fix" in found) == (name == "the selector")


POLICY = changed(SERVICE, ("spec:\n", "spec:\n  type: LoadBalancer\n  externalTrafficPolicy: Local\n"))
CLUSTER = changed(POLICY, ("Local", "Cluster"))


def test_another_policy_concerns_only_ways_from_outside(tmp_path: Path) -> None:
    old, new = f"{DEPLOYMENT}---\n{CLUSTER}", f"{DEPLOYMENT}---\n{POLICY}"
    (tmp_path / "old.yaml").write_text(old, "utf-8")
    [case] = loaded(tmp_path, new, old=str(tmp_path / "old.yaml"), on="ack-clb").cases
    assert {path.name: path.why_not for path in case.paths} == {
        "ClusterIP": "",
        "LoadBalancer (ack-clb)": "the Service's externalTrafficPolicy changes in the same apply, "
        "which is not modelled",
    }


def test_the_port_of_the_service_itself(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(WEB, "utf-8")
    found = loaded(tmp_path, changed(WEB, ("- port: 80", "- port: 81")), old=str(tmp_path / "old.yaml"))
    assert "clients have to change with it" in found.cases[0].paths[0].why_not


def test_a_selector_that_cannot_be_changed(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(WEB, "utf-8")
    new = changed(
        WEB, ("    matchLabels:\n      app: web\n", "    matchLabels:\n      app: web\n      track: new\n"), LABEL
    )
    found = loaded(tmp_path, new, old=str(tmp_path / "old.yaml"))
    assert codes(found) == [("HL433", 11)]
    assert "cannot be changed" in found.cases[0].paths[0].why_not


def test_a_revision_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rollout that adds the preStop still loses requests: the pods that it deletes have none."""
    monkeypatch.chdir(tmp_path)
    hook = "        lifecycle:\n          preStop:\n            sleep:\n              seconds: 20\n"
    Path("k8s").mkdir()
    file = Path("k8s/web.yaml")

    def git(*args: str) -> None:
        names = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *names, *args], check=True, capture_output=True)

    git("init", "-q")
    for text in (changed(WEB, (hook, "")), WEB):
        file.write_text(text, "utf-8")
        git("add", ".")
        git("commit", "-qm", "m")
    arguments = ["verify", "k8s", "--format", "json"]
    now, then = (CliRunner().invoke(cli.main, [*arguments, *more]) for more in ((), ("--from", "HEAD~1")))
    assert first(now)["verdict"] == "SAFE"
    assert first(then)["verdict"] == "UNSAFE"
    assert CliRunner().invoke(cli.main, [*arguments, "--from", "HEAD~9"]).exit_code == 2
