"""What is decided about a check, as values."""

from __future__ import annotations

from enum import Enum

from verifier.interpreter import Replayed
from verifier.language.program import Program
from verifier.records import dataclass
from verifier.system.ir import Check, System
from verifier.system.run import Outcome, Run
from verifier.system.scope import Scope


class Verdict(Enum):
    """docs/semantics.md, section 4. NOT_VERIFIED: nobody looked, and why is said."""

    SAFE = "SAFE"
    UNSAFE = "UNSAFE"
    STUCK = "STUCK"
    DEPENDS = "DEPENDS"
    VACUOUS = "VACUOUS"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_VERIFIED = "NOT VERIFIED"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return WORST_FIRST.index(self)

    @property
    def exit_code(self) -> int:
        return {Verdict.SAFE: 0, Verdict.UNSAFE: 1, Verdict.STUCK: 1}.get(self, 4)


# The worst first: what a check says when its parts differ.
WORST_FIRST = (
    Verdict.UNSAFE,
    Verdict.STUCK,
    Verdict.DEPENDS,
    Verdict.NOT_VERIFIED,
    Verdict.INCONCLUSIVE,
    Verdict.VACUOUS,
    Verdict.SAFE,
)


def worst(verdicts: list[Verdict]) -> Verdict:
    return min(verdicts, key=lambda verdict: verdict.rank)


@dataclass(frozen=True, slots=True)
class Witness:
    """A violating run, replayed on `system`: everything that can influence the check, at this topology.

    `focus`: the machines and views whose events explain the violation; the others made it possible. `cut`: it may last
    longer than in this run. `outcome`: of the engine that found it, in a part of the system; or, if it was found by
    playing the whole, the same about the slice of the check.
    """

    system: System
    check: Check
    run: Run
    replayed: Replayed
    focus: frozenset[str]
    cut: bool = False
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class PartResult:
    """One part of a check for one choice of members. `rests_on`: (setting, "lo" | "hi") that a proof used.

    `in_every_run`: a violation that was shown to be in every complete run, for some choice of members. `longest`: it
    was shown that no violation of this part by these members lasts longer than the witness's. `outcome`: what
    an engine said to decide this, or (STUCK) is to say; None where lemmas alone do, and of large systems.
    """

    name: str
    text: str
    verdict: Verdict
    scope: Scope
    lemmas: tuple[str, ...] = ()
    rests_on: tuple[tuple[str, str], ...] = ()
    witness: Witness | None = None
    in_every_run: bool = False
    longest: bool = False
    reason: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """SAFE as long as the upper end of an assumed setting is at most `safe_ms` (the scenario assumes up to
    `assumed_ms`).
    """

    setting: str
    safe_ms: int
    assumed_ms: int | None


@dataclass(frozen=True, slots=True)
class Searched:
    """How many states the graph engine looked at for a check. `confirms`: the events engine had given the answer, the
    graph engine gave the same one; else the search alone decides some part.
    """

    states: int
    confirms: bool


@dataclass(frozen=True, slots=True)
class Certified:
    """How many of the answers that a verdict rests on another solver repeated, out of how many."""

    solver: str
    repeated: int
    of: int


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A check as it was asked for, with the result of each part.

    `typically_ms`: for how long it is violated if every assumed bound is typical; None where nothing is assumed.
    """

    name: str
    doc: str
    verdict: Verdict
    scope: Scope
    parts: tuple[PartResult, ...]
    seconds: float
    thresholds: tuple[Threshold, ...] = ()
    typically_ms: int | None = None
    searched: Searched | None = None
    certified: Certified | None = None


@dataclass(frozen=True, slots=True)
class WorkloadResult:
    """All checks of one workload of one scenario."""

    workload: str
    program: Program
    checks: tuple[CheckResult, ...]
