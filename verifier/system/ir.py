"""The system of docs/semantics.md, section 1, as frozen values: machines, steps, views, checks.

Everything an engine, an exporter or the interpreter knows of a model is in a `System`. Times are whole ticks.
Names are unique across machines and views; an expression refers to machines and views by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Literal

from verifier.records import dataclass

# -- expressions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Const:
    value: bool


@dataclass(frozen=True, slots=True)
class In:
    """Machine `machine` is in one of `states`."""

    machine: str
    states: frozenset[str]


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not:
    body: Expr


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least `k` of `parts` hold (a part that is listed twice counts twice). `1 <= k <= len(parts)` after
    `at_least()`.
    """

    k: int
    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """`body` as view `view` remembers it: inside, a name is the view's copy of one of its direct sources."""

    view: str
    body: Expr


Expr = Const | In | And | Or | Not | AtLeast | Seen

TRUE = Const(True)
FALSE = Const(False)


def conj(parts: Iterable[Expr]) -> Expr:
    """The conjunction, simplified: constants folded, nested conjunctions flattened, repetitions dropped."""
    flat: dict[Expr, None] = {}
    for part in parts:
        if part == FALSE:
            return FALSE
        if part == TRUE:
            continue
        flat.update(dict.fromkeys(part.parts if isinstance(part, And) else (part,)))
    if not flat:
        return TRUE
    return next(iter(flat)) if len(flat) == 1 else And(tuple(flat))


def disj(parts: Iterable[Expr]) -> Expr:
    """The disjunction, simplified as in `conj`."""
    flat: dict[Expr, None] = {}
    for part in parts:
        if part == TRUE:
            return TRUE
        if part == FALSE:
            continue
        flat.update(dict.fromkeys(part.parts if isinstance(part, Or) else (part,)))
    if not flat:
        return FALSE
    return next(iter(flat)) if len(flat) == 1 else Or(tuple(flat))


def neg(body: Expr) -> Expr:
    """The negation, with constants and double negations folded."""
    if isinstance(body, Const):
        return FALSE if body.value else TRUE
    return body.body if isinstance(body, Not) else Not(body)


def at_least(k: int, parts: Iterable[Expr]) -> Expr:
    """At least `k` of `parts`, with constants folded: `k <= 0` is true, `k` above the count is false."""
    open_parts = []
    for part in parts:
        if part == TRUE:
            k -= 1
        elif part != FALSE:
            open_parts.append(part)
    if k <= 0:
        return TRUE
    if k > len(open_parts):
        return FALSE
    if k == 1:
        return disj(open_parts)
    if k == len(open_parts):
        return conj(open_parts)
    return AtLeast(k, tuple(open_parts))


def seen(view: str, body: Expr) -> Expr:
    """`body` read through `view`; a constant reads the same through any view."""
    return body if isinstance(body, Const) else Seen(view, body)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct parts of an expression."""
    match expr:
        case And(parts) | Or(parts) | AtLeast(_, parts):
            return parts
        case Not(body) | Seen(_, body):
            return (body,)
    return ()


def reads(expr: Expr, memo: dict[int, frozenset[str]] | None = None) -> frozenset[str]:
    """What the value of `expr` depends on now: machines read directly, and the views of the outermost `Seen`.

    `memo` serves expressions that share parts, for as long as all of them are kept.
    """
    if isinstance(expr, In):
        return frozenset((expr.machine,))
    if isinstance(expr, Seen):
        return frozenset((expr.view,))
    if memo is None:
        memo = {}
    found = memo.get(id(expr))
    if found is None:
        found = memo[id(expr)] = frozenset[str]().union(*[reads(part, memo) for part in children(expr)])
    return found


def mentions(expr: Expr) -> Iterator[str]:
    """Every machine and view named in `expr`, inside `Seen` too; a name may come more than once."""
    todo: list[Expr] = [expr]
    visited: set[int] = set()
    while todo:
        here = todo.pop()
        if id(here) in visited:
            continue
        visited.add(id(here))
        if isinstance(here, In):
            yield here.machine
        elif isinstance(here, Seen):
            yield here.view
        todo.extend(children(here))


# -- the parts of a system -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Machine:
    name: str
    states: tuple[str, ...]
    initial: str


@dataclass(frozen=True, slots=True)
class Step:
    """`source -> target` of one machine, when `guard`, after a delay of `lo..hi` ticks (`hi` None: never forced).

    `origin` is file:line, `label` what it says to people; `rests_on` are the settings its delay was computed from. All
    three are opaque to every engine.
    """

    name: str
    machine: str
    source: str
    target: str
    guard: Expr
    lo: int
    hi: int | None
    origin: str = ""
    rests_on: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A remembered copy of all `sources` together, never older than `stale` ticks (None: as old as it likes)."""

    name: str
    sources: tuple[str, ...]
    stale: int | None
    origin: str = ""
    rests_on: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """`never when`, or `ends with when`; each of `covers` must be reachable, else the check says nothing."""

    name: str
    kind: Literal["never", "ends_with"]
    when: Expr
    covers: tuple[Expr, ...] = ()
    origin: str = ""


@dataclass(frozen=True)
class System:
    """A finite system. Well-formed by construction (see `verifier.system.wellformed.problems`)."""

    tick_ms: int
    machines: tuple[Machine, ...]
    views: tuple[View, ...]
    steps: tuple[Step, ...]
    checks: tuple[Check, ...] = ()

    @cached_property
    def machine(self) -> dict[str, Machine]:
        return {machine.name: machine for machine in self.machines}

    @cached_property
    def view(self) -> dict[str, View]:
        return {view.name: view for view in self.views}

    @cached_property
    def step(self) -> dict[str, Step]:
        return {step.name: step for step in self.steps}

    @cached_property
    def steps_of(self) -> dict[str, tuple[Step, ...]]:
        """The steps of each machine, in order."""
        grouped: dict[str, list[Step]] = {machine.name: [] for machine in self.machines}
        for step in self.steps:
            grouped[step.machine].append(step)
        return {name: tuple(steps) for name, steps in grouped.items()}
