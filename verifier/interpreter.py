"""The meaning of a system (docs/semantics.md, section 2) as directly as code can say it; it replays witnesses.

Imports neither a solver nor an engine, so that what an engine claims is checked by separately written code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from verifier.records import dataclass
from verifier.system.ir import And, AtLeast, Check, Const, Expr, In, Not, Or, System, reads
from verifier.system.run import Event, Run

# What can be read under a name: a machine's state, or a view's copy (one value for each of its sources, in order).
Value: TypeAlias = "str | tuple[Value, ...]"
Copy: TypeAlias = "tuple[Value, ...]"


@dataclass(frozen=True, slots=True)
class State:
    """Section 2: machine states, view copies, and for each step and view its clock (None: not enabled, not behind).

    Positions are those of `system.machines`, `system.views`, and of the steps followed by the views.
    """

    machines: tuple[str, ...]
    copies: tuple[Copy, ...]
    clocks: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """An event that changed something: `subject` is the machine that moved from `source` to `target`, or the view."""

    at: int
    name: str
    refresh: bool
    subject: str
    source: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run that is one: its effective events, its end, and the tick since which the violation held up to the end."""

    effects: tuple[Effect, ...]
    end: int
    since: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a run is none, or does not violate the check. `forced`: the steps and views that let no time pass at `at`."""

    reason: str
    at: int
    forced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Scope:
    """Inside `Seen`: a view's copy, and the place in it of each of the view's sources."""

    place: Mapping[str, int]
    copy: Copy

    def read(self, name: str) -> Value:
        return self.copy[self.place[name]]


class Interpreter:
    """The transition system of one `System`; every method that yields a state leaves the given one as it was."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.machine_at = {machine.name: i for i, machine in enumerate(system.machines)}
        self.view_at = {view.name: i for i, view in enumerate(system.views)}
        self.step_at = {step.name: i for i, step in enumerate(system.steps)}
        self._bounds = [step.hi for step in system.steps] + [view.stale for view in system.views]
        self._bounded = [(i, hi) for i, hi in enumerate(self._bounds) if hi is not None]
        self._names = [step.name for step in system.steps] + [view.name for view in system.views]
        self._place = {view.name: {source: i for i, source in enumerate(view.sources)} for view in system.views}
        # Where each view finds its sources now: among the machines or the copies, and at which position.
        at = {name: (True, i) for name, i in self.machine_at.items()}
        at |= {name: (False, i) for name, i in self.view_at.items()}
        self._sources_at = [[at[name] for name in view.sources] for view in system.views]
        self._readers: dict[str, list[int]] = {name: [] for name in (*self.machine_at, *self.view_at)}
        memo: dict[int, frozenset[str]] = {}  # guards often share their parts
        for i, step in enumerate(system.steps):
            for name in reads(step.guard, memo) | {step.machine}:
                self._readers[name].append(i)
        self._watchers: dict[str, list[int]] = {name: [] for name in self._readers}
        for i, view in enumerate(system.views):
            for name in view.sources:
                self._watchers[name].append(i)

    # -- reading ---------------------------------------------------------------------------------------------------

    def holds(self, expr: Expr, state: State) -> bool:
        """The value of an expression in a state."""
        return self._value(expr, state, None, {})

    def _value(self, expr: Expr, state: State, scope: _Scope | None, memo: dict[tuple[int, int], bool]) -> bool:
        """Evaluate in the present (`scope` None) or in a copy; `memo` serves one state and makes shared parts cheap."""
        if isinstance(expr, In):
            here = state.machines[self.machine_at[expr.machine]] if scope is None else scope.read(expr.machine)
            return here in expr.states
        if isinstance(expr, Const):
            return expr.value
        key = (id(expr), 0 if scope is None else id(scope.copy))
        known = memo.get(key)
        if known is not None:
            return known
        if isinstance(expr, And | Or):
            value = stop = isinstance(expr, Or)
            for part in expr.parts:
                if self._value(part, state, scope, memo) is stop:
                    break
            else:
                value = not stop
        elif isinstance(expr, AtLeast):
            value = self._count(expr, state, scope, memo) >= expr.k
        elif isinstance(expr, Not):
            value = not self._value(expr.body, state, scope, memo)
        else:
            copy = state.copies[self.view_at[expr.view]] if scope is None else scope.read(expr.view)
            assert isinstance(copy, tuple)
            value = self._value(expr.body, state, _Scope(self._place[expr.view], copy), memo)
        memo[key] = value
        return value

    def _count(self, expr: AtLeast, state: State, scope: _Scope | None, memo: dict[tuple[int, int], bool]) -> int:
        """How many parts hold; no more are looked at than are needed."""
        count = 0
        for part in expr.parts:
            if self._value(part, state, scope, memo):
                count += 1
                if count == expr.k:
                    break
        return count

    def _sources_now(self, view: int, machines: tuple[str, ...], copies: tuple[Copy, ...]) -> Copy:
        return tuple([machines[i] if is_machine else copies[i] for is_machine, i in self._sources_at[view]])

    # -- states ----------------------------------------------------------------------------------------------------

    def initial(self) -> State:
        """Every machine in its initial state, every view up to date, every clock at 0."""
        machines = tuple(machine.initial for machine in self.system.machines)
        copies: dict[str, Copy] = {}

        def fill(name: str) -> Copy:
            if name not in copies:
                sources = self.system.view[name].sources
                copies[name] = tuple(
                    machines[self.machine_at[source]] if source in self.machine_at else fill(source)
                    for source in sources
                )
            return copies[name]

        held = tuple(fill(view.name) for view in self.system.views)
        bare = State(machines, held, ())
        memo: dict[tuple[int, int], bool] = {}
        clocks = [
            0
            if machines[self.machine_at[step.machine]] == step.source and self._value(step.guard, bare, None, memo)
            else None
            for step in self.system.steps
        ]
        return State(machines, held, (*clocks, *(None for _ in held)))

    def _moved(
        self, state: State, name: str, machines: tuple[str, ...], copies: tuple[Copy, ...], restart: int | None
    ) -> State:
        """The state after `name` (a machine or a view) changed; clocks that `name` cannot concern run on."""
        bare = State(machines, copies, ())
        memo: dict[tuple[int, int], bool] = {}
        clocks = list(state.clocks)
        if restart is not None:
            clocks[restart] = None
        for i in self._readers[name]:
            step = self.system.steps[i]
            if machines[self.machine_at[step.machine]] == step.source and self._value(step.guard, bare, None, memo):
                clocks[i] = 0 if clocks[i] is None else clocks[i]
            else:
                clocks[i] = None
        first_view = len(self.system.steps)
        own = [self.view_at[name]] if name in self.view_at else []
        for i in (*self._watchers[name], *own):
            if copies[i] == self._sources_now(i, machines, copies):
                clocks[first_view + i] = None
            elif clocks[first_view + i] is None:
                clocks[first_view + i] = 0
        return State(machines, copies, tuple(clocks))

    def enabled(self, state: State) -> list[str]:
        """The steps that are enabled, whether or not their delay has passed."""
        return [step.name for step, clock in zip(self.system.steps, state.clocks, strict=False) if clock is not None]

    def may_fire(self, state: State) -> list[str]:
        """The enabled steps whose clock has reached `lo`."""
        pairs = zip(self.system.steps, state.clocks, strict=False)
        return [step.name for step, clock in pairs if clock is not None and clock >= step.lo]

    def behind(self, state: State) -> list[str]:
        """The views whose copy differs from their sources."""
        clocks = state.clocks[len(self.system.steps) :]
        return [view.name for view, clock in zip(self.system.views, clocks, strict=True) if clock is not None]

    def stuck(self, state: State) -> bool:
        """No step is enabled and no view is behind."""
        return all(clock is None for clock in state.clocks)

    def fire(self, state: State, name: str) -> State:
        """Fire an enabled step, whatever its clock shows: the caller has looked at `lo`."""
        at = self.step_at[name]
        assert state.clocks[at] is not None, f"{name} is not enabled"
        step = self.system.steps[at]
        i = self.machine_at[step.machine]
        machines = (*state.machines[:i], step.target, *state.machines[i + 1 :])
        return self._moved(state, step.machine, machines, state.copies, at)

    def refresh(self, state: State, name: str) -> State:
        """Bring a view up to date; for one that is not behind this changes nothing."""
        i = self.view_at[name]
        if state.clocks[len(self.system.steps) + i] is None:
            return state
        copy = self._sources_now(i, state.machines, state.copies)
        return self._moved(state, name, state.machines, (*state.copies[:i], copy, *state.copies[i + 1 :]), None)

    def room(self, state: State) -> int | None:
        """How many ticks may pass before an event must happen (None: any number)."""
        clocks = state.clocks
        return min([hi - clock for i, hi in self._bounded if (clock := clocks[i]) is not None], default=None)

    def can_tick(self, state: State) -> bool:
        """Time may pass by one tick."""
        return self.room(state) != 0

    def tick(self, state: State, ticks: int = 1) -> State:
        """Let `ticks` pass at once; equal to as many single ticks. The caller has looked at `room`."""
        if ticks == 0:
            return state
        return State(
            state.machines, state.copies, tuple([None if clock is None else clock + ticks for clock in state.clocks])
        )

    def due(self, state: State) -> tuple[str, ...]:
        """The steps and views at their deadline, which let no time pass."""
        clocks, names = state.clocks, self._names
        return tuple([names[i] for i, hi in self._bounded if (clock := clocks[i]) is not None and clock >= hi])


