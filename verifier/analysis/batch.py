"""Many programs of the same models, one after the other: proofs are shared where they are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from verifier.analysis.decide import Decider
from verifier.analysis.questions import Deadline
from verifier.analysis.verdict import CheckResult, Verdict, WorkloadResult
from verifier.analysis.verify import verify_program
from verifier.engines.induction.shared import NotedInduction
from verifier.language.program import Duration, Literal_, Program, Span
from verifier.system.run import Budget
from verifier.system.values import Values

Found = TypeVar("Found")

# Inductions that are kept: each holds the trees of its proofs.
_KEPT_MAX = 8
_NOWHERE = Span("", 0, 0, 0, 0)


class Batch:
    """Decides programs; what one has proven serves the others that say the same of what the proof read."""

    def __init__(self) -> None:
        self._known: list[NotedInduction] = []

    def verify(self, program: Program, budget: Budget) -> WorkloadResult:
        return self._with(program, lambda induction: verify_program(program, (), budget, induction))

    def safe(self, program: Program, budget: Budget, *, quick: bool) -> tuple[CheckResult, ...] | None:
        """The results if every check is SAFE, else None; `quick`: only if that is cheap to show."""

        def ask(induction: NotedInduction) -> tuple[CheckResult, ...]:
            decider = Decider(Values(program), Deadline(budget), induction)
            found = tuple(decider.check(a.check, a.argument, quick=True) for a in program.asked)
            if quick or _all_safe(found):
                return found
            return tuple(decider.check(a.check, a.argument) for a in program.asked)

        found = self._with(program, ask)
        return found if _all_safe(found) else None

    def longest(self, program: Program, check: str, setting: str, most_ms: int, budget: Budget) -> int | None:
        """The largest whole second up to `most_ms` of a duration for which `check` is cheap to show SAFE; None if 0 is
        none, or if it takes longer than `budget`."""
        deadline = Deadline(budget)

        def safe(seconds: int) -> bool:
            values = Values(program, pinned={setting: Literal_(Duration(seconds * 1000), _NOWHERE)})
            ask = lambda known: Decider(values, deadline, known).check(check, None, quick=True)  # noqa: E731
            return self._with(program, ask).verdict is Verdict.SAFE

        if not safe(0):
            return None
        low, high = 0, most_ms // 1000 + 1
        while high - low > 1:
            if deadline.over:
                return None
            middle = (low + high) // 2
            low, high = (middle, high) if safe(middle) else (low, middle)
        return None if deadline.over else low * 1000

    def _with(self, program: Program, ask: Callable[[NotedInduction], Found]) -> Found:
        """`ask` with an induction that serves the program: an older one counts only if it still does afterwards."""
        for known in self._known:
            if known.serves(program):
                found = ask(known)
                if known.serves(program):
                    return found
        own = NotedInduction(program)
        self._known = [own, *self._known][:_KEPT_MAX]
        return ask(own)


def _all_safe(results: tuple[CheckResult, ...]) -> bool:
    return all(result.verdict is Verdict.SAFE for result in results)
