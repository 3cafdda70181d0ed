"""A violating run with absolute times and component names, for people."""

from __future__ import annotations

from dataclasses import dataclass

from verifier.analysis.verdict import Witness
from verifier.interpreter import Interpreter
from verifier.system.ir import Step, View


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """What happened `at_ms`, `waited_ms` after it became possible.

    For a view, `source` and `target` are empty. `close`: it belongs to what the check itself reads, not only to what made
    it possible. `happened` False: at the end of the trace it had not happened yet, though it had been possible so long.
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
class Trace:
    """`since_ms..end_ms`: how long the violation lasts in this run. `late`: what had not happened at its end."""

    events: tuple[TraceEvent, ...]
    late: tuple[TraceEvent, ...]
    since_ms: int
    end_ms: int

    @property
    def lasts_ms(self) -> int:
        return self.end_ms - self.since_ms


def trace_of(witness: Witness) -> Trace:
    """The witness as the interpreter runs it; clocks are read off its states."""
    system, tick = witness.system, witness.system.tick_ms
    meaning = Interpreter(system)
    state, now = meaning.initial(), 0
    order = {name: i for i, name in enumerate([*system.step, *system.view])}
    events = []

    def made(owner: Step | View, at: int, waited: int | None, happened: bool = True) -> TraceEvent:
        component = owner.machine if isinstance(owner, Step) else owner.name
        source, target = (owner.source, owner.target) if isinstance(owner, Step) else ("", "")
        return TraceEvent(
            at * tick,
            component,
            source,
            target,
            owner.label or f"{component} is up to date",
            (waited or 0) * tick,
            owner.origin,
            owner.rests_on,
            component in witness.focus,
            happened,
        )

    for effect in witness.replayed.effects:
        state, now = meaning.tick(state, effect.at - now), effect.at
        owner: Step | View = system.view[effect.name] if effect.refresh else system.step[effect.name]
        events.append(made(owner, effect.at, state.clocks[order[effect.name]]))
        state = meaning.refresh(state, effect.name) if effect.refresh else meaning.fire(state, effect.name)
    end = witness.replayed.end
    state = meaning.tick(state, end - now)
    late = [
        made(owner, end, clock, happened=False)
        for owner, clock in zip([*system.steps, *system.views], state.clocks, strict=True)
        if clock is not None and isinstance(owner, View) and owner.name in witness.focus
    ]
    return Trace(tuple(events), tuple(late), witness.replayed.since * tick, end * tick)
