"""The same workload in the cases of a comparison: every question a value, decided wherever there is a core."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace

from verifier.analysis.batch import Batch
from verifier.analysis.remedies import mended
from verifier.analysis.verdict import CheckResult, Verdict, WorkloadResult
from verifier.analysis.verify import well_formed
from verifier.language.comparisons import changes_nothing, missing, refusal, varied, written_change
from verifier.language.evaluate import Unknown, evaluate
from verifier.language.program import Asked, Case, ComparedCheck, Comparison, Program
from verifier.report.comparison import (
    CaseReport,
    Cell,
    ComparedReport,
    ComparisonReport,
    MendReport,
    defaults_of,
)
from verifier.report.report import CheckReport, report_of, scope_text
from verifier.system.run import Budget
from verifier.system.scope import THIS_TOPOLOGY

# The part of the time that is left that one verdict may take, and that the remedies of one check may take.
_VERDICT = 0.35
_REMEDIES = 0.8
_SECONDS_LEAST = 0.5

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Task:
    """A check of a case of a comparison of a program, each by its number. `mend`: what would make it SAFE, of which the
    part `violated` is known not to be."""

    program: int
    comparison: str
    case: int
    check: int
    mend: bool = False
    violated: str = ""


@dataclass(frozen=True, slots=True)
class Mends:
    found: tuple[MendReport, ...]
    all_tried: bool


class NothingToCompare(Exception):
    """The models that the scenario uses declare no comparison."""


def compared(
    programs: list[tuple[str, Program]], seconds: float, progress: Progress, processes: int | None = None
) -> ComparedReport:
    """Every comparison of the models, for each program. `processes` None: as many as there are cores.

    Raises `NothingToCompare`, and `BadModel` if time can stop in a case.
    """
    started = time.monotonic()
    tasks = []
    for number, (_, program) in enumerate(programs):
        for name, comparison in program.comparisons.items():
            cases = [i for i, case in enumerate(comparison.cases) if not _refused(program, case)]
            for i in cases:
                well_formed(_varied(program, comparison.cases[i]))
            asked = [i for i, check in enumerate(comparison.checks) if not missing(program, check.check)]
            tasks += [Task(number, name, case, check) for check in asked for case in cases]
    if not any(program.comparisons for _, program in programs):
        raise NothingToCompare
    count = min(processes or os.cpu_count() or 1, len(tasks))
    answers = _decided(tasks, programs, started + seconds, count, progress)
    found = [
        _comparison(number, file, program, comparison, answers)
        for number, (file, program) in enumerate(programs)
        for comparison in program.comparisons.values()
    ]
    return ComparedReport(tuple(found), time.monotonic() - started)


# -- dealing out -------------------------------------------------------------------------------------------------------


def _decided(
    tasks: list[Task], programs: list[tuple[str, Program]], end: float, processes: int, progress: Progress
) -> dict[Task, CheckReport | Mends]:
    """Verdicts first, then for each that is not SAFE what would mend it."""
    waiting, running = list(tasks), dict[Future[CheckReport | Mends], Task]()
    found: dict[Task, CheckReport | Mends] = {}

    def seconds(task: Task) -> float:
        left = (end - time.monotonic()) * (_REMEDIES if task.mend else _VERDICT)
        return max(left, _SECONDS_LEAST)

    def done(task: Task, answer: CheckReport | Mends) -> None:
        found[task] = answer
        if isinstance(answer, CheckReport) and answer.verdict is not Verdict.SAFE:
            violated = answer.violation.part if answer.violation is not None else ""
            waiting.append(replace(task, mend=True, violated=violated))
        progress(len(found), len(found) + len(waiting) + len(running))

    if processes < 2:
        _start(programs)
        while waiting:
            task = waiting.pop(0)
            done(task, _answer(task, seconds(task)))
        return found
    # Processes of their own from the start: what this one has begun (threads, a solver) must not be copied.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_start, initargs=(programs,)) as pool:
        try:
            while waiting or running:
                while waiting and len(running) < processes:
                    task = waiting.pop(0)
                    running[pool.submit(_answer, task, seconds(task))] = task
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    done(running.pop(future), future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


# -- one question ------------------------------------------------------------------------------------------------------

_programs: list[tuple[str, Program]] = []
_batch = Batch()


def _start(programs: list[tuple[str, Program]]) -> None:
    """What every question of this process is about."""
    _programs[:] = programs


def _answer(task: Task, seconds: float) -> CheckReport | Mends:
    file, program = _programs[task.program]
    comparison = program.comparisons[task.comparison]
    made = _varied(program, comparison.cases[task.case])
    check = comparison.checks[task.check]
    asked = Asked(check.check, None, check.span)
    if not task.mend:
        result = _batch.verify(replace(made, asked=(asked,)), Budget(seconds))
        return report_of([(file, result)], 0.0).checks[0]
    found, all_tried = mended(made, asked, task.violated, comparison.remedies, Budget(seconds), _batch)
    return Mends(tuple(MendReport(m.settings, scope_text(m.scope, made)) for m in found), all_tried)


def _varied(program: Program, case: Case) -> Program:
    made = varied(program, case.changes)
    assert made is not None
    return made


def _refused(program: Program, case: Case) -> str:
    """Why the models do not allow the case; empty if they do."""
    made = varied(program, case.changes)
    return "a block that it changes is not given" if made is None else refusal(made)


# -- the report --------------------------------------------------------------------------------------------------------


def _comparison(
    number: int, file: str, program: Program, comparison: Comparison, answers: dict[Task, CheckReport | Mends]
) -> ComparisonReport:
    cases = []
    for i, case in enumerate(comparison.cases):
        refused = _refused(program, case)
        own = changes_nothing(program, case.changes)
        if refused:
            cases.append(CaseReport(case.name, case.doc, (), own, refused))
            continue
        made = _varied(program, case)
        settings = tuple(written_change(change, made) for change in case.changes)
        cells = tuple(
            _unknown(file, program, compared)
            if missing(program, compared.check)
            else _cell(compared, Task(number, comparison.name, i, j), answers)
            for j, compared in enumerate(comparison.checks)
        )
        values = tuple((shown.title, _number(shown.value, made)) for shown in comparison.values)
        cases.append(CaseReport(case.name, case.doc, settings, own, "", cells, values, defaults_of(cells)))
    return ComparisonReport(file, program.workload, comparison.name, comparison.doc, tuple(cases))


def _unknown(file: str, program: Program, asked: ComparedCheck) -> Cell:
    """What cannot be asked, because the scenario does not say something that has no default."""
    group = program.checks[asked.check]
    lacks = f"the file does not say {' and '.join(missing(program, asked.check))}"
    result = CheckResult(group.name, group.doc, Verdict.NOT_VERIFIED, THIS_TOPOLOGY, (), 0.0)
    report = report_of([(file, WorkloadResult(program.workload, program, (result,)))], 0.0).checks[0]
    return Cell(asked.title, asked.words, replace(report, scope="", reason=lacks))


def _cell(asked: ComparedCheck, task: Task, answers: dict[Task, CheckReport | Mends]) -> Cell:
    check = answers[task]
    assert isinstance(check, CheckReport)
    part = check.violation.part if check.violation is not None else ""
    mends = answers.get(replace(task, mend=True, violated=part))
    if isinstance(mends, Mends):
        return Cell(asked.title, asked.words, check, mends.found, mends.all_tried)
    return Cell(asked.title, asked.words, check)


def _number(value: object, program: Program) -> int:
    try:
        return int(evaluate(value, program, {}))  # type: ignore[arg-type]
    except Unknown:
        return 0
