"""The timed system as a network of timed automata, for TChecker and UPPAAL.

One process, `main`, holds every machine and copy in bounded integers and takes every step and refresh. Each step or
view with a bound has a process of its own with a clock: `off` while it is not enabled, `on` while it is, where the
invariant is the upper bound. After each move, and at the start, `main` goes once through a chain of committed places,
in which no time passes, one for each such clock: there the clock is switched on, and so starts at 0, if its guard has
become true or if its step has just fired and is enabled again; it is switched off if the guard has become false. So a
clock runs exactly while docs/semantics.md, section 2, says so. The place `bad` is reached exactly if the check is
violated.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from verifier.system.copies import Path, copies, paths
from verifier.system.ir import And, AtLeast, Check, Const, Expr, In, Not, Or, Seen, System, View, conj, neg

OFF, ON, FIRED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class _Move:
    """An edge of `main` from its resting place: when, the clock it looks at, what it assigns, what it is."""

    guard: str
    clock: str
    updates: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class _Timer:
    """A step's or view's clock: enabled while `enabled`, at most `hi` then (None: no bound)."""

    enabled: str
    hi: int | None
    name: str


class _Syntax(ABC):
    """Conditions over integers, as a language writes them."""

    @abstractmethod
    def equals(self, variable: str, value: int) -> str: ...

    @abstractmethod
    def differs(self, one: str, other: str) -> str: ...

    @abstractmethod
    def negation(self, part: str) -> str: ...

    @abstractmethod
    def at_least(self, least: int, parts: list[str]) -> str: ...

    @abstractmethod
    def holds(self, condition: str) -> str:
        """As a guard."""

    def all(self, parts: list[str]) -> str:
        return parts[0] if len(parts) == 1 else self.at_least(len(parts), parts)

    def any(self, parts: list[str]) -> str:
        return parts[0] if len(parts) == 1 else self.at_least(1, parts)


class _Sums(_Syntax):
    """TChecker: a guard is a conjunction of comparisons, so a condition is a number, 1 or 0."""

    def equals(self, variable: str, value: int) -> str:
        return f"(if {variable} == {value} then 1 else 0)"

    def differs(self, one: str, other: str) -> str:
        return f"(if {one} != {other} then 1 else 0)"

    def negation(self, part: str) -> str:
        return f"(1 - {part})"

    def at_least(self, least: int, parts: list[str]) -> str:
        return f"(if {' + '.join(parts) or '0'} >= {least} then 1 else 0)"

    def holds(self, condition: str) -> str:
        return f"{condition} == 1"


class _Booleans(_Syntax):
    """UPPAAL: conditions as in C."""

    def equals(self, variable: str, value: int) -> str:
        return f"({variable} == {value})"

    def differs(self, one: str, other: str) -> str:
        return f"({one} != {other})"

    def negation(self, part: str) -> str:
        return f"(!{part})"

    def at_least(self, least: int, parts: list[str]) -> str:
        return f"(({' + '.join(f'({part} ? 1 : 0)' for part in parts) or '0'}) >= {least})"

    def all(self, parts: list[str]) -> str:
        return f"({' && '.join(parts) or 'true'})"

    def any(self, parts: list[str]) -> str:
        return f"({' || '.join(parts) or 'false'})"

    def holds(self, condition: str) -> str:
        return condition


class _Network:
    """The automata of a system, conditions written in `syntax`."""

    def __init__(self, system: System, syntax: _Syntax) -> None:
        self.system, self.syntax = system, syntax
        self.value = {m.name: {state: i for i, state in enumerate(m.states)} for m in system.machines}
        self.variable = {path: f"v{i}" for i, path in enumerate(paths(system))}
        self.timers: list[_Timer] = []
        self.moves: list[_Move] = []
        for step in system.steps:
            enabled = self._expr(conj((In(step.machine, frozenset((step.source,))), step.guard)))
            updates = [f"{self.variable[step.machine,]} = {self.value[step.machine][step.target]}"]
            self._move(enabled, step.lo, step.hi, updates, step.name)
        for view in system.views:
            updates = [f"{self.variable[path]} = {self.variable[path[1:]]}" for path in copies(system, view)]
            self._move(self._behind(view), 0, view.stale, updates, f"refresh {view.name}")
        self.violated = [self._violated(check) for check in system.checks[:1]]

    def _move(self, enabled: str, lo: int, hi: int | None, updates: list[str], name: str) -> None:
        clock = ""
        if lo > 0 or hi is not None:
            number = len(self.timers)
            clock = f"x{number} >= {lo}" if lo > 0 else ""
            updates = [*updates, f"e{number} = {FIRED}"]
            self.timers.append(_Timer(enabled, hi, name))
        self.moves.append(_Move(self.syntax.holds(enabled), clock, tuple(updates), name))

    def initial(self, path: Path) -> int:
        machine = self.system.machine[path[-1]]
        return self.value[machine.name][machine.initial]

    def largest(self, path: Path) -> int:
        return len(self.system.machine[path[-1]].states) - 1

    def _violated(self, check: Check) -> str:
        if check.kind == "never":
            return self.syntax.holds(self._expr(check.when))
        sources = [conj((In(s.machine, frozenset((s.source,))), s.guard)) for s in self.system.steps]
        still = [self.syntax.negation(self._expr(enabled)) for enabled in sources]
        still += [self.syntax.negation(self._behind(view)) for view in self.system.views]
        return self.syntax.holds(self.syntax.all([self._expr(neg(check.when)), *still]))

    def _behind(self, view: View) -> str:
        pairs = [(self.variable[path], self.variable[path[1:]]) for path in copies(self.system, view)]
        return self.syntax.any([self.syntax.differs(*pair) for pair in pairs])

    def _expr(self, expr: Expr, through: Path = ()) -> str:
        syntax = self.syntax
        match expr:
            case Const(value):
                return syntax.all([]) if value else syntax.any([])
            case In(machine, states):
                variable = self.variable[*through, machine]
                values = sorted(self.value[machine][state] for state in states)
                return syntax.any([syntax.equals(variable, value) for value in values])
            case Seen(view, body):
                return self._expr(body, (*through, view))
            case Not(body):
                return syntax.negation(self._expr(body, through))
            case And(parts):
                return syntax.all([self._expr(part, through) for part in parts])
            case Or(parts):
                return syntax.any([self._expr(part, through) for part in parts])
            case AtLeast(k, parts):
                return syntax.at_least(k, [self._expr(part, through) for part in parts])

    def settling(self, number: int) -> Iterator[tuple[str, str, str]]:
        """What `main` does about a clock: a guard, the event it shares with the clock ("" for none), an update."""
        enabled = self.timers[number].enabled
        yes, no = self.syntax.holds(enabled), self.syntax.holds(self.syntax.negation(enabled))
        yield f"{yes} && e{number} != {ON}", f"on{number}", f"e{number} = {ON}"
        yield f"{no} && e{number} != {OFF}", f"off{number}", f"e{number} = {OFF}"
        yield f"{yes} && e{number} == {ON}", "", ""
        yield f"{no} && e{number} == {OFF}", "", ""

    def places(self) -> list[str]:
        """The committed places in order, then the resting place."""
        return [*(f"settle{i}" for i in range(len(self.timers))), "rest"]


# -- TChecker ----------------------------------------------------------------------------------------------------------


def tchecker(system: System) -> str:
    """The system of the first check as TChecker's text: `tck-reach -a reach -l violated`."""
    return "\n".join(_tchecker(_Network(system, _Sums()))) + "\n"


