"""The rules of a run as formulas: section 3 and 4 of docs/events-encoding.md.

Exact: the formulas have a model exactly if the system has a run with as many changes (see there, section 7, for the
evidence, and tests/test_events_agree.py for ours). Differences from that page, each argued where it is made: a guard
that is a conjunction is timed part by part, points that cannot begin or end a truth are left out, and `once` covers
trees of views.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from verifier.engines.clock import Clock
from verifier.engines.events.reading import Point, Reading
from verifier.engines.events.shape import At, Shape, Under, crosses, live_steps
from verifier.engines.terms import Term, Terms
from verifier.system.ir import FALSE, TRUE, And, AtLeast, Check, Const, Expr, In, Not, Or, Step, System, neg

Bound = tuple[str, str]


class Encoding:
    """All formulas of one system: `rules` are the runs, `goal` the violation, `bounds` a literal for each bound."""

    def __init__(
        self, system: System, check: Check, shape: Shape, terms: Terms, clock: Clock, more_points: int = 0
    ) -> None:
        self.system, self.check, self.shape, self.terms, self.clock = system, check, shape, terms, clock
        self.reading = Reading(system, shape, terms, clock, more_points)
        self.bounds: dict[Bound, Term] = {}
        self.rules: list[Term] = []
        self._settled: dict[tuple[int, str, str], Expr] = {}
        self._kept: list[Expr] = []
        self._slots_in_order()
        live = live_steps(system)
        for machine in system.machines:
            for step in live[machine.name]:
                self._urgency(step)
            for slot in self.reading.slots[machine.name]:
                for step in slot.steps:
                    self._firing(slot, step)
        for view in system.views:
            if view.name in self.reading.slots and view.stale is not None:
                self._view_urgency(view.name, view.stale)
        self._once_rules()

    def _require(self, term: Term) -> None:
        self.clock.look()
        if not self.terms.is_true(term):
            self.rules.append(term)

    def definitions(self) -> list[Term]:
        """What the names in the formulas stand for; complete once all formulas are built."""
        return self.reading.definitions

    def _bound(self, owner: str, kind: str) -> Term:
        """The literal that switches a bound off when false; bounds are true unless a core is being looked for."""
        key = (owner, kind)
        if key not in self.bounds:
            self.bounds[key] = self.terms.boolean()
        return self.bounds[key]

    # -- slots -----------------------------------------------------------------------------------------------------

    def _slots_in_order(self) -> None:
        """Section 1: slots happen in order, before the end; a machine's slot is exactly one step from where it is."""
        reading, terms = self.reading, self.terms
        self._require(terms.le(reading.init.time, reading.end.time, -1))
        for name, slots in reading.slots.items():
            before = reading.init
            for slot in slots:
                self._require(terms.any((terms.no(slot.happens), before.happens)))
                self._require(terms.le(before.time, slot.time, -1))
                self._require(terms.any((terms.no(slot.happens), terms.le(slot.time, reading.end.time, -1))))
                before = slot
            if name in self.system.machine:
                for slot in slots:
                    self._one_step(name, slot)

    def _one_step(self, machine: str, slot: Point) -> None:
        terms, fires = self.terms, self.reading.fires
        chosen = [fires[slot.number, step.name] for step in slot.steps]
        if len(chosen) > 1:
            self._require(terms.any((terms.no(slot.happens), *chosen)))
            for i, a in enumerate(chosen):
                self._require(terms.any((terms.no(a), slot.happens)))
                for b in chosen[i + 1 :]:
                    self._require(terms.any((terms.no(a), terms.no(b))))
        for term, step in zip(chosen, slot.steps, strict=True):
            here = self.reading.after_index(machine, slot.index - 1, frozenset((step.source,)))
            self._require(terms.any((terms.no(term), here)))

    # -- guards ----------------------------------------------------------------------------------------------------

    def guard_parts(self, step: Step) -> list[Expr]:
        """The conjuncts of a step's guard, what it says of its own machine decided by the step's source."""
        expr = step.guard
        if step.machine in self.reading.reads(expr):
            expr = self.settle(expr, step.machine, step.source)
        parts: list[Expr] = []
        todo = [expr]
        while todo:
            here = todo.pop()
            if isinstance(here, And):
                todo.extend(reversed(here.parts))
            elif here != TRUE:
                parts.append(here)
        return parts

    def settle(self, expr: Expr, machine: str, state: str) -> Expr:
        """`expr` with its direct readings of `machine` decided: it is in `state`."""
        key = (id(expr), machine, state)
        found = self._settled.get(key)
        if found is None:
            match expr:
                case In(name, states):
                    found = Const(state in states) if name == machine else expr
                case And(parts):
                    found = And(tuple(self.settle(part, machine, state) for part in parts))
                case Or(parts):
                    found = Or(tuple(self.settle(part, machine, state) for part in parts))
                case AtLeast(k, parts):
                    found = AtLeast(k, tuple(self.settle(part, machine, state) for part in parts))
                case Not(body):
                    found = neg(self.settle(body, machine, state))
                case _:
                    found = expr
            self._settled[key] = found
            self._kept.append(expr)
        return found

    def can_turn(self, expr: Expr, wanted: bool) -> list[Point]:
        """The slots at which `expr` can become `wanted`; a slot of a machine that surely does not matter is left
        out.
        """
        if isinstance(expr, In):
            reading, terms = self.reading, self.terms
            states = expr.states if wanted else frozenset(self.system.machine[expr.machine].states) - expr.states
            return [
                slot
                for slot in reading.slots[expr.machine]
                if not terms.is_false(reading.after(slot, states))
                and not terms.is_true(reading.after_index(expr.machine, slot.index - 1, states))
            ]
        if isinstance(expr, Not):
            return self.can_turn(expr.body, not wanted)
        if isinstance(expr, And | Or | AtLeast):
            found = {slot.number: slot for part in expr.parts for slot in self.can_turn(part, wanted)}
            return [found[number] for number in sorted(found)]
        return self.reading.events(expr)

    # -- firing ----------------------------------------------------------------------------------------------------

    def _firing(self, slot: Point, step: Step) -> None:
        """A step fires only if enabled for `lo`: its source and each part of its guard have held at least that long.

        A conjunction has held for `lo` exactly if each of its parts has, so each part is timed by itself.
        """
        if step.guard == FALSE:
            return
        fires = self.terms.no(self.reading.fires[slot.number, step.name])
        if step.lo > 0:
            self._require(self.terms.any((fires, self._source_held(slot, step))))
        for part in self.guard_parts(step):
            # Only slots of other machines and of views are read here, and none of them changes at `slot`.
            self._require(self.terms.any((fires, self.reading.holds(part, True, slot))))
            if step.lo > 0:
                self._require(self.terms.any((fires, self._held(part, slot, step))))

    def _source_held(self, slot: Point, step: Step) -> Term:
        """The machine came to the source at least `lo` ago; self-loops of other steps since then do not count."""
        reading, terms = self.reading, self.terms
        off = terms.no(self._bound(step.name, "lo"))
        choices = []
        unbroken: list[Term] = []
        for index in range(slot.index - 1, -1, -1):
            start = reading.slots[step.machine][index - 1] if index else reading.init
            since = terms.any((off, reading.elapsed(start, slot, step.lo)))
            choices.append(terms.all((*unbroken, since)))
            if index == 0:
                break
            loops = self._other_loops(start, step)
            if terms.is_false(loops):
                break
            unbroken.append(loops)
        return terms.any(choices)

    def _other_loops(self, slot: Point, step: Step) -> Term:
        """`slot` is a self-loop in the step's source by another step."""
        return self.terms.any(
            self.reading.fires[slot.number, other.name]
            for other in slot.steps
            if other.name != step.name and other.source == other.target == step.source
        )

    def _held(self, part: Expr, slot: Point, step: Step) -> Term:
        """`part` has held from some start at least `lo` before `slot` up to it."""
        reading, terms = self.reading, self.terms
        off = terms.no(self._bound(step.name, "lo"))
        breaks = self.can_turn(part, False)
        choices = []
        for start in (reading.init, *self.can_turn(part, True)):
            begins = reading.holds(part, True, start)
            if terms.is_false(begins):
                continue
            unbroken = [
                terms.any(
                    (terms.no(y.happens), reading.lt(y, start), reading.lt(slot, y), reading.holds(part, True, y))
                )
                for y in breaks
                if y is not start
            ]
            long_ago = terms.any((off, terms.all((reading.elapsed(start, slot, step.lo), *unbroken))))
            choices.append(terms.all((start.happens, reading.lt(start, slot), begins, long_ago)))
        return terms.any((off, *choices))

    # -- urgency ---------------------------------------------------------------------------------------------------

    def _urgency(self, step: Step) -> None:
        """From each point that may enable `step`: within `hi` it fires, its machine moves, its guard fails, or all
        ends.

        Points that cannot make source or guard true add nothing: the truth they lie in began at another point.
        """
        if step.hi is None or not self.reading.rules.steps_forced:
            return
        reading, terms = self.reading, self.terms
        source = frozenset((step.source,))
        elsewhere = frozenset(self.system.machine[step.machine].states) - source
        parts = self.guard_parts(step)
        off = terms.no(self._bound(step.name, "hi"))
        own = [s for s in reading.slots[step.machine] if not terms.is_false(reading.after(s, source))]
        starts = {p.number: p for p in (reading.init, *own, *(s for part in parts for s in self.can_turn(part, True)))}
        for number in sorted(starts):
            x = starts[number]
            ways = [off, terms.no(x.happens), reading.at(step.machine, elsewhere, x)]
            ways += [reading.holds(part, False, x) for part in parts]
            ways.append(reading.within(x, reading.end, step.hi))
            if any(terms.is_true(way) for way in ways):
                continue
            ways += self._leaves(step, x, step.hi)
            for part in parts:
                ways += [
                    terms.all((reading.holds(part, False, y), *self._soon(x, y, step.hi)))
                    for y in self.can_turn(part, False)
                    if y is not x
                ]
            self._require(terms.any(ways))

    def _soon(self, x: Point, y: Point, ticks: int) -> tuple[Term, Term, Term]:
        """`y` happens after `x`, within `ticks`."""
        return y.happens, self.reading.lt(x, y), self.reading.within(x, y, ticks)

    def _leaves(self, step: Step, x: Point, ticks: int) -> Iterator[Term]:
        """Own slots that end what `x` began: all but self-loops of other steps."""
        source = frozenset((step.source,))
        for slot in self.reading.slots[step.machine]:
            if self.terms.is_false(self.reading.after_index(step.machine, slot.index - 1, source)):
                continue
            loops = self._other_loops(slot, step)
            if slot is not x:
                yield self.terms.all((*self._soon(x, slot, ticks), self.terms.no(loops)))

    def _view_urgency(self, view: str, stale: int) -> None:
        """From each change of a source: within `stale` the view is refreshed, its sources are as it shows, or all
        ends.
        """
        if not self.reading.rules.views_forced:
            return
        reading, terms = self.reading, self.terms
        off = terms.no(self._bound(view, "stale"))
        changes = list(self._changes_to(view))
        for x in changes:
            ways = [off, terms.no(x.happens), reading.fresh(view, x), reading.within(x, reading.end, stale)]
            ways += [terms.all(self._soon(x, slot, stale)) for slot in reading.slots[view]]
            ways += [terms.all((*self._soon(x, y, stale), reading.fresh(view, y))) for y in changes if y is not x]
            self._require(terms.any(ways))

    def _changes_to(self, view: str) -> Iterator[Point]:
        """The slots of the view's sources that change what somebody reads through it."""
        for source in self.system.view[view].sources:
            groups = self.shape.told_apart.get((view, source))
            for slot in self.reading.slots.get(source, ()):
                if groups is None or any(crosses(step, groups) for step in slot.steps):
                    yield slot

    # -- views read once -------------------------------------------------------------------------------------------

    def moment(self, view: str) -> tuple[Point, Term]:
        """When a view that is read once is read, and whether it is at all."""
        match self.shape.once[view]:
            case At(machine, index):
                slot = self.reading.slots[machine][index - 1]
                steps = [s for s in slot.steps if view in self.reading.reads(s.guard)]
                return slot, self.reading.fires[slot.number, steps[0].name]
            case Under(reader):
                return self.reading.once[reader], self.moment(reader)[1]
        return self.reading.end, self.terms.true

    def _once_rules(self) -> None:
        """A view read at one moment x only is its sources at some moment L with `L <= x <= L + H`; nothing else is
        asked.

        A run gives such an L: the last moment up to x at which the view was up to date. If that is not x, the view has
        been behind since the very next event, hence for at most H at x, and has not been refreshed since, for a refresh
        ends being behind; time between L and that next event may be counted to L. So the copy at x is the sources at L.
        (That a source returns to an old value only makes L later.) Conversely an L gives a run: refresh after every
        event up to L, then not at all until x, then after every event again. Not being refreshed is allowed up to x,
        because the view became behind not before L. Nobody reads the view before x or after it, so nothing else
        changes.

        *Trees.* If the view's sources are views that only it reads, what counts of each is its copy at L, so L is
        the one moment at which that view is read, and the same argument applies to it, with L for x: the sources of
        the upper view are kept up eagerly before *their* L, so what the upper view copies eagerly up to its L
        exists; after L they may be refreshed again, whereby the upper view is behind from L at the earliest. The
        bounds of a chain therefore add up without further constraints. If nobody reads at x (the step does not fire)
        L is free.

        For `ends with` the end has no view behind, so L is the end itself.
        """
        reading, terms = self.reading, self.terms
        for view, point in reading.once.items():
            self._require(terms.le(reading.init.time, point.time, -1))
            moment, read = self.moment(view)
            unread = terms.no(read)
            before = terms.le(point.time, reading.end.time, -1) if moment is reading.end else reading.lt(point, moment)
            self._require(terms.any((unread, before)))
            stale = self.system.view[view].stale
            if self.check.kind == "ends_with":
                for source in self.system.view[view].sources:
                    for slot in reading.slots.get(source, ()):
                        self._require(terms.any((terms.no(slot.happens), reading.lt(slot, point))))
            elif stale is not None and reading.rules.views_forced:
                off = terms.no(self._bound(view, "stale"))
                self._require(terms.any((unread, off, reading.within(point, moment, stale))))

    # -- goals -----------------------------------------------------------------------------------------------------

    def goal(self) -> Term:
        """The end violates the check."""
        reading, terms, end = self.reading, self.terms, self.reading.end
        if self.check.kind == "never":
            return reading.holds(self.check.when, True, end)
        parts = [reading.holds(self.check.when, False, end)]
        for steps in live_steps(self.system).values():
            for step in steps:
                elsewhere = frozenset(self.system.machine[step.machine].states) - {step.source}
                blocked = (reading.holds(part, False, end) for part in self.guard_parts(step))
                parts.append(terms.any((reading.at(step.machine, elsewhere, end), *blocked)))
        parts += [reading.fresh(view.name, end) for view in self.system.views if view.name in reading.slots]
        return terms.all(parts)

    def repeats(self) -> Term:
        """Some machine that was cut uses its last slot: then the rules do not describe every run."""
        cut = [name for name, turns in self.shape.turns.items() if turns.cut]
        return self.terms.any(self.reading.slots[name][-1].happens for name in cut if self.reading.slots[name])

    def suppose(self, expr: Expr) -> None:
        """Require what is known to hold in every reachable state: at the end, and if it reads no view at all copies
        too.

        Copies are states of the past, so it holds right after every refresh; of machines it is required right after
        each of their changes as well if those are few.
        """
        reading, terms = self.reading, self.terms
        points = [reading.end]
        if all(name in self.system.machine for name in reading.reads(expr)):
            points += [*reading.once.values(), *(s for v in self.shape.view_slots for s in reading.slots[v])]
            changes = reading.events(expr)
            points += changes if len(changes) <= 32 else []
        for point in points:
            self._require(terms.any((terms.no(point.happens), reading.holds(expr, True, point))))

    def sort(self, machines: tuple[str, ...]) -> None:
        """Of `machines`, which are interchangeable, each changes first no earlier than the one before it."""
        terms, slots = self.terms, self.reading.slots
        for a, b in pairwise(slots[name][0] for name in machines if slots.get(name)):
            self._require(terms.any((terms.no(b.happens), terms.all((a.happens, terms.le(a.time, b.time, 0))))))

    def since(self, point: Point) -> list[Term]:
        """What the violation reads does not change between `point` and the end (sufficient for it to last that long).

        A view that is read once changes when a source changes before its L; after L it stands still.
        """
        reading, terms, end = self.reading, self.terms, self.reading.end
        found = [terms.le(reading.init.time, point.time, 0), terms.le(point.time, end.time, 0)]
        names = self.system.machine if self.check.kind == "ends_with" else sorted(reading.reads(self.check.when))
        todo = [(name, end, list(reading.slots.get(name, ()))) for name in names]
        while todo:
            name, until, slots = todo.pop()
            if name in reading.once:
                changes = list(self._changes_to(name))
                for source in self.system.view[name].sources:
                    todo.append((source, reading.once[name], [slot for slot in changes if slot.owner == source]))
                continue
            for slot in slots:
                late = reading.lt(until, slot)
                found.append(terms.any((terms.no(slot.happens), late, terms.le(slot.time, point.time, -1))))
        return found
