"""A walk through a system by hand, on the interpreter: where everything is, what may happen next, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from verifier.analysis.verdict import Witness
from verifier.engines import events
from verifier.interpreter import Effect, Interpreter, Replayed, State, Value
from verifier.system.ir import Check, System
from verifier.system.run import Answer, Budget, Event, Run

_CHOICE = re.compile(r"(\d+)(?:@(\d+(?:\.\d+)?)(ms|s|m))?")
_MS = {"ms": 1, "s": 1000, "m": 60_000}


@dataclass(frozen=True, slots=True)
class Option:
    """A step of `component` or its refresh that may come next. `latest` None: whenever it likes. Absolute ticks.

    `first` False: something else must happen before this one may.
    """

    name: str
    component: str
    refresh: bool
    label: str
    earliest: int
    latest: int | None
    first: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a walk is, for people: times in milliseconds. `views`: for each its name, whether it is behind, and what it
    shows of every machine in it.
    """

    check: str
    violated: bool
    now_ms: int
    tick_ms: int
    events: int
    machines: tuple[tuple[str, str], ...]
    views: tuple[tuple[str, bool, tuple[tuple[str, str], ...]], ...]
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a choice is none."""

    why: str


@dataclass(frozen=True)
class Walk:
    """Where a walk is: the path so far, the state at its end, `now` in ticks. `before`: the walk one choice ago."""

    meaning: Interpreter
    budget: Budget
    state: State
    now: int = 0
    path: tuple[Event, ...] = ()
    before: Walk | None = field(default=None, repr=False)

    @property
    def system(self) -> System:
        return self.meaning.system

    @property
    def check(self) -> Check:
        return self.system.checks[0]

    @property
    def violated(self) -> bool:
        """The check is violated here."""
        if self.check.kind == "never":
            return self.meaning.holds(self.check.when, self.state)
        return self.meaning.stuck(self.state) and not self.meaning.holds(self.check.when, self.state)

    def options(self) -> tuple[Option, ...]:
        """What is enabled or behind: what may happen next first, then what must wait for something else; each in the
        order of the system.
        """
        room = self.meaning.room(self.state)
        found = []
        for at, clock in enumerate(self.state.clocks):
            if clock is None:
                continue
            if at < len(self.system.steps):
                step = self.system.steps[at]
                name, component, label, lo, hi = step.name, step.machine, step.label or step.target, step.lo, step.hi
            else:
                view = self.system.views[at - len(self.system.steps)]
                name, component, label, lo, hi = view.name, view.name, view.label or "is up to date", 0, view.stale
            wait = max(lo - clock, 0)
            last = None if hi is None else hi - clock
            last = room if last is None else last if room is None else min(last, room)
            first = room is None or wait <= room
            latest = None if last is None else self.now + last
            found.append(Option(name, component, at >= len(self.system.steps), label, self.now + wait, latest, first))
        return tuple(sorted(found, key=lambda option: not option.first))

    def after(self, option: Option, at: int) -> Walk:
        """The walk when `option` happens at tick `at`."""
        state = self.meaning.tick(self.state, at - self.now)
        move = self.meaning.refresh if option.refresh else self.meaning.fire
        event = Event(at, option.name, option.refresh)
        return Walk(self.meaning, self.budget, move(state, option.name), at, (*self.path, event), self)

    def scene(self) -> Scene:
        tick, system = self.system.tick_ms, self.system
        behind = self.meaning.behind(self.state)
        return Scene(
            self.check.name,
            self.violated,
            self.now * tick,
            tick,
            len(self.path),
            tuple((m.name, state) for m, state in zip(system.machines, self.state.machines, strict=True)),
            tuple(
                (view.name, view.name in behind, tuple(self._shown(view.name, copy)))
                for view, copy in zip(system.views, self.state.copies, strict=True)
            ),
            self.options(),
        )

    def _shown(self, view: str, copy: Value) -> Iterator[tuple[str, str]]:
        """What a copy says of every machine in it."""
        for source, value in zip(self.system.view[view].sources, copy, strict=True):
            if isinstance(value, str):
                yield source, value
            else:
                yield from self._shown(source, value)

    def witness(self) -> Witness:
        """The path for those who tell it; it need not violate anything."""
        run = Run(self.path, self.now, self.now)
        effects = tuple(_effect(self.system, event) for event in self.path)
        names = frozenset((*self.system.machine, *self.system.view))
        return Witness(self.system, self.check, run, Replayed(effects, self.now, self.now), names)


def begin(system: System, budget: Budget) -> Walk:
    """At the initial state. `budget` is for the way to a violation."""
    meaning = Interpreter(system)
    return Walk(meaning, budget, meaning.initial())


def chosen(walk: Walk, word: str) -> Walk | Refused:
    """The walk after a choice: a number of an option, perhaps with a time; `back`; `violation`."""
    if word in ("back", "b"):
        return walk.before or Refused("this is the beginning")
    if word in ("violation", "v"):
        return _to_violation(walk)
    match = _CHOICE.fullmatch(word)
    if match is None:
        return Refused(f"{word!r} is no choice: write a number, `2@7s`, back, violation or quit")
    options = [option for option in walk.options() if option.first]
    number = int(match[1])
    if number >= len(options):
        return Refused(f"there is no {number}: what may happen next is numbered from 0 to {len(options) - 1}")
    option = options[number]
    at = option.earliest
    if match[2] is not None:
        ticks = float(match[2]) * _MS[match[3]] / walk.system.tick_ms
        if ticks != int(ticks):
            return Refused(f"time goes in steps of {walk.system.tick_ms:,} ms here")
        at = int(ticks)
    if at < option.earliest or (option.latest is not None and at > option.latest):
        return Refused(f"{option.name} may not happen at {match[2]}{match[3]}, see its times")
    return walk.after(option, at)


def _to_violation(walk: Walk) -> Walk | Refused:
    """From the beginning along the run that `verify` would show; each event can be taken back."""
    outcome = events.check(walk.system, walk.check, walk.budget)
    if outcome.answer is Answer.HOLDS:
        return Refused(f"no run violates {walk.check.name}")
    if outcome.run is None:
        return Refused(f"no violation is known: {outcome.reason}")
    here = begin(walk.system, walk.budget)
    for event in outcome.run.events:
        option = next((o for o in here.options() if (o.name, o.refresh) == (event.name, event.refresh)), None)
        if option is not None:
            here = here.after(option, event.at)
    rest = outcome.run.end - here.now
    return replace(here, state=here.meaning.tick(here.state, rest), now=outcome.run.end)


def _effect(system: System, event: Event) -> Effect:
    if event.refresh:
        return Effect(event.at, event.name, True, event.name)
    step = system.step[event.name]
    return Effect(event.at, event.name, False, step.machine, step.source, step.target)
