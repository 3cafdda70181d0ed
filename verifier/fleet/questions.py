"""One question about one set of settings, decided wherever there is a core: a value in, a value out."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cache

from verifier.analysis.batch import Batch
from verifier.analysis.verdict import Verdict, WorkloadResult, worst
from verifier.language.assemble import assembled, scenario_text
from verifier.language.diagnostics import Diagnostic
from verifier.language.program import Program
from verifier.language.syntax import Scenario
from verifier.language.text import duration_text
from verifier.report.report import CheckReport, report_of, scope_text
from verifier.system.run import Budget
from verifier.system.scope import weakest
from verifier.trace import TraceEvent, trace_of


@dataclass(frozen=True, slots=True)
class Longest:
    """Ask for the largest duration of a setting up to `most_ms` for which `check` holds."""

    check: str
    setting: str
    most_ms: int


@dataclass(frozen=True, slots=True)
class Question:
    """`repaired`: a changed scenario to be tried if this one is not SAFE; `thorough`: a proof of it may take its time.
    `longest`: asked if this one is SAFE; so are the scenarios of `older` versions, if there is time for that."""

    scenario: Scenario
    modules: tuple[str, ...]
    file: str
    seconds: float
    repaired: Scenario | None = None
    longest: Longest | None = None
    thorough: bool = False
    older: tuple[tuple[str, Scenario], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """`refused`: what is wrong with the scenario; then there is nothing else. `slow`: what was late in the worst run.
    `repaired`: for which sizes the changed scenario is SAFE, if it is."""

    checks: tuple[CheckReport, ...] = ()
    refused: tuple[Diagnostic, ...] = ()
    slow: tuple[str, ...] = ()
    repaired: str = ""
    longest_ms: int | None = None
    older: str = ""


# The part of a question's time that its verdict may take; the rest is for what would mend it, which gets some anyway.
_VERDICT = 0.7
_LONGEST = 0.2
_SECONDS_LEAST = 2.0


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
    program, started = programs[0], time.monotonic()
    result = _batch().verify(program, Budget(question.seconds * _VERDICT))
    checks = report_of([(question.file, result)], 0.0).checks
    verdicts = [check.verdict for check in checks]
    budget = Budget(max(question.seconds - (time.monotonic() - started), _SECONDS_LEAST))
    repaired, longest_ms = "", None
    if question.repaired is not None and any(v is not Verdict.SAFE for v in verdicts):
        repaired = _repaired(question, question.repaired, budget)
    if question.longest is not None and all(v is Verdict.SAFE for v in verdicts):
        wanted = question.longest
        seconds = min(budget.seconds, max(question.seconds * _LONGEST, _SECONDS_LEAST))
        asked = (program, wanted.check, wanted.setting, wanted.most_ms)
        longest_ms = _batch().longest(*asked, replace(budget, seconds=seconds))
    on_older = _older(question, budget) if question.thorough and all(v is Verdict.SAFE for v in verdicts) else ""
    return Answer(checks, (), _slow(program, result), repaired, longest_ms, on_older)


def _older(question: Question, budget: Budget) -> str:
    """Where an older version changes the verdict: refused, or not SAFE."""
    words = []
    for version, scenario in question.older:
        programs, refused = assembled(scenario, question.modules, question.file)
        if refused:
            words.append(f"{version} and older refuse it: {refused[0].message.partition(' (')[0]}")
        elif _batch().safe(programs[0], budget, quick=True) is None:
            verdict = worst([check.verdict for check in _batch().verify(programs[0], budget).checks])
            words += [] if verdict is Verdict.SAFE else [f"{verdict.value} on {version} and older"]
    return "; ".join(words)


def proven(question: Question) -> str:
    """For which sizes the changed scenario is SAFE, if it is: looked at thoroughly."""
    assert question.repaired is not None
    return _repaired(replace(question, thorough=True), question.repaired, Budget(question.seconds))


def _repaired(question: Question, scenario: Scenario, budget: Budget) -> str:
    programs, refused = assembled(scenario, question.modules, question.file)
    if refused or not programs:
        return ""
    found = _batch().safe(programs[0], budget, quick=not question.thorough)
    return "" if found is None else scope_text(weakest(result.scope for result in found), programs[0])


def _slow(program: Program, result: WorkloadResult) -> tuple[str, ...]:
    """What took its time in the worst run and so made the loss possible: what is still not done at its end, and the
    copies that were brought up to date before."""
    traces = [trace_of(part.witness) for check in result.checks for part in check.parts if part.witness is not None]
    if not traces:
        return ()
    worst = max(traces, key=lambda trace: trace.lasts_ms)
    assumed = {path for (path, _), given in program.values.items() if given.assumed}
    found: dict[tuple[str, ...], TraceEvent] = {}
    for event in (*worst.events, *worst.late):
        telling = not event.happened or (event.close and not event.source)
        if event.waited_ms and telling and event.rests_on:
            settings = tuple(dict.fromkeys(setting.partition("[")[0] for setting in event.rests_on))
            if settings not in found or found[settings].waited_ms < event.waited_ms:
                found[settings] = event
    return tuple(_late(settings, event, assumed) for settings, event in found.items())


def _late(settings: tuple[str, ...], event: TraceEvent, assumed: set[str]) -> str:
    """One delay: by its setting; by what happened where several settings make it."""
    name = settings[0] if len(settings) == 1 else f"{event.label}:"
    return f"{name} {duration_text(event.waited_ms)}{' (assumed)' if assumed & set(settings) else ''}"
