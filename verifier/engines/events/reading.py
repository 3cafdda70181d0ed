"""Points of a run, and what an expression says right after one: section 2 of docs/events-encoding.md.

A *point* is the beginning (INIT), a slot, the moment of a view that is read once, or the end. Each has a fine time
`tick * scale + place in the order`, so that events of one tick have an order too. Points are totally ordered: of two
with equal fine times the later made one comes first.
"""

from __future__ import annotations

from verifier.engines.clock import Clock
from verifier.engines.events.shape import Shape, sources_first
from verifier.engines.terms import Term, Terms
from verifier.records import dataclass
from verifier.system.ir import And, AtLeast, Const, Expr, In, Not, Or, Seen, Step, System, reads


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """`happens` is a formula (true of INIT, END and once-moments), `time` an integer constant; `index` counts from
    1.
    """

    number: int
    owner: str
    index: int
    happens: Term
    time: Term
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rules hold. Tests break one each to see that they would notice; nothing else changes them."""

    views_forced: bool = True
    steps_forced: bool = True
    slack: bool = True
    nested_compared: bool = True


RULES = Rules()


class Reading:
    """Slots and points of one system, and the formulas that read its state right after a point."""

    def __init__(self, system: System, shape: Shape, terms: Terms, clock: Clock, more_points: int = 0) -> None:
        self.system, self.shape, self.terms, self.clock, self.rules = system, shape, terms, clock, RULES
        self.slots: dict[str, list[Point]] = {}
        self.once: dict[str, Point] = {}
        self.points = 0
        self.init = self._point("", 0, terms.true)
        self.end = self._point("", 1, terms.true)
        self.fires: dict[tuple[int, str], Term] = {}
        for machine, turns in shape.turns.items():
            self.slots[machine] = [
                self._point(machine, j, terms.boolean(), steps) for j, steps in enumerate(turns.steps, start=1)
            ]
            for slot in self.slots[machine]:
                for step in slot.steps:
                    self.fires[slot.number, step.name] = slot.happens if len(slot.steps) == 1 else terms.boolean()
        for view in sources_first(system):
            if view in shape.once:
                self.once[view] = self._point(view, 1, terms.true)
            elif view in shape.view_slots:
                self.slots[view] = [self._point(view, j, terms.boolean()) for j in range(1, shape.view_slots[view] + 1)]
        # One more than all points: room for `since`, which is made when a violation is measured.
        room = self.points + 2 + more_points
        self.slack = room if self.rules.slack else 0
        self.scale = room * room + 1
        self.definitions: list[Term] = []
        self._holds: dict[tuple[int, bool, int], Term] = {}
        self._kept: list[Expr] = []
        self._lt: dict[tuple[int, int], Term] = {}
        self._last: dict[tuple[str, int, int, int], Term] = {}
        self._at: dict[tuple[str, frozenset[str], int], Term] = {}
        self._same: dict[tuple[str, str, int, int], Term] = {}
        self._fresh: dict[tuple[str, int], Term] = {}
        self._after: dict[tuple[int, frozenset[str]], Term] = {}
        self._reads: dict[int, frozenset[str]] = {}

    def _point(self, owner: str, index: int, happens: Term, steps: tuple[Step, ...] = ()) -> Point:
        self.points += 1
        return Point(self.points, owner, index, happens, self.terms.integer(), steps)

    def moment(self, view: str) -> Point:
        """An extra point: `view`, a name of its own, is read as of this moment. There is room for `more_points`."""
        self.once[view] = self._point(view, 1, self.terms.true)
        return self.once[view]

    def since_point(self) -> Point:
        """The extra point from which a violation lasts; at most one is made."""
        return self._point("", 2, self.terms.true)

    def _named(self, term: Term) -> Term:
        """A boolean that implies `term`: what is built on it stays small. So nothing that is read may be negated."""
        if self.terms.is_small(term):
            return term
        name = self.terms.boolean()
        self.definitions.append(self.terms.any((self.terms.no(name), term)))
        return name

    # -- order and time --------------------------------------------------------------------------------------------

    def lt(self, a: Point, b: Point) -> Term:
        """`a` comes before `b`, where both happen."""
        if a is b:
            return self.terms.false
        if a is self.init or b is self.end:
            return self.terms.true
        if b is self.init or a is self.end:
            return self.terms.false
        if a.owner == b.owner and a.owner:
            return self.terms.true if a.index < b.index else self.terms.false
        if a.number > b.number:
            return self.terms.no(self.lt(b, a))
        return self.terms.le(a.time, b.time, -1)

    def within(self, a: Point, b: Point, ticks: int) -> Term:
        """`b` is at most `ticks` later than `a`."""
        return self.terms.le(b.time, a.time, ticks * self.scale + self.slack)

    def elapsed(self, a: Point, b: Point, ticks: int) -> Term:
        """`b` is at least `ticks` later than `a`, where `a` comes before `b`."""
        return self.terms.le(a.time, b.time, -ticks * self.scale) if ticks else self.terms.true

    # -- what was last ---------------------------------------------------------------------------------------------

    def last(self, owner: str, first: int, final: int, x: Point) -> Term:
        """Of `owner`'s slots before or at `x` the last that happened is one of `first..final` (0: none happened)."""
        if x.owner == owner:
            return self.terms.true if first <= x.index <= final else self.terms.false
        key = (owner, first, final, x.number)
        found = self._last.get(key)
        if found is None:
            slots = self.slots[owner]
            parts = []
            if first > 0:
                parts += [slots[first - 1].happens, self.lt(slots[first - 1], x)]
            if final < len(slots):
                following = slots[final]
                parts.append(self.terms.any((self.terms.no(following.happens), self.lt(x, following))))
            found = self._last[key] = self.terms.all(parts)
        return found

    def after(self, slot: Point, states: frozenset[str]) -> Term:
        """Given that `slot` of a machine happens: its target is one of `states`."""
        key = (slot.number, states)
        found = self._after.get(key)
        if found is None:
            inside = [step for step in slot.steps if step.target in states]
            if len(inside) == len(slot.steps):
                found = self.terms.true
            else:
                found = self.terms.any(self.fires[slot.number, step.name] for step in inside)
            self._after[key] = found
        return found

    def after_index(self, machine: str, index: int, states: frozenset[str]) -> Term:
        """As `after`, for a slot's number; 0 is the beginning."""
        if index == 0:
            return self.terms.true if self.system.machine[machine].initial in states else self.terms.false
        return self.after(self.slots[machine][index - 1], states)

    def at(self, machine: str, states: frozenset[str], x: Point) -> Term:
        """Right after `x`, `machine` is in one of `states`. Neighbouring slots that surely lead there count as one."""
        if x.owner == machine:
            return self.after(x, states)
        if x is self.init:
            return self.after_index(machine, 0, states)
        key = (machine, states, x.number)
        found = self._at.get(key)
        if found is None:
            choices = []
            index, count = 0, len(self.slots[machine])
            while index <= count:
                here = self.after_index(machine, index, states)
                final = index
                if self.terms.is_true(here):
                    while final < count and self.terms.is_true(self.after_index(machine, final + 1, states)):
                        final += 1
                if not self.terms.is_false(here):
                    choices.append(self.terms.all((self.last(machine, index, final, x), here)))
                index = final + 1
            found = self._at[key] = self._named(self.terms.any(choices))
        return found

    # -- expressions -----------------------------------------------------------------------------------------------

    def holds(self, expr: Expr, wanted: bool, x: Point) -> Term:
        """Right after `x` the value of `expr` is `wanted`."""
        if isinstance(expr, In):
            machine = self.system.machine[expr.machine]
            states = expr.states if wanted else frozenset(machine.states) - expr.states
            return self.at(expr.machine, states, x)
        if isinstance(expr, Const):
            return self.terms.true if expr.value is wanted else self.terms.false
        if isinstance(expr, Not):
            return self.holds(expr.body, not wanted, x)
        key = (id(expr), wanted, x.number)
        found = self._holds.get(key)
        if found is None:
            self.clock.look()
            found = self._holds[key] = self._named(self._compound(expr, wanted, x))
            self._kept.append(expr)
        return found

    def _compound(self, expr: Expr, wanted: bool, x: Point) -> Term:
        match expr:
            case And(parts) | Or(parts):
                terms = (self.holds(part, wanted, x) for part in parts)
                return self.terms.all(terms) if isinstance(expr, And) is wanted else self.terms.any(terms)
            case AtLeast(k, parts):
                need = k if wanted else len(parts) - k + 1
                return self.terms.at_least(need, [self.holds(part, wanted, x) for part in parts])
            case Seen(view, body):
                return self._through(view, body, wanted, x)
        raise AssertionError(f"not an expression: {expr!r}")

    def _through(self, view: str, body: Expr, wanted: bool, x: Point) -> Term:
        """What `view` shows right after `x` is what was so right after its last refresh: views of views need no
        more.
        """
        if view in self.once:
            return self.holds(body, wanted, self.once[view])
        if x is self.init:
            return self.holds(body, wanted, x)
        copies = [self.init, *self.slots[view]]
        return self.terms.any(
            self.terms.all((self.last(view, k, k, x), self.holds(body, wanted, copy))) for k, copy in enumerate(copies)
        )

    def reads(self, expr: Expr) -> frozenset[str]:
        found = self._reads.get(id(expr))
        if found is None:
            found = self._reads[id(expr)] = reads(expr, self._reads)
            self._kept.append(expr)
        return found

    def events(self, expr: Expr) -> list[Point]:
        """The slots that can change the value of `expr`: nothing inside a copy does, but its refreshes do."""
        return [slot for name in sorted(self.reads(expr)) for slot in self.slots[name]]

    # -- copies ----------------------------------------------------------------------------------------------------

    def same(self, view: str, name: str, x: Point, y: Point) -> Term:
        """`name`, a machine's state or a view's whole copy, is to readers of `view` the same right after `x` and right
        after `y`.
        """
        if x is y or not self.slots[name]:
            return self.terms.true
        key = (view, name, x.number, y.number)
        found = self._same.get(key)
        if found is None:
            self.clock.look()
            if name in self.system.machine:
                found = self.terms.any(
                    self.terms.all((self.at(name, states, x), self.at(name, states, y)))
                    for states in self.shape.told_apart[view, name]
                )
            elif not self.rules.nested_compared:
                found = self.terms.true
            else:
                found = self._same_copy(name, x, y)
            found = self._same[key] = self._named(found)
        return found

    def _same_copy(self, view: str, x: Point, y: Point) -> Term:
        copies = [self.init, *self.slots[view]]
        choices = []
        for a, copy_x in enumerate(copies):
            last_x = self.last(view, a, a, x)
            for b, copy_y in enumerate(copies):
                last_y = self.last(view, b, b, y)
                if self.terms.is_false(last_x) or self.terms.is_false(last_y):
                    continue
                equal = (self.same(view, s, copy_x, copy_y) for s in self.system.view[view].sources)
                choices.append(self.terms.all((last_x, last_y, *equal)))
        return self.terms.any(choices)

    def fresh(self, view: str, x: Point) -> Term:
        """Right after `x`, `view` is not behind."""
        if x.owner == view or x is self.init:
            return self.terms.true
        key = (view, x.number)
        found = self._fresh.get(key)
        if found is None:
            self.clock.look()
            sources = self.system.view[view].sources
            found = self._fresh[key] = self._named(
                self.terms.any(
                    self.terms.all(
                        (self.last(view, k, k, x), *(self.same(view, source, copy, x) for source in sources))
                    )
                    for k, copy in enumerate([self.init, *self.slots[view]])
                )
            )
        return found
