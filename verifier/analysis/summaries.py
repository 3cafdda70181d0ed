"""What is shown of each single member before one machine is put in place of all members that a summary speaks about.

A member is in the first aspect, in the second, or in none. On the relaxed slice of one member it is asked for each pair
whether some step may take a member from the one to the other, whether it may begin in the second, and how long it stays
there before it falls to none. What members may do together follows (`verifier.system.lower`), whatever their number is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations

from verifier.analysis.kinds import kinds
from verifier.analysis.stages import pruned
from verifier.language.program import Boolean, CheckTemplate, Duration, Parameter, Static, Summary
from verifier.system import ir
from verifier.system.lower import Moves, Settled, lower_with
from verifier.system.prune import at_start
from verifier.system.relax import mentions_dropped, weakened
from verifier.system.run import Answer, Outcome
from verifier.system.slice import slice_for
from verifier.system.turning import turning
from verifier.system.values import Env, Reads, Values

# Decides the one check of a system.
Ask = Callable[[ir.System], Outcome]


def moves_of(values: Values, summary: Summary, settled: Settled, ask: Ask) -> dict[str, Moves]:
    """What a member of `summary` may do, class by class. What is not shown impossible is possible."""
    return {cls: _moves_of(values, summary, cls, settled, ask) for cls in values.classes(summary.type)}


def _moves_of(values: Values, summary: Summary, cls: str, settled: Settled, ask: Ask) -> Moves:
    pairs: set[tuple[int, int]] = set()
    begins_second = False
    dwell: list[int] = []
    rests_on: set[str] = set()
    member = Parameter(summary.var, summary.type, cls)
    conditions = tuple(when for _, when, _ in summary.aspects)
    either = Boolean("or", conditions, summary.span) if len(conditions) > 1 else conditions[0]
    part = CheckTemplate(
        summary.name, "never", (*summary.parameters, member), summary.name, (), either, None, None, summary.span
    )
    for env in kinds(values, part, placed=True):
        lowered, exprs = lower_with(values, part, env, conditions, settled)
        aspects = _Aspects(lowered.system, exprs, ask)
        found = {pair for pair in permutations(range(len(exprs) + 1), 2) if aspects.may(pair)}
        pairs |= found
        begins_second |= aspects.may_begin_in(2)
        if (2, 0) in found:  # whether it came from the first aspect, or began in the second
            least = _dwell(values, summary.aspects[1][2], env, rests_on)
            dwell.append(least if least and aspects.stays(least) else 0)
    return Moves(frozenset(pairs), begins_second, min(dwell, default=0), tuple(sorted(rests_on)))


def _dwell(values: Values, least: Static | None, env: Env, rests_on: set[str]) -> int:
    """How long a member of this kind is said to stay, in milliseconds; 0 if nothing is said."""
    if least is None:
        return 0
    reads = Reads()
    value = values.evaluate(least, env, reads)
    assert isinstance(value, Duration)
    rests_on.update(path if cls is None else f"{path}[{cls}]" for path, cls in reads.settings)
    return value.ms


class _Aspects:
    """The aspects of one member over its relaxed system, and which step takes it from one to another."""

    def __init__(self, system: ir.System, exprs: tuple[ir.Expr, ...], ask: Ask) -> None:
        self.system, self.ask = system, ask
        first = exprs[0]
        second = ir.conj([ir.neg(first), exprs[1]]) if len(exprs) > 1 else ir.FALSE
        self.here = (ir.conj([ir.neg(first), ir.neg(second)]), first, second)

    def may(self, pair: tuple[int, int]) -> bool:
        """Whether some step may take the member from one aspect to the other."""
        return not self._never(self.system, ir.disj(self._taken(pair)))

    def may_begin_in(self, aspect: int) -> bool:
        """Whether the member may be in the aspect at the start."""
        return at_start(weakened(self.here[aspect]), {m.name: m.initial for m in self.system.machines})

    def stays(self, least_ms: int) -> bool:
        """Whether the member stays in the second aspect for `least_ms` before it falls to none."""
        name = "(long enough)"
        ticks = least_ms - 1  # in milliseconds: what ends the stay at `least_ms` ends it late enough
        machine = ir.Machine(name, ("no", "yes"), "no")
        step = ir.Step(name, name, "no", "yes", weakened(self.here[2]), ticks, ticks)
        exact = not mentions_dropped(self.here[2])
        factor = self.system.tick_ms
        timed = replace(
            self.system,
            tick_ms=1,
            machines=(*self.system.machines, machine),
            steps=(
                *(replace(s, lo=s.lo * factor, hi=None if s.hi is None else s.hi * factor) for s in self.system.steps),
                step,
            ),
            views=tuple(replace(v, stale=None if v.stale is None else v.stale * factor) for v in self.system.views),
        )
        early = ir.conj([ir.In(name, frozenset({"no"})), ir.disj(self._taken((2, 0)))])
        return exact and self._never(timed, early)

    def _taken(self, pair: tuple[int, int]) -> Iterator[ir.Expr]:
        """For each step that changes what the aspects read: that it may fire, with this effect."""
        read = frozenset(name for expr in self.here for name in ir.reads(expr))
        return turning(self.system, self.here[pair[0]], self.here[pair[1]], read)

    def _never(self, system: ir.System, when: ir.Expr) -> bool:
        when = weakened(when)
        if when == ir.FALSE:
            return True
        check = ir.Check("(moves)", "never", when)
        asked = slice_for(replace(system, checks=(check,)), check)
        return self.ask(pruned(asked, asked.checks[0])).answer is Answer.HOLDS