def replay(system: System, check: Check, run: Run, interpreter: Interpreter | None = None) -> Replayed | Refusal:
    """Run `run` from the initial state and see that `check` is violated at its end; refreshes of nothing are
    skipped.
    """
    meaning = interpreter or Interpreter(system)
    state, now = meaning.initial(), 0
    effects: list[Effect] = []
    since = 0 if _violated(meaning, check, state) else None
    read = reads(check.when)
    for event in (*run.events, None):
        until = run.end if event is None else event.at
        if until < now:
            return Refusal(f"events are not in order of time: {until} comes after {now}", now)
        room = meaning.room(state) if until > now else None
        if room is not None and room < until - now:
            state = meaning.tick(state, room)
            forced = meaning.due(state)
            return Refusal(
                f"at {now + room} no time may pass: {', '.join(forced)} must happen first", now + room, forced
            )
        state, now = meaning.tick(state, until - now), until
        if event is None:
            break
        problem = _refused(meaning, state, event)
        if problem is not None:
            return Refusal(problem, now)
        after = meaning.refresh(state, event.name) if event.refresh else meaning.fire(state, event.name)
        if after is state:
            continue
        state = after
        effects.append(_effect(system, event))
        if check.kind == "ends_with" or effects[-1].subject in read:
            since = None if not _violated(meaning, check, state) else now if since is None else since
    if since is None:
        return Refusal(f"the run is one, but {check.name} is not violated at its end", now)
    return Replayed(tuple(effects), now, since)


def _refused(meaning: Interpreter, state: State, event: Event) -> str | None:
    """Why `event` cannot happen in `state`, if it cannot."""
    if event.refresh:
        return None if event.name in meaning.view_at else f"there is no view {event.name}"
    at = meaning.step_at.get(event.name)
    if at is None:
        return f"there is no step {event.name}"
    clock = state.clocks[at]
    if clock is None:
        return f"{event.name} is not enabled at {event.at}"
    lo = meaning.system.steps[at].lo
    return None if clock >= lo else f"{event.name} is enabled for {clock} at {event.at}, and needs {lo}"


def _violated(meaning: Interpreter, check: Check, state: State) -> bool:
    if check.kind == "never":
        return meaning.holds(check.when, state)
    return meaning.stuck(state) and not meaning.holds(check.when, state)


def _effect(system: System, event: Event) -> Effect:
    if event.refresh:
        return Effect(event.at, event.name, True, event.name)
    step = system.step[event.name]
    return Effect(event.at, event.name, False, step.machine, step.source, step.target)
