"""A violating run with absolute times and component names, for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verifier.analysis.verdict import Witness
from verifier.interpreter import Interpreter, State, Value
from verifier.records import dataclass
from verifier.system.ir import And, AtLeast, Expr, In, Not, Or, Seen, Step, View, reads
from verifier.system.told_apart import groups_told_apart


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """What happened `at_ms`, `waited_ms` after it became possible.

    For a view, `source` and `target` are empty. `close`: it changes what the check itself is about, not only what made
    it possible. `happened` False: at the end of the trace it had not happened yet, though it had been possible so
    long.
    """

    at_ms: int
    component: str
    source: str
    target: str
    label: str
    waited_ms: int
    origin: str
    rests_on: tuple[str, ...]
    close: bool
    happened: bool = True


@dataclass(frozen=True, slots=True)
class Awaited:
    """What a stuck run waits for: a step of `component`, which is in `state` and where nothing lets it happen any more.

    `others`: how many more steps of the same kind it waits for.
    """

    label: str
    component: str
    state: str
    others: int
    origin: str


@dataclass(frozen=True, slots=True)
class Trace:
    """`since_ms..end_ms`: how long the violation lasts in this run. `late`: what had not happened at its end.
    `awaited`: of a run that is stuck."""

    events: tuple[TraceEvent, ...]
    late: tuple[TraceEvent, ...]
    since_ms: int
    end_ms: int
    awaited: tuple[Awaited, ...] = ()

    @property
    def lasts_ms(self) -> int:
        return self.end_ms - self.since_ms


def trace_of(witness: Witness) -> Trace:
    """The witness as the interpreter runs it; clocks are read off its states."""
    return _Telling(witness).trace()


class _Telling:
    def __init__(self, witness: Witness) -> None:
        self.system = witness.system
        self.meaning = Interpreter(self.system)
        self.stuck = witness.check.kind == "ends_with"
        self.awaited: tuple[Awaited, ...] = ()
        if self.stuck:
            self.awaited, focus = self._awaited(witness)
            witness = replace(witness, focus=focus)
        self.witness = witness
        guards = [step.guard for step in self.system.steps]
        groups = groups_told_apart(self.system, [witness.check.when, *guards])
        self.group_of: dict[tuple[str, str], dict[Value, int]] = {
            source: {s: i for i, group in enumerate(g) for s in group} for source, g in groups.items()
        }
        self.clock_at = {name: i for i, name in enumerate([*self.system.step, *self.system.view])}

    def trace(self) -> Trace:
        tick = self.system.tick_ms
        state, now = self.meaning.initial(), 0
        events = []
        for effect in self.witness.replayed.effects:
            before, now = self.meaning.tick(state, effect.at - now), effect.at
            move = self.meaning.refresh if effect.refresh else self.meaning.fire
            state = move(before, effect.name)
            if effect.refresh and not self._noticed(effect.name, before, state):
                continue
            owner: Step | View = self.system.view[effect.name] if effect.refresh else self.system.step[effect.name]
            events.append(self._event(owner, effect.at, before, self._close(owner, before, state)))
        end = self.witness.replayed.end
        state = self.meaning.tick(state, end - now)
        late = tuple(self._event(owner, end, state, True, happened=False) for owner in self._late(state))
        return Trace(tuple(events), late, self.witness.replayed.since * tick, end * tick, self.awaited)

    def _awaited(self, witness: Witness) -> tuple[tuple[Awaited, ...], frozenset[str]]:
        """The next steps of the machines that are not where the check wants them, and the steps that would help these;
        and the machines on which all of them depend."""
        state = self.meaning.initial()
        for effect in witness.replayed.effects:
            move = self.meaning.refresh if effect.refresh else self.meaning.fire
            state = move(state, effect.name)
        at = dict(zip(self.system.machine, state.machines, strict=True))
        when = witness.check.when
        parts = when.parts if isinstance(when, And) else (when,)
        open_ = [part for part in parts if not self.meaning.holds(part, state)]
        wanted = {name for part in open_ for name in reads(part)}
        first = [step for step in self.system.steps if step.machine in wanted and step.source == at[step.machine]]
        helped = {atom for step in first for atom in _helpful(step.guard, True)}
        more = [
            step
            for step in self.system.steps
            if step.source == at[step.machine]
            and any(step.machine == m and (step.target in states) is wish for m, states, wish in helped)
        ]
        found: dict[str, Awaited] = {}
        for step in dict.fromkeys((*first, *more)):
            known = found.get(step.origin)
            new = Awaited(step.label, step.machine, step.source, 0, step.origin)
            found[step.origin] = new if known is None else replace(known, others=known.others + 1)
        return tuple(found.values()), frozenset(reads(when) | {machine for machine, _, _ in helped})

    def _late(self, state: State) -> Iterator[Step | View]:
        """What would end the violation, or might, and has been possible for some time."""
        read = reads(self.witness.check.when)
        late: dict[tuple[str, str, str], Step] = {}
        for step in self.system.steps:
            if step.machine in read and step.hi is not None and state.clocks[self.clock_at[step.name]]:
                late.setdefault((step.machine, step.target, step.label), step)
        yield from late.values()
        for view in self.system.views:
            if view.name in self.meaning.behind(state) and self._out_of_date(view, state):
                yield view

    def _event(self, owner: Step | View, at: int, state: State, close: bool, happened: bool = True) -> TraceEvent:
        component = owner.machine if isinstance(owner, Step) else owner.name
        source, target = (owner.source, owner.target) if isinstance(owner, Step) else ("", "")
        waited = state.clocks[self.clock_at[owner.name]] or 0
        tick = self.system.tick_ms
        label = owner.label or f"{component} is up to date"
        origin, rests_on = owner.origin, owner.rests_on
        return TraceEvent(at * tick, component, source, target, label, waited * tick, origin, rests_on, close, happened)

    def _close(self, owner: Step | View, before: State, after: State) -> bool:
        if isinstance(owner, Step):
            return owner.machine in self.witness.focus
        return owner.name in self.witness.focus and self._seen(owner, before) != self._seen(owner, after)

    def _out_of_date(self, view: View, state: State) -> bool:
        """Is the view behind in what the check is about?"""
        refreshed = self.meaning.refresh(state, view.name)
        return view.name in self.witness.focus and self._seen(view, state) != self._seen(view, refreshed)

    def _noticed(self, view: str, before: State, after: State) -> bool:
        """Does anybody tell the view's copies apart?"""
        at = self.meaning.view_at[view]
        return self._told_apart(self.system.view[view], before.copies[at], after.copies[at])

    def _told_apart(self, view: View, one: Value, other: Value) -> bool:
        for name, left, right in zip(view.sources, one, other, strict=True):
            if left == right:
                continue
            group_of = self.group_of.get((view.name, name))
            if group_of is None:
                differ = self._told_apart(self.system.view[name], left, right)
            else:
                differ = group_of[left] != group_of[right]
            if differ:
                return True
        return False

    def _seen(self, view: View, state: State) -> Value:
        """The part of a view's copy that the check is about."""
        return self._part(view, state.copies[self.meaning.view_at[view.name]])

    def _part(self, view: View, copy: Value) -> Value:
        assert isinstance(copy, tuple)
        parts: list[Value] = []
        for name, value in zip(view.sources, copy, strict=True):
            if name in self.system.view:
                parts.append(self._part(self.system.view[name], value))
            elif name in self.witness.focus:
                parts.append(value)
        return tuple(parts)


def _helpful(expr: Expr, wish: bool) -> Iterator[tuple[str, frozenset[str], bool]]:
    """(machine, states, whether being in them helps) of what may turn `expr` into `wish`."""
    match expr:
        case In(machine, states):
            yield machine, states, wish
        case Not(body):
            yield from _helpful(body, not wish)
        case Seen(_, body):
            yield from _helpful(body, wish)
        case And(parts) | Or(parts) | AtLeast(_, parts):
            for part in parts:
                yield from _helpful(part, wish)
