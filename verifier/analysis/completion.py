"""A run of a part of a system as a run of the whole.

The part leaves out machines (held still), views that nobody in it reads, and sources that nobody in it reads through a
view. In the whole such a machine may be forced to move: then it does, as late as it can. Such a view may fall behind
where the part's does not: then it refreshes at once, which changes nothing that the part reads; where the part's is
behind too, the part's own refresh serves both. Machines that follow another one in lockstep move right after it.
Whether the result is a run, only `replay` says.
"""

from __future__ import annotations

from collections.abc import Mapping

from verifier.interpreter import Interpreter, State
from verifier.system.ir import Expr, System, reads
from verifier.system.run import Event, Run

# A run in which more than this has to be put in is not completed: something goes round.
_FORCED_MAX = 10_000


def completed(
    run: Run, part: System, whole: Interpreter, leaders: Mapping[str, str], lasting: Expr | None = None
) -> Run:
    """`run` of `part` with what `whole` needs besides; from an event on that `whole` does not allow, as it is.

    `leaders`: the machine that each machine in lockstep follows. `lasting`: what is violated, if by a state; the run
    goes on for as long as it holds in `whole` while everything happens as late as it can.
    """
    return _Completion(part, whole, leaders).run(run, lasting)


class _Completion:
    def __init__(self, part: System, whole: Interpreter, leaders: Mapping[str, str]) -> None:
        self.small, self.large = Interpreter(part), whole
        self.followers: dict[str, list[str]] = {}
        for machine, leader in leaders.items():
            self.followers.setdefault(leader, []).append(machine)
        self.here, self.there = self.small.initial(), self.large.initial()
        self.now = 0
        self.events: list[Event] = []

    def run(self, run: Run, lasting: Expr | None) -> Run:
        for i, event in enumerate(run.events):
            if not self._pass_to(event.at) or not (event.refresh or self._may_fire(event.name)):
                return Run((*self.events, *run.events[i:]), run.end, run.since)
            self.here = _after(self.small, self.here, event)
            self._happen(event)
            for name in () if event.refresh else self._same_step(event.name):
                if not self._may_fire(name):
                    return Run((*self.events, *run.events[i + 1 :]), run.end, run.since)
                self._happen(Event(event.at, name))
        if not self._pass_to(run.end) or lasting is None:
            return Run(tuple(self.events), run.end, run.since)
        return self._while(lasting, run.since)

    def _while(self, condition: Expr, since: int) -> Run:
        """Goes on, late as can be, for as long as `condition` holds; what happens in the last tick is left out."""
        count = len(self.events)
        read = reads(condition)
        for _ in range(_FORCED_MAX):
            room = self.large.room(self.there)
            if room is None:
                break
            if room > 0:
                self._tick(room)
                count = len(self.events)
            event = self._due()
            self.there = _after(self.large, self.there, event)
            self.events.append(event)
            if self._subject(event) in read and not self.large.holds(condition, self.there):
                break
        return Run(tuple(self.events[:count]), self.now, since)

    def _subject(self, event: Event) -> str:
        return event.name if event.refresh else self.large.system.step[event.name].machine

    def _may_fire(self, name: str) -> bool:
        step = self.large.system.step[name]
        clock = self.there.clocks[self.large.step_at[name]]
        return clock is not None and clock >= step.lo

    def _same_step(self, name: str) -> list[str]:
        """The step `name` of every machine that follows its machine."""
        machine = self.large.system.step[name].machine
        return [follower + name.removeprefix(machine) for follower in self.followers.get(machine, ())]

    def _pass_to(self, until: int) -> bool:
        """Lets time pass; what the part does not know of moves when it must. False if the part itself has to move."""
        for _ in range(_FORCED_MAX):
            if self.now == until:
                return True
            room = self.large.room(self.there)
            ticks = until - self.now if room is None else min(room, until - self.now)
            self._tick(ticks)
            if self.now == until:
                return True
            forced = self._forced()
            if forced is None:
                return False
            self._happen(forced)
        return False

    def _tick(self, ticks: int) -> None:
        self.here, self.there = self.small.tick(self.here, ticks), self.large.tick(self.there, ticks)
        self.now += ticks

    def _forced(self) -> Event | None:
        """What lets no time pass and is not for the part to do."""
        name = next((name for name in self.large.due(self.there) if self._unknown(name)), None)
        return None if name is None else Event(self.now, name, refresh=name in self.large.view_at)

    def _due(self) -> Event:
        """What lets no time pass, whoever is to do it: copies first, so that they show what is about to change."""
        due = self.large.due(self.there)
        views = [name for name in due if name in self.large.view_at]
        sources = {source for name in views for source in self.large.system.view[name].sources}
        name = next((name for name in views if name not in sources), due[0])
        return Event(self.now, name, refresh=name in self.large.view_at)

    def _unknown(self, name: str) -> bool:
        return name not in (self.small.view_at if name in self.large.view_at else self.small.system.step)

    def _happen(self, event: Event) -> None:
        """The event in the whole, and at once every refresh that the part sees no need for."""
        self.there = _after(self.large, self.there, event)
        self.events.append(event)
        while missing := [v for v in self.large.behind(self.there) if v not in self.small.behind(self.here)]:
            for view in missing:
                self.there = self.large.refresh(self.there, view)
                self.events.append(Event(event.at, view, refresh=True))


def _after(meaning: Interpreter, state: State, event: Event) -> State:
    return meaning.refresh(state, event.name) if event.refresh else meaning.fire(state, event.name)
