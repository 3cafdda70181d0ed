"""What may happen in a packed state: steps, refreshes, and a tick; exactly docs/semantics.md, section 2.

A step is "mask, then add a constant"; a refresh moves stretches of bits by exclusive or. In timed layouts clocks of
what is not enabled are 0, so a clock has to be looked at only where a move may have ended what it measures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verifier.engines.graph.layout import Field, Layout
from verifier.engines.graph.vector import Block, Compiler, Condition, Truth, Words
from verifier.system.copies import copies
from verifier.system.ir import TRUE, Step, View, reads

# Where a move is possible (indices into the block), and the states it leads to.
Moved = tuple[NDArray[np.intp], Words]


@dataclass(frozen=True, slots=True)
class Move:
    """`name` is a step or view; a tick has none. `possible` and `apply` work on whole blocks."""

    name: str
    refresh: bool
    tick: bool
    possible: Condition
    apply: Callable[[Words], Words]

    def from_(self, block: Block) -> Moved | None:
        """The states of the block in which the move is possible, moved."""
        possible = self.possible(block)
        if possible is False:
            return None
        if possible is True:
            at = np.arange(block.size)
            return at, self.apply([word.copy() for word in block.words])
        at = np.flatnonzero(possible)
        return (at, self.apply([word.take(at) for word in block.words])) if len(at) else None


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Bits that a refresh copies: `mask` of word `source`, moved up by `delta`, to word `target`."""

    source: int
    target: int
    delta: int
    mask: int


