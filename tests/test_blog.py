"""Every case of examples: the verdict its file expects, and its report, as a golden."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Golden
from verifier.analysis.verify import verify_program
from verifier.language.load import load
from verifier.report.report import report_of
from verifier.report.text import text
from verifier.system.run import Budget

ROOT = Path(__file__).parent.parent
FOLDERS = ("blog", "balancers", "stateful_set")
CASES = [path for name in FOLDERS for path in sorted((ROOT / "examples" / name).glob("*.rollout"))]
# Proofs of a whole slice for which the solver names other bounds after other questions: the golden is without them.
NOT_UNIQUE = {"13d-slow-within-the-deadline", "16c-local-below-quota"}
LONG = {
    "09a-local-30-unhealthy-30",
    "09d-local-17-unhealthy-30",
    "09e-local-30-healthy-0",
    "09f-local-30-healthy-30",
    "09g-local-17-unhealthy-0",
    "10a-daemon-set-11",
    "10b-local-spread-fallback",
    "10d-daemon-set-no-surge",
    "11b-blog-recipe-4-on-2",
    "11d-blog-recipe-fallback",
    "gke-daemon-set-11",
    "gke-local-23",
    "two-pods-on-a-node",
}


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, id=p.stem, marks=[pytest.mark.slow] if p.stem in LONG else []) for p in CASES],
)
def test_case(path: Path, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    name = str(path.relative_to(ROOT))
    wanted = re.search(r"^// expect: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert wanted is not None
    expected = dict(pair.rsplit(" ", 1) for pair in wanted[1].split("; "))
    loaded = load((name,))
    if "refused" in expected:
        assert not loaded.programs
        assert [d.code for d in loaded.diagnostics] == [expected["refused"]]
        return
    assert not loaded.diagnostics
    results = [(file, verify_program(program, (), Budget(240))) for file, program in loaded.programs]
    report = report_of(results, 0.0)
    if path.stem in NOT_UNIQUE:
        report = replace(report, checks=tuple(replace(check, rests_on=()) for check in report.checks))
    assert {check.name: check.verdict.value for check in report.checks} == expected
    golden(
        f"{path.parent.name}/{path.stem}.txt",
        re.sub(r", \d+\.\d+ s$", "", text(report, colour=False, explain=False), flags=re.MULTILINE),
    )
