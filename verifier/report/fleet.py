"""One finished report on manifests: every way of requests to every workload, and nothing left to compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from verifier.analysis.verdict import Verdict, worst
from verifier.language.diagnostics import Diagnostic
from verifier.language.program import Span
from verifier.report.report import Bound, CheckReport


@dataclass(frozen=True, slots=True)
class Fix:
    """What to write instead, at which place; `scope`: for which sizes it was shown SAFE."""

    text: str
    place: str
    scope: str


@dataclass(frozen=True, slots=True)
class PathReport:
    """One way of requests. `reason`: why it is not verified, or what else is to be known of the verdict. `event`: what
    happens meanwhile, if that was asked for by name.

    `slow`: what was late in the run that loses a request. `survives`: the longest request that is answered.
    `cause`: what the manifest lacks, in words that other workloads share; `fix` only where it was shown to be enough.
    `irrelevant`: what no verdict rests on. `ignored`: the reason for which the verdict does not count. `older`:
    versions on which it is another one.
    """

    name: str
    verdict: Verdict
    reason: str = ""
    grade: str = ""
    lasts_ms: int = 0
    checks: tuple[CheckReport, ...] = ()
    slow: tuple[str, ...] = ()
    cause: str = ""
    cause_at: str = ""
    fix: Fix | None = None
    survives: str = ""
    irrelevant: tuple[str, ...] = ()
    ignored: str = ""
    event: str = ""
    older: str = ""

    @property
    def longest(self) -> bool:
        """Was it shown that none of its violations lasts longer than the ones found?"""
        return all(check.violation.longest for check in self.checks if check.violation is not None)

    @property
    def typically_ms(self) -> int | None:
        """How long requests are lost if everything that is assumed is typical."""
        found = [check.typically_ms for check in self.checks if check.typically_ms is not None]
        return max(found, default=None)

    @property
    def thresholds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(t for check in self.checks for t in check.thresholds))


@dataclass(frozen=True, slots=True)
class CaseReport:
    title: str
    workload: str
    place: str
    paths: tuple[PathReport, ...]
    taken: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the ways that count."""
        return worst([path.verdict for path in self.paths if not path.ignored] or [Verdict.SAFE])


@dataclass(frozen=True, slots=True)
class FleetReport:
    """`events`: what was asked about, in that order."""

    cases: tuple[CaseReport, ...]
    errors: tuple[Diagnostic, ...]
    warnings: tuple[Diagnostic, ...]
    ignored: tuple[tuple[Diagnostic, str], ...]
    objects: int
    other_kinds: Mapping[str, int]
    alone: tuple[str, ...]
    version: str
    seconds: float
    strict: bool = False
    events: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return worst([case.verdict for case in self.cases] or [Verdict.NOT_VERIFIED])

    @property
    def exit_code(self) -> int:
        """1: something is lost; 2: something could not be read or would be refused; else by the worst verdict."""
        found = self.verdict
        if found.exit_code == 1 or (self.strict and found is Verdict.DEPENDS):
            return 1
        return 2 if self.errors else found.exit_code

    def finished(self, seconds: float) -> FleetReport:
        return replace(self, seconds=seconds)

    def only(self, verdicts: tuple[str, ...]) -> FleetReport:
        """The cases with a way of one of these verdicts, and of those the ways; all, if none is named. The exit code
        is still that of the whole."""
        if not verdicts:
            return self
        wanted = {word.upper().replace("_", " ") for word in verdicts}
        cases = []
        for case in self.cases:
            paths = tuple(path for path in case.paths if path.verdict.value in wanted)
            cases += [replace(case, paths=paths)] if paths else []
        return replace(self, cases=tuple(cases))


def relocated(check: CheckReport, places: Mapping[str, Span], workload: str, first: str = "old]") -> CheckReport:
    """A check of a workload with the same settings as another one, with its own places. `first`: the class of those
    that are there before, whose places may be others."""

    def moved(bound: Bound) -> Bound:
        setting, _, cls = bound.setting.partition("[")
        now = places.get(f"now.{setting.partition('.')[2]}") if cls == first else None
        span = now or places.get(setting)
        if not bound.given or span is None:
            return bound
        return replace(bound, place=f"{span.file}:{span.line}")

    violation = check.violation
    if violation is not None:
        why = tuple(replace(reason, bounds=tuple(map(moved, reason.bounds))) for reason in violation.why)
        violation = replace(violation, why=why)
    rests_on = tuple(map(moved, check.rests_on))
    return replace(check, workload=workload, rests_on=rests_on, violation=violation)


def one_line(diagnostic: Diagnostic) -> str:
    """A finding as one line: place, what is wrong, what to write."""
    span = diagnostic.span
    fix = f"; {diagnostic.fix}" if diagnostic.fix else ""
    return f"{span.file}:{span.line}:{span.column}: {diagnostic.message} [{diagnostic.code}]{fix}"