class Moves:
    """Every move of a layout. `enabled`: by group; `behind`: by view; `stuck`: nothing is."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.compiler = Compiler(layout)
        system = layout.system
        self.source = [self._in_state(group.machine, group.source) for group in layout.groups]
        self.enabled = [
            self.compiler.all((source, self.compiler.truth(group.guard)))
            for source, group in zip(self.source, layout.groups, strict=True)
        ]
        self.behind = {view.name: self._behind(view) for view in system.views}
        self._readers: dict[str, list[int]] = {}
        for i, group in enumerate(layout.groups):
            for name in reads(group.guard):
                self._readers.setdefault(name, []).append(i)
        self.all: tuple[Move, ...] = (
            *(self._fire(step) for step in system.steps),
            *(self._refresh(view) for view in system.views),
            *((self._tick(),) if layout.timed else ()),
        )

    def stuck(self, block: Block) -> Truth:
        """No step is enabled and no view is behind."""
        some = self.compiler.any((*self.enabled, *self.behind.values()))
        found = some(block)
        return not found if isinstance(found, bool) else np.logical_not(found)

    # -- parts -----------------------------------------------------------------------------------------------------

    def _in_state(self, machine: str, state: str) -> Condition:
        values = self.layout.value[machine]
        return self.compiler.one_of(self.layout.at[machine,], {values[state]}, len(values))

    def _stretches(self, view: View) -> list[_Stretch]:
        """What a refresh of `view` moves, fields at the same distance together."""
        found: dict[tuple[int, int, int], int] = {}
        for path in copies(self.layout.system, view):
            source, target = self.layout.at[path[1:]], self.layout.at[path]
            key = (source.word, target.word, target.shift - source.shift)
            found[key] = found.get(key, 0) | source.mask
        return [_Stretch(source, target, delta, mask) for (source, target, delta), mask in found.items() if mask]

    def _difference(self, stretch: _Stretch) -> Callable[[Words], NDArray[np.unsignedinteger]]:
        """Where source and copy differ, in the source's place."""
        number = self.compiler.number
        mask, up, down = number(stretch.mask), number(stretch.delta), number(-stretch.delta)
        source, target = stretch.source, stretch.target
        if stretch.delta >= 0:
            return lambda words: (words[source] ^ (words[target] >> up)) & mask
        return lambda words: (words[source] ^ (words[target] << down)) & mask

    def _behind(self, view: View) -> Condition:
        differences = [self._difference(stretch) for stretch in self._stretches(view)]

        def part(difference: Callable[[Words], NDArray[np.unsignedinteger]]) -> Condition:
            return lambda block: difference(block.words) != 0

        return self.compiler.once(("behind", view.name), self.compiler.any(map(part, differences)))

    # -- moves -----------------------------------------------------------------------------------------------------

    def _fire(self, step: Step) -> Move:
        layout, number = self.layout, self.compiler.number
        group = layout.group_of[step.name]
        possible = self.enabled[group]
        own = layout.clock.get(group)
        if layout.timed and step.lo > 0:
            assert own is not None or layout.groups[group].top < step.lo
            ripe = self.compiler.at_least(own, step.lo) if own is not None else lambda block: False
            possible = self.compiler.all((possible, ripe))
        field, values = layout.at[step.machine,], layout.value[step.machine]
        word, delta = field.word, number((values[step.target] - values[step.source]) << field.shift)
        if step.source == step.target:
            cleared, settle = self._cleared([own] if own is not None else []), None
        else:
            of = [group.machine for group in layout.groups]
            own_groups = (i for i, machine in enumerate(of) if machine == step.machine)
            cleared = self._cleared(layout.clock[i] for i in own_groups if i in layout.clock)
            readers = [i for i in self._readers.get(step.machine, ()) if of[i] != step.machine]
            settle = self._settle(readers, step.machine)

        def apply(words: Words) -> Words:
            words[word] += delta
            for at, kept in cleared:
                words[at] &= kept
            return words if settle is None else settle(words)

        return Move(step.name, False, False, possible, apply)

    def _refresh(self, view: View) -> Move:
        stretches = [(s, self._difference(s)) for s in self._stretches(view)]
        own = self.layout.clock.get(view.name)
        cleared = self._cleared([own] if own is not None else [])
        settle = self._settle(self._readers.get(view.name, ()), view.name)
        number = self.compiler.number
        shifts = [(s.target, number(abs(s.delta)), s.delta >= 0, difference) for s, difference in stretches]

        def apply(words: Words) -> Words:
            for target, by, up, difference in shifts:
                changed = difference(words)
                words[target] ^= (changed << by) if up else (changed >> by)
            for at, kept in cleared:
                words[at] &= kept
            return words if settle is None else settle(words)

        return Move(view.name, True, False, self.behind[view.name], apply)

    def _cleared(self, fields: Iterable[Field]) -> list[tuple[int, np.unsignedinteger]]:
        """For each word the mask that sets these clocks to 0."""
        masks: dict[int, int] = {}
        for field in fields:
            masks[field.word] = masks.get(field.word, 0) | field.mask
        return [(word, self.compiler.number(~mask)) for word, mask in masks.items()]

    def _settle(self, groups: Iterable[int], changed: str) -> Callable[[Words], Words] | None:
        """Sets the clocks to 0 of whatever a change of `changed` may have ended."""
        layout = self.layout
        by_field: dict[Field, list[int]] = {}
        for i in groups:
            if i in layout.clock:
                by_field.setdefault(layout.clock[i], []).append(i)
        # A field is shared by groups of different sources: it runs on where the source is none of these.
        checks: list[tuple[Field, Condition]] = [
            (field, self.compiler.any(self._source_without_guard(i) for i in indices))
            for field, indices in by_field.items()
        ]
        for view in layout.system.views:
            if changed in view.sources and view.name in layout.clock:
                behind = self.behind[view.name]
                checks.append((layout.clock[view.name], self._negation(behind)))
        if not checks:
            return None
        tests = [(field.word, self.compiler.number(~field.mask), condition) for field, condition in checks]

        def settle(words: Words) -> Words:
            block = Block(words)
            over = [(word, kept, condition(block)) for word, kept, condition in tests]
            for word, kept, ended in over:
                if ended is not False:
                    np.bitwise_and(words[word], kept, out=words[word], where=ended)
            return words

        return settle

    def _source_without_guard(self, group: int) -> Condition:
        guard = self.compiler.truth(self.layout.groups[group].guard)
        return self.compiler.all((self.source[group], self._negation(guard)))

    def _negation(self, condition: Condition) -> Condition:
        def negated(block: Block) -> Truth:
            found = condition(block)
            return not found if isinstance(found, bool) else np.logical_not(found)

        return self.compiler.once(("negation", condition), negated)

    def _tick(self) -> Move:
        """Time passes unless something is due; every running clock below its top goes up by one."""
        layout, compiler = self.layout, self.compiler
        due: list[Condition] = []
        running: list[tuple[Field, Condition]] = []
        for i, group in enumerate(layout.groups):
            field = layout.clock.get(i)
            finite = [step.hi for step in group.steps if step.hi is not None]
            if finite:
                due.append(self.enabled[i] if field is None else self._reached(i, field, min(finite)))
            if field is not None:
                below = self.enabled[i] if finite else compiler.all((self.enabled[i], self._below(field, group.top)))
                running.append((field, below))
        for view in layout.system.views:
            if view.stale is not None:
                field = layout.clock.get(view.name)
                behind = self.behind[view.name]
                due.append(behind if field is None else compiler.at_least(field, view.stale))
                if field is not None:
                    running.append((field, behind))
        possible = self._negation(compiler.any(due)) if due else compiler.truth(TRUE)

        def apply(words: Words) -> Words:
            block = Block([word.copy() for word in words])
            for field, condition in running:
                runs = condition(block)
                if runs is not False:
                    one = compiler.number(1 << field.shift)
                    words[field.word] += one if runs is True else runs * one
            return words

        return Move("", False, True, possible, apply)

    def _reached(self, group: int, field: Field, hi: int) -> Condition:
        """The group's clock is at `hi`; the source says that the clock is this group's."""
        return self.compiler.all((self.source[group], self.compiler.at_least(field, hi)))

    def _below(self, field: Field, top: int) -> Condition:
        return self._negation(self.compiler.at_least(field, top))
