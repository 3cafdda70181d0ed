"""One finished report of `hitless compare`: a workload in several cases, and nothing left to compute."""

from __future__ import annotations

from verifier.analysis.verdict import Verdict, worst
from verifier.records import dataclass
from verifier.report.report import Bound, CheckReport


@dataclass(frozen=True, slots=True)
class MendReport:
    """Settings as one would write them, with which the check is SAFE, and for which sizes that was shown."""

    settings: tuple[str, ...]
    scope: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A check in one case. `words`: what SAFE and UNSAFE are called here; empty: something is lost.

    `mends`: single remedies that were shown to be enough; `all_tried`: there was time for all of them.
    """

    title: str
    words: tuple[str, ...]
    check: CheckReport
    mends: tuple[MendReport, ...] = ()
    all_tried: bool = True

    @property
    def lasts_ms(self) -> int:
        return 0 if self.check.violation is None else self.check.violation.trace.lasts_ms


@dataclass(frozen=True, slots=True)
class CaseReport:
    """One case. `own`: the scenario says so itself. `refused`: why the models do not allow it, then nothing else.

    `defaults`: bounds that its verdicts rest on and the scenario does not say.
    """

    name: str
    doc: str
    settings: tuple[str, ...]
    own: bool
    refused: str = ""
    cells: tuple[Cell, ...] = ()
    values: tuple[tuple[str, int], ...] = ()
    defaults: tuple[Bound, ...] = ()


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    file: str
    workload: str
    name: str
    doc: str
    cases: tuple[CaseReport, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the checks of loss, in the cases that the models allow."""
        found = [cell.check.verdict for case in self.cases for cell in case.cells if not cell.words]
        return worst(found or [Verdict.NOT_VERIFIED])


@dataclass(frozen=True, slots=True)
class ComparedReport:
    """All comparisons of all workloads of a file."""

    comparisons: tuple[ComparisonReport, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        return worst([comparison.verdict for comparison in self.comparisons] or [Verdict.NOT_VERIFIED])


def defaults_of(cells: tuple[Cell, ...]) -> tuple[Bound, ...]:
    """The bounds of proofs and of violations that are not in the scenario, each once, by their names."""
    found: dict[str, Bound] = {}
    for cell in cells:
        bounds = list(cell.check.rests_on)
        if cell.check.violation is not None:
            bounds += [bound for reason in cell.check.violation.why if reason.took_ms for bound in reason.bounds]
        for bound in bounds:
            if not bound.given and ".." in bound.value:
                found.setdefault(bound.setting.partition("[")[0], bound)
    return tuple(found[name] for name in sorted(found))