def _tchecker(net: _Network) -> Iterator[str]:
    yield "# Written by hitless. The label `violated` is reachable exactly if the check is violated."
    for path, variable in net.variable.items():
        yield f"# {variable}: {_comment(net, path)}"
    yield "system:hitless"
    yield "event:tau"
    for i, _ in enumerate(net.timers):
        yield from (f"event:on{i}", f"event:off{i}", f"int:1:0:2:0:e{i}", f"clock:1:x{i}")
    for path, variable in net.variable.items():
        yield f"int:1:0:{net.largest(path)}:{net.initial(path)}:{variable}"
    yield "process:main"
    places = net.places()
    for i, place in enumerate(places):
        marks = [mark for mark, here in (("initial:", i == 0), ("committed:", place != "rest")) if here]
        yield f"location:main:{place}{{{' : '.join(marks)}}}"
    yield "location:main:bad{labels: violated}"
    for i, (place, following) in enumerate(pairwise(places)):
        for guard, event, update in net.settling(i):
            yield _edge("main", place, following, event or "tau", guard, update)
    for move in net.moves:
        guard = f"{move.guard} && {move.clock}" if move.clock else move.guard
        yield f"# {move.name}"
        yield _edge("main", "rest", places[0], "tau", guard, "; ".join(move.updates))
    for violated in net.violated:
        yield _edge("main", "rest", "bad", "tau", violated, "")
    for i, timer in enumerate(net.timers):
        yield f"# the clock of {timer.name}"
        yield f"process:clock{i}"
        yield f"location:clock{i}:off{{initial:}}"
        yield f"location:clock{i}:on{{{'' if timer.hi is None else f'invariant: x{i} <= {timer.hi}'}}}"
        yield _edge(f"clock{i}", "off", "on", f"on{i}", "", f"x{i} = 0")
        yield _edge(f"clock{i}", "on", "on", f"on{i}", "", f"x{i} = 0")
        yield _edge(f"clock{i}", "on", "off", f"off{i}", "", "")
        yield f"sync:main@on{i}:clock{i}@on{i}"
        yield f"sync:main@off{i}:clock{i}@off{i}"


