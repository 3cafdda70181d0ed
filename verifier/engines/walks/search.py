"""The walks engine: runs one at a time, each a little different from the best before it. It finds violations, and
proves nothing.

A run is what habits make of the system: everything that may happen has a place in its time window, and a rank among
what may happen at the same moment. Whatever is alike (the same line of a model, the same class of members) has the same
habit, most of the time: clusters in which one component is slow, not one in which everything is random. From a run the
distance to the violation is measured (`distance`); habits are changed, and kept if the distance is no larger
(a hill climb with restarts). The found run is exact, and the caller replays it.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from heapq import heappop, heappush
from math import inf
from typing import NamedTuple

from verifier.engines.times import Name, Order, best_times, longer_than_any
from verifier.engines.walks.distance import History, Part, gates_of, parts_of
from verifier.engines.walks.motion import Motion, Plan
from verifier.system.ir import Check, Expr, System
from verifier.system.patience import look
from verifier.system.run import Answer, Event, Outcome, Run

# A run that is longer goes round.
_EVENTS_MAX = 20_000
# A climb that came no nearer in so many runs begins anew.
_STEADY_MAX = 120
# Where in its window something happens, and where a window without an end ends, as a share of the longest bound.
_PLACES = ("first", "last", "between")
_FAR = (0.0, 0.25, 1.0, 4.0)
# How often an act is unlike its kind, and how often the habit of a kind changes, instead of that of some acts.
_OWN_HABIT = 0.3
_KIND_CHANGES = 0.25
# After a violation that lasts no time another one is looked for, for so many events.
_LASTING_EVENTS = 40_000
# For so many events a run in which a found violation lasts longer is looked for, and for so many it is made plainer.
_LONGER_EVENTS = 60_000
_TIDY_EVENTS = 15_000
# Both less in systems of so many machines and more, where an event takes longer.
_LARGE = 80
# To find the best times of an order of events takes as long as a walk with so many times its events.
_TIMING = 8


class _Habit(NamedTuple):
    """`place` in the time window, from 0 to 1; `rank` among what may happen at once; `far`: where a window without an
    end ends, as a share of the longest bound."""

    place: float
    rank: float
    far: float


def avoided(system: System, condition: Expr, events: int, seed: int = 0) -> bool:
    """Does `condition` never hold in one of some complete runs, each with other habits, of so many `events` in all? If
    not, nothing is shown.
    """
    search = Search(system, Check("avoided", "never", condition), seed)
    while search.events < events:
        if search.avoids():
            return True
    return False


class Search:
    """A search for a run that violates a check (one with a `when` that must never hold); the same for the same `seed`.

    It may go on after it has found nothing. `walks` and `events` count what it did.
    """

    def __init__(self, system: System, check: Check, seed: int = 0) -> None:
        self.system = system
        self.plan = Plan(system)
        self.goal = self.plan.circuit.gate(check.when)
        self.part: Part = parts_of(self.plan.circuit, check.when)
        self.chance = random.Random(seed)
        self.size = 1 + len(system.machines) // _LARGE
        self.walks = self.events = 0
        self.kind = [f"{step.origin or step.name} {_numberless(step.machine)}" for step in system.steps]
        self.kind += [_numberless(view.name) for view in system.views]
        bounds = [bound for bound in (*self.plan.low, *self.plan.high) if bound is not None]
        self.scale = max(bounds, default=1)
        self.cap = longer_than_any(system)
        self._begin()

    def _begin(self) -> None:
        """A climb from new habits."""
        self._habits = self._best = _Habits(self.chance, self.kind)
        self._least, self._steady = inf, 0

    def until(self, events: int) -> Outcome:
        """A violation, if one is found before there were so many `events` in all; else UNKNOWN. One that lasts no time
        only if no other is found soon.
        """
        run = None
        while self.events < events and (run is None or not lasts(run)):
            found = self._climbed(events)
            if found is not None and run is None:
                run, events = found, max(events, self.events + _LASTING_EVENTS)
            elif found is not None and lasts(found):
                run = found
        statistics = {"walks": self.walks, "events": self.events}
        if run is None:
            return Outcome(Answer.UNKNOWN, reason="no walk meets a violation", statistics=statistics)
        return Outcome(Answer.VIOLATED, run=run, statistics=statistics)

    def _climbed(self, events: int) -> Run | None:
        """What the climb comes to, as long as it comes nearer, before there were so many events."""
        while self.events < events and self._steady <= _STEADY_MAX:
            look()
            self.walks += 1
            found, distance = self._walk(self._habits)
            if found is not None:
                habits = self._habits
                self._begin()
                return self._tidied(*self._longer(habits, found))
            self._steady = 0 if distance < self._least else self._steady + 1
            if distance <= self._least:
                self._best, self._least = self._habits, distance
            self._habits = self._best.changed()
        if self._steady > _STEADY_MAX:
            self._begin()
        return None

    def avoids(self) -> bool:
        """Is a run with new habits complete, and without a violation?"""
        look()
        found, distance = self._walk(_Habits(self.chance, self.kind))
        return found is None and distance < inf

    def _longer(self, habits: _Habits, run: Run) -> tuple[_Habits, Run]:
        """Goes on to climb: to a run in which the violation lasts longer."""
        end, steady = self.events + _LONGER_EVENTS // self.size, 0
        run = self._timed(run)
        while self.events < end and steady <= _STEADY_MAX:
            look()
            other = habits.changed()
            found, _ = self._walk(other)
            steady += 1
            if found is not None and lasts(found := self._timed(found)) >= lasts(run):
                steady = 0 if lasts(found) > lasts(run) else steady
                habits, run = other, found
        return habits, run

    def _tidied(self, habits: _Habits, run: Run) -> Run:
        """A run in which the violation lasts longer if it may, and nothing waits or is unlike its kind without need."""
        end = self.events + _TIDY_EVENTS // self.size
        for own, plainer in habits.neighbours():
            if self.events > end:
                break
            habits.own, kept = own, habits.own
            found, _ = self._walk(habits)
            if found is not None and lasts(found := self._timed(found)) >= lasts(run) + (0 if plainer else 1):
                run = found
            else:
                habits.own = kept
        return run

    def _timed(self, run: Run) -> Run:
        """The run with the best times that its order of events allows."""
        self.events += _TIMING * len(run.events)
        names = tuple((event.name, event.refresh) for event in run.events)
        best = best_times(self._order(names), names, self.cap)
        return run if best is None else best.run

    def _order(self, names: tuple[Name, ...]) -> Order:
        """What the order of a violating run asks of its times. The motion counts events here, not time."""
        plan, motion = self.plan, Motion(self.plan)
        since, asked = motion.since, list[tuple[int, int, int]]()

        def due(act: int, began: int, end: int) -> None:
            bound = plan.high[act]
            if bound is not None:
                asked.append((began, end, bound))

        violated = 0 if motion.value[self.goal] else 1
        for now, name in enumerate(names, start=1):
            act = plan.act[name]
            asked += [(now, now - 1, 0), (now, since[act] or 0, -plan.low[act])]
            motion.now = now
            motion.do(act)
            for i, began in motion.ended:
                due(i, began, now)
            if not motion.value[self.goal]:
                violated = now + 1
        end = len(names) + 1
        asked.append((end, end - 1, 0))
        for i, still in enumerate(since):
            if still is not None:
                due(i, still, end)
        return Order(tuple(asked), end + 1, violated)

    def _walk(self, habits: _Habits) -> tuple[Run | None, float]:
        """A run by these habits: for as long as the violation lasts, or to its end and how far it stayed from one; if
        it had to be cut, infinitely far.
        """
        plan, motion = self.plan, Motion(self.plan)
        history = History(gates_of(self.part), motion.value)
        done: list[Event] = []
        since = 0 if motion.value[self.goal] else None
        queue: list[tuple[int, float, int, int]] = []
        serial = [0] * len(plan.names)

        def expect(acts: list[int]) -> None:
            for act in acts:
                habit = habits[act]
                low, high = plan.low[act], plan.high[act]
                last = high if high is not None else low + round(habit.far * self.scale)
                serial[act] += 1
                at = motion.now + low + round(habit.place * (last - low))
                heappush(queue, (at, habit.rank, act, serial[act]))

        expect([act for act, began in enumerate(motion.since) if began is not None])
        while queue and len(done) < _EVENTS_MAX:
            at, _, act, number = heappop(queue)
            if serial[act] != number or motion.since[act] is None:
                continue
            motion.now = at
            done.append(Event(at, plan.names[act], act >= plan.first_view))
            expect(motion.do(act))
            history.note(motion.changed, motion.value, at)
            if since is None and motion.value[self.goal]:
                since = at
            elif since is not None and not motion.value[self.goal]:
                done.pop()
                break
        self.events += len(done) + 1
        if since is not None:
            return Run(tuple(done), motion.now, since), 0
        return None, inf if len(done) >= _EVENTS_MAX else history.distance(self.part)


class _Habits:
    """Habits of kinds, and of single acts; drawn when they are first asked for."""

    def __init__(self, chance: random.Random, kinds: list[str]) -> None:
        self.chance, self.kinds = chance, kinds
        self.of_kind: dict[str, str] = {}
        self.own: dict[int, _Habit] = {}

    def __getitem__(self, act: int) -> _Habit:
        found = self.own.get(act)
        if found is None:
            chance = self.chance
            kind = self.of_kind.setdefault(self.kinds[act], chance.choice(_PLACES))
            place = chance.choice(_PLACES) if chance.random() < _OWN_HABIT else kind
            found = self.own[act] = _Habit(
                {"first": 0.0, "last": 1.0, "between": chance.random()}[place], chance.random(), chance.choice(_FAR)
            )
        return found

    def neighbours(self) -> Iterator[tuple[dict[int, _Habit], bool]]:
        """Habits of single acts that differ in one thing from those there are by then, and whether they are plainer:
        a kind that acts as late as it may, and one that acts at once; an act that does what most of its kind do.
        """
        for kind in dict.fromkeys(self.kinds):
            alike = {act for act in self.own if self.kinds[act] == kind}
            if alike:
                yield self._with(1.0, alike), False
                yield self._with(0.0, alike), True
        for act in list(self.own):
            places = Counter(habit.place for other, habit in self.own.items() if self.kinds[other] == self.kinds[act])
            [(usual, _)] = places.most_common(1)
            if self.own[act].place != usual:
                yield self._with(usual, {act}), True

    def _with(self, place: float, acts: set[int]) -> dict[int, _Habit]:
        return {act: habit._replace(place=place) if act in acts else habit for act, habit in self.own.items()}

    def changed(self) -> _Habits:
        """Somewhat different ones: another habit for a kind, or for a few acts."""
        chance, other = self.chance, _Habits(self.chance, self.kinds)
        other.of_kind = dict(self.of_kind)
        if other.of_kind and chance.random() < _KIND_CHANGES:
            kind = chance.choice(list(other.of_kind))
            other.of_kind[kind] = chance.choice(_PLACES)
            other.own = {act: habit for act, habit in self.own.items() if self.kinds[act] != kind}
        else:
            share = chance.choice((1.5 / max(len(self.own), 1), 0.03, 0.15))
            other.own = {act: habit for act, habit in self.own.items() if chance.random() > share}
        return other


def lasts(run: Run) -> int:
    return run.end - run.since


def _numberless(name: str) -> str:
    """`Pod[old-]` for `Pod[old-3]`."""
    return re.sub(r"\d+", "", name)
