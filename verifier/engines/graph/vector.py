"""Conditions and moves over a block of packed states: one numpy operation for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from verifier.engines.graph.layout import Field, Layout
from verifier.system.copies import Path
from verifier.system.ir import And, AtLeast, Const, Expr, In, Not, Or, Seen

Words: TypeAlias = list[NDArray[np.unsignedinteger]]
Truth: TypeAlias = "NDArray[np.bool_] | bool"


class Block:
    """Some states, as one array for each word; what was found out about them is kept."""

    __slots__ = ("memo", "size", "words")

    def __init__(self, words: Words) -> None:
        self.words = words
        self.size = len(words[0])
        self.memo: dict[int, Truth] = {}


Condition: TypeAlias = Callable[[Block], Truth]


def both(a: Truth, b: Truth) -> Truth:
    """Conjunction, with constants folded."""
    if a is True or b is False:
        return b
    return a if a is False or b is True else np.logical_and(a, b)


def either(a: Truth, b: Truth) -> Truth:
    """Disjunction, with constants folded."""
    if a is False or b is True:
        return b
    return a if a is True or b is False else np.logical_or(a, b)


def negated(a: Truth) -> Truth:
    return not a if isinstance(a, bool) else np.logical_not(a)


class Compiler:
    """Expressions of a system as conditions over blocks; equal ones are one condition, and evaluated once a block."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.dtype: type[np.unsignedinteger] = np.uint32 if layout.narrow else np.uint64
        self._made: dict[object, Condition] = {}
        self._kept: list[Expr] = []
        self._known: dict[tuple[int, Path], Condition] = {}

    def number(self, value: int) -> np.unsignedinteger:
        """A word; negative numbers wrap, so that adding one subtracts."""
        return self.dtype(value & (0xFFFF_FFFF if self.layout.narrow else 0xFFFF_FFFF_FFFF_FFFF))

    def truth(self, expr: Expr, through: Path = ()) -> Condition:
        """`expr` read through the views in `through`, outermost first."""
        key = (id(expr), through)
        if key not in self._known:
            self._kept.append(expr)
            self._known[key] = self._compiled(expr, through)
        return self._known[key]

    def _compiled(self, expr: Expr, through: Path) -> Condition:
        match expr:
            case Const(value):
                return lambda block: value
            case In(machine, states):
                values = self.layout.value[machine]
                return self.one_of(self.layout.at[*through, machine], {values[s] for s in states}, len(values))
            case Seen(view, body):
                return self.truth(body, (*through, view))
            case Not(body):
                inner = self.truth(body, through)
                return self.once(("not", inner), lambda block: negated(inner(block)))
            case And(parts):
                return self.all(self.truth(part, through) for part in parts)
            case Or(parts):
                return self.any(self.truth(part, through) for part in parts)
            case AtLeast(k, parts):
                return self._counted(k, [self.truth(part, through) for part in parts])

    def all(self, parts: Iterable[Condition]) -> Condition:
        """True where every part is."""
        found = tuple(dict.fromkeys(parts))
        if len(found) == 1:
            return found[0]

        def condition(block: Block) -> Truth:
            value: Truth = True
            for part in found:
                value = both(value, part(block))
                if value is False:
                    break
            return value

        return self.once(("and", found), condition)

    def any(self, parts: Iterable[Condition]) -> Condition:
        """True where some part is."""
        found = tuple(dict.fromkeys(parts))
        if len(found) == 1:
            return found[0]

        def condition(block: Block) -> Truth:
            value: Truth = False
            for part in found:
                value = either(value, part(block))
                if value is True:
                    break
            return value

        return self.once(("or", found), condition)

    def _counted(self, k: int, parts: Sequence[Condition]) -> Condition:
        def condition(block: Block) -> Truth:
            need, counts = k, np.zeros(block.size, np.uint16)
            for part in parts:
                value = part(block)
                if isinstance(value, bool):
                    need -= value
                else:
                    counts += value
            return need <= 0 or counts >= need

        return self.once(("at least", k, tuple(parts)), condition)

    def one_of(self, field: Field, values: set[int], count: int) -> Condition:
        """The field holds one of `values`, out of `count` possible ones."""
        return self.once(("in", field, frozenset(values)), self._test(field, values, count))

    def _test(self, field: Field, values: set[int], count: int) -> Condition:
        if len(values) in (0, count):
            return lambda block: bool(values)
        word, mask = field.word, self.number(field.mask)
        if len(values) == 1:
            wanted = self.number(next(iter(values)) << field.shift)
            return lambda block: (block.words[word] & mask) == wanted
        missing = set(range(count)) - values
        if len(missing) == 1:
            unwanted = self.number(next(iter(missing)) << field.shift)
            return lambda block: (block.words[word] & mask) != unwanted
        low, high = min(values), max(values)
        if len(values) == high - low + 1:  # unsigned: what lies below `low` wraps round and is large
            first, span = self.number(low << field.shift), self.number((high - low) << field.shift)
            return lambda block: ((block.words[word] & mask) - first) <= span
        table = np.zeros(1 << field.width, np.bool_)
        table[list(values)] = True
        shift = self.number(field.shift)
        return lambda block: table.take(((block.words[word] & mask) >> shift).astype(np.intp))

    def at_least(self, field: Field, least: int) -> Condition:
        """The field's number is `least` or more."""
        if least <= 0:
            return lambda block: True
        if least >= 1 << field.width:
            return lambda block: False
        word, mask, bound = field.word, self.number(field.mask), self.number(least << field.shift)
        return self.once(("least", field, least), lambda block: (block.words[word] & mask) >= bound)

    def once(self, key: object, condition: Condition) -> Condition:
        """The condition, evaluated at most once for a block; equal keys give one object."""
        if key not in self._made:
            number = len(self._made)

            def remembered(block: Block) -> Truth:
                found = block.memo.get(number)
                if found is None:
                    found = block.memo[number] = condition(block)
                return found

            self._made[key] = remembered
        return self._made[key]
