"""The grade of a violation: is it in every run, and how long does it last at most?

*In every run.* Only complete runs count: time passes without end, and all obligations are honoured; a step without an
upper bound may stay out for ever. Three stages, each small; what they do not show is not claimed:

1. Schedules (verifier/analysis/schedules.py), and walks. A complete run that avoids the violation ends the question.
2. A proof about the check's own members alone. The others are dropped, so that nothing is left of the system's size,
   with one exception: *who comes first*. Members of a class are interchangeable, so of the members whose machine of one
   family leaves its initial state at all, it may be the check's own that does so first; until then all others of its
   class are still there. (A run in which another one is first becomes such a run by exchanging the two; each violates
   the check for some choice of members if the other does.) So "there is room for one more" stays true without
   counting, and a step that depends on it stays an obligation.
3. The same proof with every member, while the system is small.

*How long at most.* The search makes a violation as long as it can, in runs of a few members. That none is longer is
proven on the relaxed slice, which has all runs of the system, or on the whole slice while that is small.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from verifier.analysis.schedules import avoiding_run
from verifier.analysis.stages import pruned
from verifier.analysis.verdict import PartResult
from verifier.engines import events, walks
from verifier.interpreter import Interpreter
from verifier.system import ir
from verifier.system.keep import keep
from verifier.system.lower import Lowered
from verifier.system.run import WORK_A_SECOND, Answer, Budget
from verifier.system.suffix import going_round, last_changes
from verifier.system.values import Member

# Larger systems (in changes of machines and views) are left at the weaker grade.
_SLOTS_MAX = 120
_WORK = 2 * WORK_A_SECOND
_WORK_LONGEST = WORK_A_SECOND // 4
# What the relaxed slice does not show, the whole one is asked only if it has no more machines than this.
_FEW_MACHINES = 20
# Of so many events in all are the walks of which one may avoid the violation.
_EVENTS = 6_000


class Violated(Protocol):
    """A part of a check for one choice of members, with its violation."""

    relaxed: Lowered | None
    exact: Lowered | None
    result: PartResult | None

    @property
    def own(self) -> list[Member]: ...

    def lasts_ms(self) -> int: ...


def grade(
    violated: Sequence[Violated], meaning: Callable[[ir.System], Interpreter], left: Callable[[], Budget]
) -> None:
    """Marks the results: a violation that is in every run, and the longest one if none can be longer.

    One part that every run violates is enough for the check.
    """
    for part in violated:
        assert part.exact is not None
        assert part.result is not None
        if in_every_run(part.exact, part.own, meaning(part.exact.system), left()):
            part.result = replace(part.result, in_every_run=True)
            break
    longest = max(violated, key=lambda part: part.lasts_ms())
    assert longest.exact is not None
    assert longest.result is not None
    if lasts_at_most(longest.relaxed, longest.exact, longest.lasts_ms(), left()):
        longest.result = replace(longest.result, longest=True)


def in_every_run(exact: Lowered, own: list[Member], meaning: Interpreter, budget: Budget) -> bool:
    """Every complete run violates the check for some choice of members; shown, or False. `own`: the check's members."""
    if exact.check.kind != "never":
        return False
    watched = _watched(exact)
    if watched is not exact:
        exact, meaning = watched, Interpreter(watched.system)
    if avoiding_run(meaning, exact.check.when) is not None or walks.avoided(exact.system, exact.check.when, _EVENTS):
        return False
    return shown(exact, own, replace(budget, work=_WORK))


def shown(exact: Lowered, own: list[Member], budget: Budget) -> bool:
    """Stages 2 and 3."""
    system, condition = exact.system, exact.check.when
    mine = {m.name for m in system.machines if all(member in own for member in exact.members_of.get(m.name, ()))}
    for known in _first_of_class(exact, own):
        if _proof(*keep(system, condition, mine, known), budget):
            return True
    everybody = frozenset(system.machine)
    if len(everybody) == len(mine) or len(everybody) > _SLOTS_MAX:
        return False
    return _proof(*keep(system, condition, everybody, {}), budget)


