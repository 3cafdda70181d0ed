"""The command line: exit codes, what goes to which stream, and that no failure shows a traceback."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from verifier import cli
from verifier.analysis.questions import WitnessRefused
from verifier.interpreter import Refusal
from verifier.resources import starter
from verifier.system.ir import Check, In, Machine, System
from verifier.system.run import Event, Run

ROOT = Path(__file__).parent.parent
BLOG = ROOT / "examples" / "blog"
SAFE, UNSAFE = str(BLOG / "05a-blog-49.rollout"), str(BLOG / "03a-no-pre-stop.rollout")

SYSTEM: dict[str, Any] = {
    "format": "hitless-system/1",
    "tick_ms": 1000,
    "machines": [{"name": "m", "states": ["a", "b", "c"], "initial": "a"}],
    "steps": [{"name": "go", "machine": "m", "source": "a", "target": "b", "guard": True, "lo": 1, "hi": 2}],
    "checks": [{"name": "c", "kind": "never", "when": {"in": ["m", ["c"]]}}],
}


def run(*args: str) -> Result:
    return CliRunner().invoke(cli.main, list(args))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command works from any folder, and leaves nothing in the checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small(tmp_path: Path) -> tuple[str, str]:
    """Two cases of the blog, SAFE and UNSAFE, with one replica on one node."""
    made = []
    for name in (SAFE, UNSAFE):
        text = Path(name).read_text("utf-8")
        text = re.sub(r"replicas( *)= 3", r"replicas\1= 1", text)
        text = re.sub(r"nodes( *)= 3", r"nodes\1= 1", text)
        path = tmp_path / Path(name).name
        path.write_text(text.replace("verify no_interrupted_request", ""), "utf-8")
        made.append(str(path))
    return made[0], made[1]


def write_system(**changes: Any) -> str:
    Path("system.json").write_text(json.dumps({**SYSTEM, **changes}), "utf-8")
    return "system.json"


def never(state: str, **more: Any) -> dict[str, Any]:
    return {"name": state, "kind": "never", "when": {"in": ["m", [state]]}, **more}


# -- exit codes --------------------------------------------------------------------------------------------------------


def test_safe_is_0_and_unsafe_is_1(small: tuple[str, str]) -> None:
    safe, unsafe = run("verify", small[0]), run("verify", small[1])
    assert (safe.exit_code, unsafe.exit_code) == (0, 1)
    assert safe.stdout.startswith("SAFE")
    assert unsafe.stdout.startswith("UNSAFE")
    assert safe.stderr == unsafe.stderr == ""


def test_the_worst_of_several_files_decides(small: tuple[str, str]) -> None:
    both = run("verify", *small)
    assert both.exit_code == 1
    assert small[0] in both.stdout
    assert small[1] in both.stdout


def test_a_used_up_budget_is_4(small: tuple[str, str]) -> None:
    found = run("verify", small[0], "--budget", "1ms")
    assert found.exit_code == 4
    assert "INCONCLUSIVE" in found.stdout
    assert "time" in found.stdout


@pytest.mark.parametrize(
    ("checks", "code", "word"),
    [
        ([never("c")], 0, "SAFE"),
        ([never("b")], 1, "UNSAFE"),
        ([{"name": "done", "kind": "ends_with", "when": {"in": ["m", ["c"]]}}], 1, "STUCK"),
        ([never("c", covers=[{"in": ["m", ["c"]]}])], 4, "VACUOUS"),
        ([never("c"), never("b")], 1, "UNSAFE"),
    ],
)
def test_exit_codes_of_check_system(checks: list[Any], code: int, word: str) -> None:
    found = run("check-system", write_system(checks=checks))
    assert found.exit_code == code
    assert word in found.stdout


def test_a_system_without_time_is_inconclusive() -> None:
    found = run("check-system", write_system(checks=[never("b")]), "--budget", "0s")
    assert found.exit_code == 4
    assert "INCONCLUSIVE" in found.stdout


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["verify", "compile", "check-system"])
@pytest.mark.parametrize("kind", ["missing", "folder", "binary", "empty", "no access"])
def test_a_file_that_cannot_be_read_is_2(command: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "the.rollout"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(bytes(range(256)))
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "no access":
        path.write_text("use kubernetes\n", "utf-8")
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("this user may read everything")
    refused(run(command, str(path)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "{}",
        "NaN",
        "[" * 100_000,
        "9" * 5_000,
        '{"format": "hitless-system/2"}',
        "\ufeff{}",
    ],
)
def test_json_that_is_no_system_is_2(text: str) -> None:
    Path("system.json").write_text(text, "utf-8")
    refused(run("check-system", "system.json"))


def test_every_mistake_of_a_system_is_reported() -> None:
    wrong = [never("x"), {"name": "y", "kind": "never", "when": {"in": ["n", ["a"]]}}]
    found = run("check-system", write_system(checks=wrong))
    refused(found)
    assert len(found.stderr.splitlines()) == 2


@pytest.mark.parametrize("command", ["verify", "compile"])
def test_an_unknown_check_is_2_and_names_the_known_ones(command: str) -> None:
    found = run(command, SAFE, "--check", "no_such_check")
    refused(found)
    assert "no_lost_request" in found.stderr


def test_a_check_that_needs_a_number_says_so() -> None:
    found = run("verify", SAFE, "--check", "capacity")
    refused(found)
    assert "capacity >= 2" in found.stderr


@pytest.mark.parametrize("command", ["verify", "compile"])
def test_a_model_is_no_scenario(command: str) -> None:
    Path("own.model").write_text("machine Light {\n  states off, on\n  initially off\n  off -> on\n}\n", "utf-8")
    refused(run(command, "own.model"))


@pytest.mark.parametrize(
    "args",
    [(), ("verify",), ("verify", SAFE, "--budget", "60"), ("verify", SAFE, "--format", "xml"), ("explain", "xyzzy")],
)
def test_wrong_usage_is_2(args: tuple[str, ...]) -> None:
    assert run(*args).exit_code == 2


def refused(found: Result) -> None:
    assert found.exit_code == 2, found.output
    assert found.stdout == ""
    assert found.stderr.strip()
    assert "Traceback" not in found.stderr
    assert not list(Path().glob("hitless-bundle-*"))


# -- our own failures --------------------------------------------------------------------------------------------------


def test_a_failure_of_ours_is_3_with_a_bundle(small: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("several\nlines")

    monkeypatch.setattr("verifier.analysis.verify.verify_program", fail)
    found = run("verify", small[0])
    assert found.exit_code == 3
    assert found.stdout == ""
    assert len(found.stderr.splitlines()) == 1
    assert "RuntimeError: several lines" in found.stderr
    [path] = Path().glob("hitless-bundle-*.json")
    assert str(path) in found.stderr
    bundle = json.loads(path.read_text("utf-8"))
    assert bundle["format"] == "hitless-bundle/1"
    assert "Traceback" in bundle["traceback"]
    assert bundle["arguments"] == ["verify", small[0]]
    assert bundle["inputs"] == {small[0]: Path(small[0]).read_text("utf-8")}
    assert bundle["hitless"]


def test_a_refused_witness_leaves_its_system_and_run(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(1000, (Machine("m", ("a", "b"), "a"),), (), (), (Check("c", "never", In("m", frozenset("b"))),))
    made = Run((Event(1, "go"),), 1, 1)

    def fail(*_: Any) -> None:
        raise WitnessRefused(system, made, Refusal("there is no step `go`", 1, ()))

    monkeypatch.setattr("verifier.analysis.paper.decide_system", fail)
    found = run("check-system", write_system())
    assert found.exit_code == 3
    [path] = Path().glob("hitless-bundle-*.json")
    bundle = json.loads(path.read_text("utf-8"))
    assert bundle["system"]["machines"][0]["name"] == "m"
    assert bundle["run"]["events"] == [{"at": 1, "name": "go", "refresh": False}]
    Path("again.json").write_text(json.dumps(bundle["system"]), "utf-8")
    monkeypatch.undo()
    assert run("check-system", str(path.parent / "again.json")).exit_code in (0, 1, 2)


def test_a_bundle_never_overwrites_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("verifier.analysis.paper.decide_system", fail)
    monkeypatch.setattr("time.strftime", lambda *_: "20260101-000000")
    for count in (1, 2, 3):
        assert run("check-system", write_system()).exit_code == 3
        assert len(list(Path().glob("hitless-bundle-*.json"))) == count


def test_an_incomplete_installation_is_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Path:
        raise FileNotFoundError(f"hitless is not installed completely: no folder `{name}`")

    monkeypatch.setattr("verifier.resources.resource", missing)
    found = run("new")
    assert found.exit_code == 3
    assert "not installed completely" in found.stderr


def test_an_interrupted_run_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("verifier.analysis.paper.decide_system", stop)
    found = run("check-system", write_system())
    assert found.exit_code == 130
    assert not list(Path().glob("hitless-bundle-*"))


# -- what is printed ---------------------------------------------------------------------------------------------------


def test_json_is_one_object_with_the_documented_keys() -> None:
    found = run("verify", UNSAFE, SAFE, "--format", "json", "--check", "no_lost_request")
    report = json.loads(found.stdout)
    assert set(report) >= {"format", "verdict", "seconds", "checks"}
    assert report["verdict"] == "UNSAFE"
    unsafe, safe = report["checks"]
    assert (unsafe["verdict"], safe["verdict"]) == ("UNSAFE", "SAFE")
    for check in (unsafe, safe):
        assert set(check) >= {"file", "workload", "name", "verdict", "scope", "rests_on", "seconds"}
    for bound in safe["rests_on"]:
        assert set(bound) == {"setting", "value", "end", "place", "because", "assumed", "given"}
    assert safe["rests_on"]
    assert "trace" not in safe
    trace = unsafe["trace"]
    assert 0 <= trace["since_ms"] <= trace["end_ms"]
    assert trace["events"]
    for event in trace["events"]:
        assert set(event) >= {"at_ms", "component", "from", "to", "label"}
    assert [e["at_ms"] for e in trace["events"]] == sorted(e["at_ms"] for e in trace["events"])
    documented = (ROOT / "docs" / "reference" / "report-json.md").read_text("utf-8")
    for name in {*report, *unsafe, *safe, *trace, *trace["events"][0], *safe["rests_on"][0]}:
        assert re.search(rf"`{name}(\[\])?`", documented), name


def test_json_differs_between_runs_in_seconds_only() -> None:
    def once(hash_seed: str) -> str:
        command = [sys.executable, "-m", "verifier", "verify", UNSAFE, "--format", "json"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 1, done.stderr
        return re.sub(r'"seconds": [\d.]+', '"seconds": _', done.stdout)

    assert once("1") == once("2")


def test_only_the_named_check_is_decided(small: tuple[str, str]) -> None:
    report = json.loads(run("verify", small[0], "--check", "no_interrupted_request", "--format", "json").stdout)
    assert [check["name"] for check in report["checks"]] == ["no_interrupted_request"]


def test_explain_shows_every_event(small: tuple[str, str]) -> None:
    report = json.loads(run("verify", small[1], "--format", "json").stdout)
    events = report["checks"][0]["trace"]["events"]
    unfolded = run("verify", small[1], "--explain").stdout
    folded = run("verify", small[1]).stdout
    assert all(event["label"] in unfolded for event in events)
    assert len(unfolded.splitlines()) > len(folded.splitlines())


def test_what_compile_prints_gets_the_same_verdicts(small: tuple[str, str]) -> None:
    for file, verdict in zip(small, ("SAFE", "UNSAFE"), strict=True):
        compiled = run("compile", file)
        assert compiled.exit_code == 0
        Path("compiled.json").write_text(compiled.stdout, "utf-8")
        direct = json.loads(run("verify", file, "--format", "json").stdout)
        again = json.loads(run("check-system", "compiled.json", "--format", "json").stdout)
        assert direct["verdict"] == again["verdict"] == verdict


def test_json_of_check_system() -> None:
    report = json.loads(run("check-system", write_system(checks=[never("b")]), "--format", "json").stdout)
    assert report["verdict"] == "UNSAFE"
    [check] = report["checks"]
    assert [e["to"] for e in check["trace"]["events"]] == ["b"]


# -- new, explain, help ------------------------------------------------------------------------------------------------


def test_new_writes_a_scenario_that_verifies() -> None:
    assert run("new").exit_code == 0
    assert Path("my.rollout").read_text("utf-8") == starter()
    assert run("verify", "my.rollout").exit_code == 0


def test_new_never_overwrites() -> None:
    Path("mine.rollout").write_text("precious", "utf-8")
    refused(run("new", "mine.rollout"))
    assert Path("mine.rollout").read_text("utf-8") == "precious"
    Path("folder").mkdir()
    refused(run("new", "folder"))
    refused(run("new", "no/such/folder/my.rollout"))


@pytest.mark.parametrize(
    ("topic", "wanted"),
    [
        ("HL101", "instead of"),
        ("hl301", "HL301"),
        ("deployment.max_surge", "25%"),
        ("kube_proxy", "kube_proxy.rules_within"),
        ("no_lost_request", "refused"),
    ],
)
def test_explain(topic: str, wanted: str) -> None:
    found = run("explain", topic)
    assert found.exit_code == 0, found.output
    assert wanted in found.stdout


def test_explain_knows_the_spelling_of_kubernetes() -> None:
    found = run("explain", "maxSurge")
    assert found.exit_code == 2
    assert "deployment.max_surge" in found.stderr


def test_help_shows_the_main_commands_first() -> None:
    shown = run("--help").stdout.partition("Commands:")[2]
    first, _, more = shown.partition("More:")
    assert re.findall(r"^  ([a-z-]+)  ", first, re.MULTILINE) == ["verify", "compare", "new", "explain", "profiles"]
    assert {"check-system", "compile", "export", "graph", "walk"} == set(
        re.findall(r"^  ([a-z-]+)  ", more, re.MULTILINE)
    )


def test_help_loads_nothing_heavy() -> None:
    script = """
