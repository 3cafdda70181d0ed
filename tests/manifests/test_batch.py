"""What one program has proven serves another only where it says the same: verdicts are those of each alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests.texts import WEB, changed, loaded
from verifier.analysis.batch import Batch
from verifier.analysis.verdict import WorkloadResult
from verifier.engines.induction.shared import NotedInduction
from verifier.fleet import run
from verifier.fleet.questions import Answer, answer
from verifier.fleet.run import Limits, _question, verified
from verifier.language.assemble import assembled
from verifier.language.program import Program
from verifier.system.run import Budget

ONE = ("  replicas: 2\n", "  replicas: 1\n")
HOOK = "        lifecycle:\n          preStop:\n            sleep:\n              seconds: 20\n"
PROBE = "        readinessProbe:\n          httpGet:\n            path: /ready\n            port: http\n"
KINDS = {
    "web": [ONE],
    "no hook": [ONE, (HOOK, "")],
    "no probe": [ONE, (PROBE, ""), ("          periodSeconds: 5\n", "")],
    "down first": [ONE, ("maxSurge: 1\n      maxUnavailable: 0", "maxSurge: 0\n      maxUnavailable: 1")],
}


def program(folder: Path, name: str) -> Program:
    text = WEB
    for change in KINDS[name]:
        text = changed(text, change)
    [path] = loaded(folder, text).cases[0].paths
    assert path.scenario is not None
    return assembled(path.scenario, path.modules, "web.yaml")[0][0]


def summary(result: WorkloadResult) -> list[object]:
    return [(c.name, c.verdict, c.scope, [(p.name, p.verdict, p.lemmas) for p in c.parts]) for c in result.checks]


def test_sharing_changes_no_verdict(tmp_path: Path) -> None:
    programs = [program(tmp_path, name) for name in KINDS]
    alone = [summary(Batch().verify(each, Budget(60))) for each in programs]
    together = Batch()
    assert [summary(together.verify(each, Budget(60))) for each in programs] == alone


@pytest.mark.parametrize(("name", "serves"), [("no hook", True), ("no probe", False), ("down first", False)])
def test_a_proof_serves_who_says_the_same_of_what_it_read(name: str, serves: bool, tmp_path: Path) -> None:
    batch = Batch()
    batch.verify(program(tmp_path, "web"), Budget(60))
    [known] = batch._known
    assert isinstance(known, NotedInduction)
    assert known.read
    assert known.serves(program(tmp_path, name)) == serves


def test_two_processes_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many different settings are decided in processes of their own; places are those of each workload."""
    monkeypatch.setattr(run, "_WORTH_A_PROCESS", 1)
    texts = []
    for i in range(3):
        text = changed(WEB, ONE, (HOOK, ""), ("periodSeconds: 5", f"periodSeconds: {i + 1}"))
        text = text.replace("  name: web\nspec", f"  name: web-{i}\nspec").replace("app: web", f"app: web-{i}")
        texts.append(text)
    manifests = loaded(tmp_path, "---\n".join(texts))
    told: list[tuple[int, int]] = []
    report = verified(manifests, Limits(60, processes=2), lambda done, of: told.append((done, of)))
    assert told[-1] == (3, 3)
    assert {case.verdict.value for case in report.cases} == {"UNSAFE"}
    last = manifests.cases[-1]
    found: Answer = answer(_question(last.paths[0], last, 60))
    assert [c.verdict for c in found.checks] == [c.verdict for c in report.cases[-1].paths[0].checks]


def test_equal_settings_keep_their_own_places(tmp_path: Path) -> None:
    second = WEB.replace("  name: web\nspec", "  name: other\nspec").replace("app: web", "app: other")
    manifests = loaded(tmp_path, f"{changed(WEB, ONE)}---\n{changed(second, ONE)}")
    report = verified(manifests, Limits(60), lambda done, of: None)
    lines = [
        {b.place.rpartition(":")[2] for c in case.paths[0].checks for b in c.rests_on if "pre_stop" in b.setting}
        for case in report.cases
    ]
    assert lines == [{"32"}, {str(32 + WEB.count("\n") + 1)}]