def lasts_at_most(relaxed: Lowered | None, exact: Lowered, lasts_ms: int, budget: Budget) -> bool:
    """No violation of this check lasts longer without a break; shown, or False."""
    left = replace(budget, work=_WORK_LONGEST)
    tried = False
    for lowered in (relaxed, exact):
        if lowered is None or lowered.check.kind != "never" or len(lowered.system.machines) > _SLOTS_MAX:
            continue
        small = pruned(lowered.system, lowered.check)
        if round_ := going_round(small):
            # Nothing is known of what goes round, at any moment: that leaves no run out.
            unknown = last_changes(small, small.checks[0], round_, 0)
            small = pruned(unknown, unknown.checks[0])
        when = small.checks[0].when
        if not isinstance(when, ir.Const) and (not tried or len(small.machines) <= _FEW_MACHINES):
            tried = True
            ticks = lasts_ms // small.tick_ms
            if events.lasts_at_most(small, when, ticks, left, _SLOTS_MAX).answer is Answer.HOLDS:
                return True
    return False


def _watched(exact: Lowered) -> Lowered:
    """With the observer of a `never P for d` made to notice at d, which a free one might have done too."""
    observer = f"{exact.check.name} lasts"
    if observer not in exact.system.machine:
        return exact
    steps = tuple(replace(s, hi=s.lo) if s.machine == observer else s for s in exact.system.steps)
    return replace(exact, system=replace(exact.system, steps=steps))


def _proof(system: ir.System, condition: ir.Expr, budget: Budget) -> bool:
    if isinstance(condition, ir.Const):
        return condition.value
    return events.inevitable(system, condition, budget, _SLOTS_MAX).answer is Answer.HOLDS


def _first_of_class(exact: Lowered, own: list[Member]) -> list[dict[str, dict[str, str]]]:
    """For one machine at a time: the states of those that follow it. If there is none, nothing."""
    found: list[dict[str, dict[str, str]]] = []
    family: dict[tuple[str, str, str], list[ir.Machine]] = {}
    for machine in exact.system.machines:
        members = exact.members_of.get(machine.name, ())
        if len(members) == 1:
            key = (machine.name.split("[")[0], members[0].type, members[0].cls)
            family.setdefault(key, []).append(machine)
    for (_, kind, cls), machines in sorted(family.items()):
        first = next((m for m in own if (m.type, m.cls) == (kind, cls)), None)
        leader = next((m for m in machines if exact.members_of[m.name] == (first,)), None)
        if leader is None or len(machines) == 1 or not _begin_alike(exact, kind, cls):
            continue
        others = {m.name: m.initial for m in machines if m is not leader}
        steps = exact.system.steps_of[leader.name]
        returns = any(step.target == leader.initial for step in steps)
        asks = any(step.source == leader.initial and set(ir.mentions(step.guard)) & others.keys() for step in steps)
        if asks and not returns:
            found.append({leader.name: others})
    return found or [{}]


def _begin_alike(exact: Lowered, kind: str, cls: str) -> bool:
    """The members of a class are interchangeable: their machines begin in the same states, and nobody begins at one of
    them.
    """
    begin: dict[tuple[object, ...], str] = {}
    for machine in exact.system.machines:
        members = exact.members_of.get(machine.name, ())
        mine = [m for m in members if (m.type, m.cls) == (kind, cls)]
        key = (machine.name.split("[")[0], *(mine.index(m) if m in mine else m for m in members))
        if begin.setdefault(key, machine.initial) != machine.initial:
            return False
    names = {m.name for members in exact.members_of.values() for m in members if (m.type, m.cls) == (kind, cls)}
    return not any(names.intersection(re.split(r"[(), ]+", initial)) for initial in begin.values())
