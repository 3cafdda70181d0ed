"""A run of a part of a system as a run of the whole: the refreshes that the part does not know of are put in.

A slice drops sources that nobody in it reads through a view, and views that nobody in it reads. In the whole such a view may
fall behind where its slice does not. It then refreshes at once, which changes nothing that the slice reads; if the slice is
behind too, its own refresh serves both.
"""

from __future__ import annotations

from verifier.interpreter import Interpreter, State
from verifier.system.ir import System
from verifier.system.run import Event, Run


def completed(run: Run, part: System, whole: System) -> Run:
    """`run` of `part` with the refreshes that `whole` needs besides; from an event on that `whole` does not allow, as it is."""
    small, large = Interpreter(part), Interpreter(whole)
    here, there, now = small.initial(), large.initial(), 0
    events: list[Event] = []
    for i, event in enumerate(run.events):
        if not event.refresh and event.name not in large.enabled(there):
            return Run((*events, *run.events[i:]), run.end, run.since)
        here, there = small.tick(here, event.at - now), large.tick(there, event.at - now)
        here, there, now = _after(small, here, event), _after(large, there, event), event.at
        events.append(event)
        while missing := [v for v in large.behind(there) if v not in small.behind(here)]:
            for view in missing:
                there = large.refresh(there, view)
                events.append(Event(now, view, refresh=True))
    return Run(tuple(events), run.end, run.since)


def _after(meaning: Interpreter, state: State, event: Event) -> State:
    return meaning.refresh(state, event.name) if event.refresh else meaning.fire(state, event.name)
