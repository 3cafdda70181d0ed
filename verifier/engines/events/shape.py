"""What is known of a system before any formula is built: how often each machine and view changes, and what is read
once.

A run of a system is the set of its change times. Each machine and each view gets numbered *slots*, one a change.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from verifier.records import dataclass
from verifier.system.ir import FALSE, Check, Expr, Step, System, reads
from verifier.system.run import Run
from verifier.system.told_apart import groups_told_apart

END: Literal["END"] = "END"


@dataclass(frozen=True, slots=True)
class At:
    """A view is read at one moment only: when slot `index` of `machine` fires by its one step there."""

    machine: str
    index: int


@dataclass(frozen=True, slots=True)
class Under:
    """A view is read at one moment only: when the view `reader`, itself read once, takes its last copy that counts."""

    reader: str


Moment: TypeAlias = Literal["END"] | At | Under


@dataclass(frozen=True, slots=True)
class Turns:
    """A machine's slots: for each, the steps that may fire there. `cut`: it could change more often than this."""

    steps: tuple[tuple[Step, ...], ...]
    cut: bool


@dataclass(frozen=True)
class Shape:
    """Slots of machines; for each view the number of its slots; `once`, sources before readers; `unread` views have
    none.

    `told_apart`: for each view and machine among its sources, the groups of states that somebody tells apart through
    the view. A change within a group concerns nobody: a view that differs from its sources in that alone may refresh at
    once, whereby nothing that is read changes, so its clock need not be looked at (as docs/semantics.md, section 5,
    says of sources that are never read).
    """

    turns: dict[str, Turns]
    view_slots: dict[str, int]
    once: dict[str, Moment]
    unread: frozenset[str]
    told_apart: dict[tuple[str, str], tuple[frozenset[str], ...]]

    @property
    def slots(self) -> int:
        return sum(len(turns.steps) for turns in self.turns.values()) + sum(self.view_slots.values()) + len(self.once)


def live_steps(system: System) -> dict[str, tuple[Step, ...]]:
    """The steps of each machine that a guard does not rule out at sight."""
    return {name: tuple(s for s in steps if s.guard != FALSE) for name, steps in system.steps_of.items()}


def shape_of(
    system: System,
    check: Check,
    assume: tuple[Expr, ...],
    *,
    once: bool,
    extra_turns: int,
    along: Run | None = None,
) -> Shape:
    """Count the slots; a machine with a cycle gets (number of its states + `extra_turns`) and is marked as cut.

    `along` a run: only for runs in which each machine makes some first part of the steps that it makes there.
    """
    turns = {
        machine.name: _turns(machine.initial, len(machine.states) + extra_turns, steps)
        for machine, steps in ((system.machine[name], steps) for name, steps in live_steps(system).items())
    }
    if along is not None:
        turns = _along(system, along)
    unread = _unread(system, check, assume) if once else frozenset[str]()
    moments = _moments(system, check, assume, turns, unread) if once else {}
    guards = [step.guard for steps in live_steps(system).values() for step in steps]
    told_apart = groups_told_apart(system, (check.when, *assume, *guards))
    counts: dict[str, int] = {}
    for name in sources_first(system):
        if name not in moments and name not in unread:
            counts[name] = 0
            for source in system.view[name].sources:
                if source in turns:
                    groups = told_apart[name, source]
                    counts[name] += sum(any(crosses(step, groups) for step in slot) for slot in turns[source].steps)
                else:
                    counts[name] += counts[source]
    ordered = {name: moments[name] for name in sources_first(system) if name in moments}
    return Shape(turns, counts, ordered, unread, told_apart)


def crosses(step: Step, groups: tuple[frozenset[str], ...]) -> bool:
    """Does the step lead from one of `groups` to another?"""
    return not any(step.source in group and step.target in group for group in groups)


def _turns(initial: str, cut_at: int, steps: tuple[Step, ...]) -> Turns:
    """Section 1 of the encoding: slot j holds the steps from a state that j-1 steps can reach."""
    slots: list[tuple[Step, ...]] = []
    here = {initial}
    while True:
        possible = tuple(step for step in steps if step.source in here)
        if not possible:
            return Turns(tuple(slots), cut=False)
        if len(slots) >= cut_at:
            return Turns(tuple(slots), cut=True)
        slots.append(possible)
        here = {step.target for step in possible}


def _along(system: System, run: Run) -> dict[str, Turns]:
    """One slot for each step of the run."""
    made: dict[str, list[tuple[Step, ...]]] = {name: [] for name in system.machine}
    for event in run.events:
        if not event.refresh and event.name in system.step:
            step = system.step[event.name]
            made[step.machine].append((step,))
    return {name: Turns(tuple(slots), cut=False) for name, slots in made.items()}


def sources_first(system: System) -> tuple[str, ...]:
    """The views, each after the views among its sources."""
    done: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in done:
            for source in system.view[name].sources:
                if source in system.view:
                    visit(source)
            done[name] = None

    for view in system.views:
        visit(view.name)
    return tuple(done)


def _direct_readers(system: System, check: Check, assume: tuple[Expr, ...]) -> dict[str, list[Step | None]]:
    """For each view who reads it outside `Seen`: steps, or None for the check and what is assumed."""
    found: dict[str, list[Step | None]] = {view.name: [] for view in system.views}
    memo: dict[int, frozenset[str]] = {}
    for expr in (check.when, *assume):
        for name in reads(expr):
            if name in found:
                found[name].append(None)
    for steps in live_steps(system).values():
        for step in steps:
            for name in reads(step.guard, memo):
                if name in found:
                    found[name].append(step)
    return found


def _unread(system: System, check: Check, assume: tuple[Expr, ...]) -> frozenset[str]:
    """Views that nothing reads, nor any view that is read: refreshed eagerly they concern nobody."""
    direct = _direct_readers(system, check, assume)
    read: set[str] = set()
    for name in reversed(sources_first(system)):
        if direct[name] or any(name in view.sources for view in system.views if view.name in read):
            read.add(name)
    return frozenset(view.name for view in system.views if view.name not in read)


def _moments(
    system: System, check: Check, assume: tuple[Expr, ...], turns: dict[str, Turns], unread: frozenset[str]
) -> dict[str, Moment]:
    """The views that are read at one moment only (see `Encoding.once_rules` for what that buys)."""
    direct = _direct_readers(system, check, assume)
    found: dict[str, Moment] = {}
    for name in reversed(sources_first(system)):
        holders = [view.name for view in system.views if name in view.sources and view.name not in unread]
        if name in unread or len(holders) + bool(direct[name]) != 1:
            continue
        if holders:
            if holders[0] in found:
                found[name] = Under(holders[0])
        elif all(reader is None for reader in direct[name]):
            found[name] = END
        elif check.kind == "never" and len(direct[name]) == 1:
            step = direct[name][0]
            at = [i for i, steps in enumerate(turns[step.machine].steps) if step in steps] if step else []
            if step and len(at) == 1 and step.lo == 0 and step.hi is None and not turns[step.machine].cut:
                found[name] = At(step.machine, at[0] + 1)
    return found
