"""Cases of manifests -> one finished report. Equal settings are decided once; many different ones on every core."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace

from verifier.analysis.verdict import Verdict, worst
from verifier.fleet.questions import Answer, Longest, Question, answer, proven
from verifier.language.assemble import scenario_text
from verifier.language.diagnostics import Diagnostic, arranged
from verifier.language.program import Span
from verifier.language.text import duration_text
from verifier.manifests.cases import Case, Path
from verifier.manifests.load import Manifests
from verifier.report.fleet import CaseReport, Fix, FleetReport, PathReport, relocated

# So few questions that each may take its time.
_FEW = 3
# A process costs about as much as this many questions.
_WORTH_A_PROCESS = 12
_LONGEST_MS_MAX = 600_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds`: for each question. `processes` None: as many as there are cores."""

    seconds: float
    processes: int | None = None
    strict: bool = False


def verified(manifests: Manifests, limits: Limits, progress: Progress) -> FleetReport:
    """Decides every way of every case. `progress` is told how many questions are answered, of how many."""
    asked: dict[str, Question] = {}
    keys: dict[int, str] = {}
    for case in manifests.cases:
        for path in case.paths:
            if path.scenario is not None:
                key = "\n".join((*path.modules, scenario_text(path.scenario.items)))
                keys[id(path)] = key
                asked.setdefault(key, _question(path, case, limits.seconds))
    if len(asked) <= _FEW:
        asked = {key: replace(question, thorough=True) for key, question in asked.items()}
    answers = _answered(asked, limits, progress)
    if len(asked) > _FEW:
        answers |= _fixes(manifests.cases, keys, asked, answers)
    named = manifests.events_named
    refused: list[Diagnostic] = []
    cases = []
    for case in manifests.cases:
        paths = []
        for path in case.paths:
            found = answers[keys[id(path)]] if path.scenario is not None else None
            if found is not None and found.refused:  # the places of another workload: asked again for this one's
                found = answer(_question(path, case, limits.seconds))
                refused += found.refused
            paths.append(replace(_path(path, case, found), event=path.event if named else ""))
        cases.append(CaseReport(case.title, case.workload, _place(case.span), tuple(paths), case.taken))
    return FleetReport(
        tuple(cases),
        arranged([*manifests.errors, *refused]),
        manifests.warnings,
        tuple((finding, by.reason) for finding, by in manifests.suppressed),
        manifests.read,
        manifests.ignored,
        manifests.without_service,
        manifests.version,
        0.0,
        limits.strict,
        manifests.events,
    )


def _question(path: Path, case: Case, seconds: float) -> Question:
    assert path.scenario is not None
    repaired = path.repair.scenario if path.repair is not None else None
    longest = None if path.longest_is_given else Longest(path.requests, path.longest_setting, _LONGEST_MS_MAX)
    return Question(path.scenario, path.modules, case.span.file, seconds, repaired, longest, older=path.older)


def _answered(asked: dict[str, Question], limits: Limits, progress: Progress) -> dict[str, Answer]:
    """An answer to each question: here, or in as many processes as pay."""
    processes = min(limits.processes or _cores(), len(asked) // _WORTH_A_PROCESS)
    found: dict[str, Answer] = {}
    if processes < 2:
        for key, question in asked.items():
            found[key] = answer(question)
            progress(len(found), len(asked))
        return found
    # Processes of their own from the start: what this one has begun (threads, a solver) must not be copied.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        waiting = {pool.submit(answer, question): key for key, question in asked.items()}
        try:
            for done in as_completed(waiting):
                found[waiting[done]] = done.result()
                progress(len(found), len(asked))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fixes(
    cases: Iterable[Case], keys: dict[int, str], asked: dict[str, Question], answers: dict[str, Answer]
) -> dict[str, Answer]:
    """For each cause for which no change was cheap to prove: that of one workload, proven thoroughly."""
    open_: dict[str, str] = {}
    shown = set()
    for path in (path for case in cases for path in case.paths if path.scenario is not None):
        key = keys[id(path)]
        found = answers[key]
        if path.repair is None or all(check.verdict is Verdict.SAFE for check in found.checks):
            continue
        if found.repaired:
            shown.add(path.repair.group)
        else:
            open_.setdefault(path.repair.group, key)
    left = [(group, key) for group, key in open_.items() if group not in shown]
    return {key: replace(answers[key], repaired=proven(asked[key])) for _, key in left[:_FEW]}


def _path(path: Path, case: Case, found: Answer | None) -> PathReport:
    if found is None:
        return PathReport(path.name, Verdict.NOT_VERIFIED, path.why_not)
    if found.refused:
        first = found.refused[0]
        return PathReport(path.name, Verdict.NOT_VERIFIED, f"{first.message} [{first.code}]")
    checks = tuple(relocated(check, path.places, case.title) for check in found.checks)
    verdict = worst([check.verdict for check in checks])
    violations = [check.violation for check in checks if check.violation is not None]
    longest = max(violations, key=lambda v: v.trace.lasts_ms, default=None)
    made = PathReport(
        path.name,
        verdict,
        next((check.reason for check in checks if check.reason), ""),
        longest.grade if longest is not None else _scope(checks),
        longest.trace.lasts_ms if longest is not None else 0,
        checks,
        found.slow,
        path.repair.group if path.repair is not None and verdict is not Verdict.SAFE else "",
        _place(path.repair.span) if path.repair is not None else "",
        _fix(path, found),
        _survives(path, found),
        _irrelevant(case, found),
        path.suppressed.reason if path.suppressed is not None else "",
        older=found.older,
    )
    if path.retries and verdict is not Verdict.SAFE:
        was = f"{verdict.value} if nothing is tried again: {path.retries}"
        return replace(made, verdict=Verdict.NOT_VERIFIED, reason=was)
    if path.unless and verdict is not Verdict.UNSAFE:
        was = f"{verdict.value} but for this: "
        return replace(made, verdict=Verdict.NOT_VERIFIED, reason=was + "; ".join(path.unless), fix=None)
    return made


def _scope(checks: Iterable) -> str:  # type: ignore[type-arg]
    return next((f"for {check.scope}" for check in checks if check.verdict is Verdict.SAFE), "")


def _fix(path: Path, found: Answer) -> Fix | None:
    if path.repair is None or all(check.verdict is Verdict.SAFE for check in found.checks):
        return None
    if not found.repaired:
        return None
    return Fix(path.repair.text, _place(path.repair.span), found.repaired)


def _survives(path: Path, found: Answer) -> str:
    if found.longest_ms is None:
        return ""
    return f"requests up to {duration_text(found.longest_ms)}; say in {path.longest_setting} how long yours take"


def _irrelevant(case: Case, found: Answer) -> tuple[str, ...]:
    """Settings in words, of those on which no check rests and that no run that loses a request needed."""
    used = {bound.setting.partition("[")[0] for check in found.checks for bound in check.rests_on}
    used |= {slow.partition(" ")[0] for slow in found.slow}
    return tuple(words for setting, words in case.irrelevant if setting not in used)


def _place(span: Span) -> str:
    return f"{span.file}:{span.line}"
