"""What a condition says at the moments that a run itself fixes, each with a reading of its own of the views.

A condition that always holds, or never, does so at these moments: right before each step of a machine that it
mentions; right after those of a machine that it reads directly and never through a view; the end. Asking only this is
asking less, so that "there is no such run" stays a proof. A view that is read at moment x shows its sources as of some
L with `x - H <= L <= x` (see `Encoding._once_rules`); that the copies of different moments belong to one history of the
view is not asked either. So the views of the condition need no slots, and the question stays as small as its machines.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.engines.events.encoding import Encoding
from verifier.engines.events.reading import Point
from verifier.engines.events.shape import Shape
from verifier.engines.terms import Term
from verifier.system.ir import (
    And,
    AtLeast,
    Expr,
    Not,
    Or,
    Seen,
    Step,
    System,
    at_least,
    conj,
    disj,
    mentions,
    neg,
    reads,
    seen,
)


def points_needed(system: System, condition: Expr, shape: Shape) -> int:
    """How many points `Moments` makes at most: one for each moment and view, and those of its ends."""
    moments = 2 + 2 * sum(len(turns.steps) for turns in shape.turns.values())
    return 1 + moments * len(_views(condition))


class Moments:
    """`condition` is `wanted` at every moment of a run, or at those from `since` on."""

    def __init__(self, encoding: Encoding, condition: Expr, wanted: bool, since: Point | None = None) -> None:
        self.encoding, self.condition, self.wanted, self.since = encoding, condition, wanted, since
        self.direct = reads(condition)
        self.mentioned = frozenset(mentions(condition))
        self.copied = frozenset(name for view in _views(condition) for name in mentions(view.body))

    def at_the_ends(self) -> Iterator[Term]:
        reading = self.encoding.reading
        if self.since is None:
            yield reading.holds(self.condition, self.wanted, reading.init)
        else:
            yield from self._at(self.condition, self.since, "since")
        yield from self._at(self.condition, reading.end, "the end")

    def around(self, *, direct: bool) -> Iterator[Term]:
        """Before each step of the machines that are read directly (or not), and after it where no copy shows them."""
        reading, terms = self.encoding.reading, self.encoding.terms
        for machine in self.encoding.system.machine:
            if machine not in self.mentioned or (machine in self.direct) is not direct:
                continue
            for slot in reading.slots[machine]:
                early = terms.false if self.since is None else reading.lt(slot, self.since)
                settled: dict[str, list[Step]] = {}
                for step in slot.steps:
                    settled.setdefault(step.source, []).append(step)
                for source, steps in settled.items():
                    fires = terms.any(reading.fires[slot.number, step.name] for step in steps)
                    before = self.encoding.settle(self.condition, machine, source)
                    for term in self._at(before, slot, f"before {slot.number} from {source}"):
                        yield terms.any((terms.no(fires), early, term))
                if machine not in self.copied:
                    for term in self._at(self.condition, slot, f"after {slot.number}"):
                        yield terms.any((terms.no(slot.happens), early, term))

    def _at(self, expr: Expr, at: Point, moment: str) -> Iterator[Term]:
        """What `expr` says at a point, and what is asked of the copies that it reads there."""
        copies = Copies(self.encoding, moment)
        yield self.encoding.reading.holds(copies.read(expr, at), self.wanted, at)
        yield from copies.rules


class Copies:
    """The views of a condition under names of their own, each read as of one moment L that is not too old."""

    def __init__(self, encoding: Encoding, moment: str) -> None:
        self.encoding, self.moment = encoding, moment
        self.rules: list[Term] = []

    def read(self, expr: Expr, at: Point) -> Expr:
        """`expr` with its views renamed; `rules` says when they are read."""
        match expr:
            case Not(body):
                return neg(self.read(body, at))
            case And(parts):
                return conj(self.read(part, at) for part in parts)
            case Or(parts):
                return disj(self.read(part, at) for part in parts)
            case AtLeast(k, parts):
                return at_least(k, [self.read(part, at) for part in parts])
            case Seen(view, body):
                name = self._name(view, at)
                return seen(name, self.read(body, self.encoding.reading.once[name]))
        return expr

    def _name(self, view: str, at: Point) -> str:
        """The name under which `view` is read at `at`."""
        reading, terms = self.encoding.reading, self.encoding.terms
        name = f"{view} ({self.moment}, {at.number})"
        if name not in reading.once:
            point = reading.moment(name)
            self.rules.append(terms.le(reading.init.time, point.time, -1))
            before = terms.le(point.time, at.time, -1) if at is reading.end else reading.lt(point, at)
            self.rules.append(before)
            stale = self.oldest(view)
            if stale is not None:
                self.rules.append(reading.within(point, at, stale))
        return name

    def oldest(self, view: str) -> int | None:
        return self.encoding.system.view[view].stale


def _views(condition: Expr) -> list[Seen]:
    """Every reading of a view in the condition, nested ones too."""
    found: list[Seen] = []
    todo: list[Expr] = [condition]
    while todo:
        here = todo.pop()
        match here:
            case Seen(_, body):
                found.append(here)
                todo.append(body)
            case Not(body):
                todo.append(body)
            case And(parts) | Or(parts) | AtLeast(_, parts):
                todo.extend(parts)
    return found