import sys
from verifier.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
print(sorted({"z3", "networkx", "lark", "verifier.language", "verifier.system"} & set(sys.modules)))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.endswith("[]\n")


# -- terminals ---------------------------------------------------------------------------------------------------------


def on_terminal(script: str, **environment: str) -> str:
    """What a terminal shows that is both output streams of a Python script."""
    leader, follower = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=follower,
        stderr=follower,
        env={**clean, "PYTHONPATH": str(ROOT), **environment},
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65_536)
        except OSError:  # how a closed terminal ends on Linux
            break
        if not part:
            break
        shown += part
    os.close(leader)
    child.wait()
    return shown.decode()


def test_colour_only_on_a_terminal() -> None:
    script = f"from verifier.cli import main; main(['check-system', {write_system()!r}])"
    assert "\x1b[32m" in on_terminal(script)
    assert "\x1b" not in on_terminal(script, NO_COLOR="1")
    assert "\x1b" not in run("check-system", "system.json").stdout


SLOW = """
import sys, time
import verifier.analysis.paper as paper
real = paper.decide_system
def slow(*args):
    time.sleep(1.3)
    return real(*args)
paper.decide_system = slow
from verifier.cli import main
main(["check-system", "system.json"])
"""


def test_progress_after_a_second_on_a_terminal() -> None:
    write_system()
    assert "system.json .. 1 s" in on_terminal(SLOW)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == ""
    assert ".." not in done.stdout


def test_a_reader_that_has_seen_enough() -> None:
    command = f"{sys.executable} -m verifier verify {UNSAFE} --format json | head -1; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode in (1, 141)
    assert done.stderr == ""
