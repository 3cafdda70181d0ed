"""What would make a check SAFE, among the remedies that a comparison of the models names."""

from __future__ import annotations

import time
from dataclasses import replace

from verifier.analysis.batch import Batch
from verifier.language.comparisons import changes_nothing, refusal, searched_ms, varied, written_change
from verifier.language.evaluate import Unknown, evaluate
from verifier.language.program import Asked, CheckGroup, Program, Remedy
from verifier.records import dataclass
from verifier.system.run import Budget
from verifier.system.scope import Scope, weakest

_STEP_MS = 1000


@dataclass(frozen=True, slots=True)
class Mended:
    """Settings as one would write them, with which the check was shown SAFE, and for which sizes.

    Of a duration: the shortest whole second for which a search by halves showed it.
    """

    settings: tuple[str, ...]
    scope: Scope


def mended(
    program: Program, asked: Asked, violated: str, remedies: tuple[Remedy, ...], budget: Budget, batch: Batch
) -> tuple[tuple[Mended, ...], bool]:
    """The remedies after which `asked` is cheap to show SAFE, and whether there was time to try them all.

    `violated`: the part of the check that is violated without them, if one is known: it is asked first.
    Settings that are mended are left alone by later remedies, of which `exec(..)` after `sleep(..)` would be one.
    """
    search = _Search(program, asked, violated, budget, batch)
    found: list[Mended] = []
    done: set[str] = set()
    for remedy in remedies:
        paths = {change.path for change in remedy.changes}
        if paths & done or not _applies(program, asked, remedy):
            continue
        if search.over:
            return tuple(found), False
        made = search.least(remedy)
        if made is not None:
            found.append(made)
            done |= paths
    return tuple(found), not search.over


def _applies(program: Program, asked: Asked, remedy: Remedy) -> bool:
    if remedy.checks and asked.check not in remedy.checks:
        return False
    if remedy.when is not None and not evaluate(remedy.when, program, {}):
        return False
    fixed = all(change.value is not None for change in remedy.changes)
    return not (fixed and changes_nothing(program, remedy.changes))


class _Search:
    """Tries remedies on one check of one program."""

    def __init__(self, program: Program, asked: Asked, violated: str, budget: Budget, batch: Batch) -> None:
        self.program = replace(program, asked=(asked,))
        group = program.checks[asked.check]
        part = tuple(part for part in group.parts if part.name == violated)
        self.part = {**program.checks, asked.check: replace(group, parts=part)} if part else program.checks
        self.whole = program.checks
        self.batch = batch
        self.end = time.monotonic() + budget.seconds

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.end

    def least(self, remedy: Remedy) -> Mended | None:
        """The remedy with its durations as short as may be, one after the other; None if it is not enough even with
        the longest, or not allowed. What time is left after the part that is violated decides about the whole check.
        """
        searched = [change for change in remedy.changes if change.value is None]
        try:
            ranges = [searched_ms(change, self.program) for change in searched]
        except Unknown:
            return None
        longest = [hi - hi % _STEP_MS for _, hi in ranges]
        shortest = [lo for lo, _ in ranges]
        found = self._shortest(remedy, shortest, longest, self.part)
        scope = self._safe(remedy, found, self.whole) if found is not None else None
        if found is not None and scope is None:  # more is needed for the other parts
            found = self._shortest(remedy, found, longest, self.whole)
            scope = self._safe(remedy, found, self.whole) if found is not None else None
        made = varied(self.program, remedy.changes, found) if found is not None else None
        if made is None or scope is None:
            return None
        return Mended(tuple(written_change(change, made) for change in remedy.changes), scope)

    def _shortest(
        self, remedy: Remedy, lows: list[int], highs: list[int], checks: dict[str, CheckGroup]
    ) -> list[int] | None:
        """By halves between durations, those at least that are SAFE; None if the `highs` are not."""
        if self._safe(remedy, highs, checks) is None:
            return None
        durations = list(highs)
        for i, lo in enumerate(lows):
            low = lo - _STEP_MS
            while durations[i] - low > _STEP_MS:
                middle = low + (durations[i] - low) // (2 * _STEP_MS) * _STEP_MS
                if self._safe(remedy, [*durations[:i], middle, *durations[i + 1 :]], checks) is None:
                    low = middle
                else:
                    durations[i] = middle
        return durations

    def _safe(self, remedy: Remedy, durations: list[int], checks: dict[str, CheckGroup]) -> Scope | None:
        """For which sizes the check is SAFE with the remedy; None if that is not cheap to show."""
        made = varied(self.program, remedy.changes, durations)
        left = Budget(self.end - time.monotonic())
        if made is None or refusal(made) or left.seconds <= 0.0:
            return None
        found = self.batch.safe(replace(made, checks=checks), left, quick=True)
        return None if found is None else weakest(result.scope for result in found)