def _edge(process: str, source: str, target: str, event: str, guard: str, update: str) -> str:
    parts = [text for text in (guard and f"provided: {guard}", update and f"do: {update}") if text]
    return f"edge:{process}:{source}:{target}:{event}{{{' : '.join(parts)}}}"


def _comment(net: _Network, path: Path) -> str:
    states = ", ".join(f"{i} {state}" for i, state in enumerate(net.system.machine[path[-1]].states))
    return f"{' of '.join(path)}: {states}".replace("\n", " ")


# -- UPPAAL ------------------------------------------------------------------------------------------------------------


def uppaal(system: System) -> str:
    """The system of the first check as UPPAAL's XML, with the query `E<> main.bad`."""
    return "\n".join(_uppaal(_Network(system, _Booleans()))) + "\n"


def _uppaal(net: _Network) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield "<!DOCTYPE nta PUBLIC '-//Uppaal Team//DTD Flat System 1.1//EN'"
    yield "  'http://www.it.uu.se/research/group/darts/uppaal/flat-1_1.dtd'>"
    yield "<nta>"
    yield f"<declaration>{escape(chr(10).join(_declarations(net)))}</declaration>"
    places = net.places()
    edges = [
        (places[i], places[i + 1], guard, event and f"{event}!", update)
        for i in range(len(net.timers))
        for guard, event, update in net.settling(i)
    ]
    for move in net.moves:
        guard = f"{move.guard} && {move.clock}" if move.clock else move.guard
        edges.append(("rest", places[0], guard, "", ", ".join(move.updates)))
    edges += [("rest", "bad", violated, "", "") for violated in net.violated]
    committed = set(places) - {"rest"}
    yield from _template("Main", dict.fromkeys([*places, "bad"], ""), committed, edges)
    for i, timer in enumerate(net.timers):
        invariant = "" if timer.hi is None else f"x{i} <= {timer.hi}"
        reset = f"x{i} = 0"
        own = [("off", "on", "", f"on{i}?", reset), ("on", "on", "", f"on{i}?", reset)]
        own.append(("on", "off", "", f"off{i}?", ""))
        yield from _template(f"Clock{i}", {"off": "", "on": invariant}, set(), own)
    processes = [("main", "Main"), *((f"clock{i}", f"Clock{i}") for i, _ in enumerate(net.timers))]
    made = "\n".join(f"{process} = {template}();" for process, template in processes)
    yield f"<system>{made}\nsystem {', '.join(process for process, _ in processes)};</system>"
    yield "<queries><query><formula>E&lt;&gt; main.bad</formula>"
    yield "<comment>reachable exactly if the check is violated</comment></query></queries>"
    yield "</nta>"


def _declarations(net: _Network) -> Iterator[str]:
    for i, timer in enumerate(net.timers):
        yield f"chan on{i}, off{i}; int[0,2] e{i} = 0; clock x{i}; // {timer.name}"
    for path, variable in net.variable.items():
        yield f"int[0,{net.largest(path)}] {variable} = {net.initial(path)}; // {_comment(net, path)}"


_Edge = tuple[str, str, str, str, str]  # source, target, guard, synchronisation, update


def _template(name: str, invariants: dict[str, str], committed: set[str], edges: list[_Edge]) -> Iterator[str]:
    """A process; `invariants` lists its places, the first one initial."""
    yield f"<template><name>{name}</name>"
    for place, invariant in invariants.items():
        bound = f'<label kind="invariant">{escape(invariant)}</label>' if invariant else ""
        mark = "<committed/>" if place in committed else ""
        yield f'<location id="{name}.{place}"><name>{place}</name>{bound}{mark}</location>'
    yield f'<init ref="{name}.{next(iter(invariants))}"/>'
    for source, target, guard, synchronisation, update in edges:
        labels = (("guard", guard), ("synchronisation", synchronisation), ("assignment", update))
        shown = "".join(f'<label kind="{kind}">{escape(text)}</label>' for kind, text in labels if text)
        yield f'<transition><source ref="{name}.{source}"/><target ref="{name}.{target}"/>{shown}</transition>'
    yield "</template>"
