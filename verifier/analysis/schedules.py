"""A handful of systematic schedules, played by the interpreter: does one of them avoid a condition for ever?

A schedule lets steps and views act as early or as late as they may. One that would bring the condition about puts that
event off as long as it is allowed to, and meanwhile brings views up to date. This finds a run that avoids the condition
for most systems that have one, in milliseconds and without a solver; finding none shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from verifier.interpreter import Interpreter, State
from verifier.system.ir import FALSE, Check, Expr, reads
from verifier.system.run import Event, Run

# Steps looked at in all: larger systems are not played to their end.
_WORK_MAX = 200_000
# A run that is played until it is stuck goes through all of a rollout.
_WORK_TO_THE_END = 4_000_000


@dataclass(frozen=True, slots=True)
class _Schedule:
    """Whether steps, views, and steps without an upper bound act as early as they may; else as late (or never)."""

    steps_early: bool
    views_early: bool
    unbounded_taken: bool


_SCHEDULES = (
    _Schedule(steps_early=True, views_early=True, unbounded_taken=True),
    _Schedule(steps_early=True, views_early=False, unbounded_taken=True),
    _Schedule(steps_early=False, views_early=True, unbounded_taken=False),
    _Schedule(steps_early=False, views_early=False, unbounded_taken=True),
)


def avoiding_run(meaning: Interpreter, condition: Expr) -> Run | None:
    """A complete run (after its end nothing has to happen any more) without a state in which `condition` holds."""
    work = _WORK_MAX
    for schedule in _SCHEDULES:
        play = _Play(meaning, condition, schedule, work)
        if play.last() is not None:
            return Run(tuple(play.events), play.now, play.now)
        work = play.work
        if work <= 0:
            break
    return None


def stuck_run(meaning: Interpreter, check: Check) -> Run | None:
    """A run to a state in which nothing can ever happen any more, and what `check` asks for does not hold."""
    work = _WORK_TO_THE_END
    for schedule in _SCHEDULES:
        play = _Play(meaning, FALSE, replace(schedule, unbounded_taken=True), work)
        last = play.last()
        if last is not None and meaning.stuck(last) and not meaning.holds(check.when, last):
            return Run(tuple(play.events), play.now, play.now)
        work = play.work
        if work <= 0:
            break
    return None


class _Play:
    def __init__(self, meaning: Interpreter, condition: Expr, schedule: _Schedule, work: int) -> None:
        self.meaning, self.condition, self.schedule, self.work = meaning, condition, schedule, work
        self.reads = reads(condition)
        self.now = 0
        self.events: list[Event] = []

    def last(self) -> State | None:
        """The state in which nothing has to happen any more; None if the condition came about, or no work is left."""
        meaning = self.meaning
        state = meaning.initial()
        if meaning.holds(self.condition, state):
            return None
        while self.work > 0:
            self.work -= len(state.clocks)
            due = meaning.due(state)
            after = self._first(state, self._wanted(state, due))
            if after is None and due:
                # What has to happen would bring the condition about: something else may prevent that.
                after = self._first(state, (*meaning.behind(state), *meaning.may_fire(state)))
                if after is None:
                    return None
            if after is None:
                ticks = self._until_next(state)
                if ticks is None:
                    return state
                after = meaning.tick(state, ticks)
                self.now += ticks
            state = after
        return None

    def _wanted(self, state: State, due: tuple[str, ...]) -> Iterator[str]:
        """What this schedule lets happen now; what has to happen comes first."""
        yield from due
        if self.schedule.views_early:
            yield from self.meaning.behind(state)
        for name in self.meaning.may_fire(state):
            bounded = self.meaning.system.step[name].hi is not None
            if self.schedule.steps_early if bounded else self.schedule.unbounded_taken:
                yield name

    def _first(self, state: State, names: Iterable[str]) -> State | None:
        """The state after the first event that does not bring the condition about.

        Before a step that would, views are brought up to date where that helps.
        """
        for name in names:
            after = self._after(state, name)
            if after is not None:
                self.events.append(Event(self.now, name, name in self.meaning.view_at))
                return after
            if name not in self.meaning.view_at:
                for view in self.meaning.behind(state):
                    after = self._after(state, view)
                    if after is not None:
                        self.events.append(Event(self.now, view, True))
                        return after
        return None

    def _after(self, state: State, name: str) -> State | None:
        self.work -= 10
        meaning = self.meaning
        if name in meaning.view_at:
            after, subject = meaning.refresh(state, name), name
        else:
            after, subject = meaning.fire(state, name), meaning.system.step[name].machine
        return None if subject in self.reads and meaning.holds(self.condition, after) else after

    def _until_next(self, state: State) -> int | None:
        """How long to wait until something more may or must happen; None if nothing ever does."""
        waits = [
            step.lo - clock
            for step, clock in zip(self.meaning.system.steps, state.clocks, strict=False)
            if clock is not None and clock < step.lo and (step.hi is not None or self.schedule.unbounded_taken)
        ]
        room = self.meaning.room(state)
        if room is not None:
            waits.append(room)
        return min(waits, default=None)
