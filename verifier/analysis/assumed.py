"""DEPENDS: a verdict that turns on a bound nobody has measured or documented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from verifier.analysis.verdict import CheckResult, Threshold, Verdict
from verifier.language.program import Duration, Literal_, Program, Static, Window
from verifier.system.values import Reads, Values

# The check with some settings pinned, and the other assumed ones at their typical value or over their whole range;
# `quick` (the second argument) settles for what is cheap to show SAFE.
Ask = Callable[[Values, bool], CheckResult]

# Inequalities are looked for in steps of this size.
_STEP_MS = 100


def judged(program: Program, whole: CheckResult, ask: Ask) -> CheckResult:
    """`whole`, a violation over the whole range of every bound; DEPENDS if it needs assumed bounds away from typical.

    The inequalities are found by bisection of the upper end of one assumed setting, with all others over their whole
    range; a setting that alone decides nothing is not listed.
    """
    assumed = [path for (path, cls), given in program.values.items() if given.assumed and given.typical is not None]
    if whole.verdict is not Verdict.UNSAFE or not assumed:
        return whole
    typical = ask(Values(program, typical=True), False)
    if typical.verdict is not Verdict.SAFE:
        return replace(whole, typically_ms=_lasts_ms(typical))
    found = [_threshold(program, path, ask) for path in dict.fromkeys(assumed)]
    return replace(whole, verdict=Verdict.DEPENDS, thresholds=tuple(t for t in found if t is not None))


def _lasts_ms(result: CheckResult) -> int | None:
    """How long the longest violation found lasts; None if there is none."""
    found = [part.witness for part in result.parts if part.witness is not None]
    return max(((w.replayed.end - w.replayed.since) * w.system.tick_ms for w in found), default=None)


def _threshold(program: Program, path: str, ask: Ask) -> Threshold | None:
    """The largest upper end of `path` found to be SAFE."""
    given = next(g for (p, _), g in program.values.items() if p == path)
    plain = Values(program)
    window = plain.window(given.value, {}, Reads())
    if window.hi_ms is None:
        return None

    def safe(hi_ms: int) -> bool:
        pinned: Static = Literal_(Window(min(window.lo_ms, hi_ms), hi_ms), given.span)
        if program.settings[path].kind == "duration":
            pinned = Literal_(Duration(hi_ms), given.span)
        return ask(Values(program, pinned={path: pinned}), True).verdict is Verdict.SAFE

    low, high = window.lo_ms, window.hi_ms
    if not safe(low):
        return None
    while high - low > _STEP_MS:
        middle = low + max((high - low) // (2 * _STEP_MS), 1) * _STEP_MS
        low, high = (middle, high) if safe(middle) else (low, middle)
    return Threshold(path, low, window.hi_ms)
