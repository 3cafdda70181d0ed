"""One question about one set of settings, decided wherever there is a core: a value in, a value out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from verifier.analysis.batch import Batch
from verifier.analysis.verdict import Verdict, WorkloadResult
from verifier.language.assemble import assembled, scenario_text
from verifier.language.diagnostics import Diagnostic
from verifier.language.program import Program
from verifier.language.syntax import Scenario
from verifier.language.text import duration_text
from verifier.report.report import CheckReport, report_of, scope_text
from verifier.system.run import Budget
from verifier.system.scope import weakest
from verifier.trace import trace_of


@dataclass(frozen=True, slots=True)
class Longest:
    """Ask for the largest duration of a setting up to `most_ms` for which `check` holds."""

    check: str
    setting: str
    most_ms: int


@dataclass(frozen=True, slots=True)
class Question:
    """`repaired`: a changed scenario to be tried if this one is not SAFE. `longest`: asked if it is."""

    scenario: Scenario
    modules: tuple[str, ...]
    file: str
    seconds: float
    repaired: Scenario | None = None
    longest: Longest | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`refused`: what is wrong with the scenario; then there is nothing else. `slow`: what was late in the worst run.
    `repaired`: for which sizes the changed scenario is SAFE, if it is."""

    checks: tuple[CheckReport, ...] = ()
    refused: tuple[Diagnostic, ...] = ()
    slow: tuple[str, ...] = ()
    repaired: str = ""
    longest_ms: int | None = None


class Failed(Exception):
    """An error of ours while a question was decided; `scenario` reproduces it, and holds nothing that is secret."""

    def __init__(self, message: str, scenario: str) -> None:
        super().__init__(message, scenario)
        self.scenario = scenario


@cache
def _batch() -> Batch:
    """One for each process."""
    return Batch()


def answer(question: Question) -> Answer:
    """Decides a question. Deterministic: whatever was decided before in this process. Raises `Failed`."""
    try:
        return _answer(question)
    except Exception as error:
        text = "".join(f"use {module}\n" for module in question.modules) + scenario_text(question.scenario.items)
        raise Failed(f"{type(error).__name__}: {error}", text) from error


def _answer(question: Question) -> Answer:
    programs, refused = assembled(question.scenario, question.modules, question.file)
    if refused or not programs:
        return Answer(refused=refused)
    program, budget = programs[0], Budget(question.seconds)
    result = _batch().verify(program, budget)
    checks = report_of([(question.file, result)], 0.0).checks
    verdicts = [check.verdict for check in checks]
    repaired, longest_ms = "", None
    if question.repaired is not None and any(v is not Verdict.SAFE for v in verdicts):
        repaired = _repaired(question, question.repaired, budget)
    if question.longest is not None and all(v is Verdict.SAFE for v in verdicts):
        wanted = question.longest
        longest_ms = _batch().longest(program, wanted.check, wanted.setting, wanted.most_ms, budget)
    return Answer(checks, (), _slow(program, result), repaired, longest_ms)


def _repaired(question: Question, scenario: Scenario, budget: Budget) -> str:
    programs, refused = assembled(scenario, question.modules, question.file)
    if refused or not programs:
        return ""
    found = _batch().safe(programs[0], budget)
    return "" if found is None else scope_text(weakest(result.scope for result in found), programs[0])


def _slow(program: Program, result: WorkloadResult) -> tuple[str, ...]:
    """What took its time in the worst run and so made the loss possible: what is still not done at its end, and the
    copies that were brought up to date before."""
    traces = [trace_of(part.witness) for check in result.checks for part in check.parts if part.witness is not None]
    if not traces:
        return ()
    worst = max(traces, key=lambda trace: trace.lasts_ms)
    found: dict[str, int] = {}
    for event in (*worst.events, *worst.late):
        telling = not event.happened or (event.close and not event.source)
        if event.waited_ms and telling:
            for setting in event.rests_on:
                found[setting.partition("[")[0]] = max(event.waited_ms, found.get(setting, 0))
    assumed = {path for (path, _), given in program.values.items() if given.assumed}
    return tuple(f"{s} {duration_text(ms)}{' (assumed)' if s in assumed else ''}" for s, ms in found.items())
