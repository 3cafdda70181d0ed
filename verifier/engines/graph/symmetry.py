"""Members that are interchangeable, and one state for all that differ only in an exchange of such members.

Members are found in names: `Family[a, b]` is about the members a and b. That two of them are interchangeable is never
taken on trust: exchanging them must turn the system, and the check that is asked, into itself (docs/semantics.md,
section 5). Then each reachable state has the same future as the one with the two exchanged, and it is enough to keep
the one in which the members' fields are sorted. Where two kinds of members share fields, sorting may leave several
states of an orbit; that costs states, never a verdict.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from verifier.engines.graph.layout import Field, Layout
from verifier.engines.graph.vector import Words
from verifier.system.ir import And, AtLeast, Check, Const, Expr, In, Not, Or, Seen
from verifier.system.patience import look

_INDEXED = re.compile(r"([^\[\]]*)\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class _Pair:
    """Fields of one member, `mask` of word `low`; the other member's are `delta` higher in word `high`."""

    low: int
    high: int
    delta: int
    mask: int


class Symmetry:
    """Sorts the fields of interchangeable members in place. `classes`: the members, as they were found."""

    def __init__(
        self, layout: Layout, classes: tuple[tuple[str, ...], ...], swaps: Iterable[tuple[_Pair, ...]]
    ) -> None:
        self.classes = classes
        dtype = np.uint32 if layout.narrow else np.uint64
        self._swaps = [
            [(p.low, p.high, dtype(abs(p.delta)), p.delta >= 0, dtype(p.mask)) for p in swap] for swap in swaps
        ]

    def __call__(self, words: Words) -> Words:
        for swap in self._swaps:
            larger = undecided = None
            differences = []
            for low, high, by, up, mask in swap:
                one = words[low] & mask
                other = ((words[high] >> by) if up else (words[high] << by)) & mask
                differences.append(one ^ other)
                above = one > other
                if undecided is None:
                    larger, undecided = above, one == other
                else:
                    larger |= undecided & above
                    undecided &= one == other
            for (low, high, by, up, _), difference in zip(swap, differences, strict=True):
                difference *= larger
                words[low] ^= difference
                words[high] ^= (difference << by) if up else (difference >> by)
        return words


def symmetry_of(layout: Layout, check: Check | None, wanted: bool) -> Symmetry:
    """What can be exchanged; nothing if it is not `wanted`."""
    if not wanted:
        return Symmetry(layout, (), ())
    finder = _Finder(layout, check)
    classes = tuple(found for found in finder.classes() if len(found) > 1)
    swaps = [finder.pairs(a, b) for members in classes for i in range(len(members)) for a, b in _round(members, i)]
    return Symmetry(layout, classes, [swap for swap in swaps if swap])


def _round(members: tuple[str, ...], turn: int) -> Iterable[tuple[str, str]]:
    """Sorting by exchanging neighbours: the even pairs, then the odd ones, as often as there are members."""
    return ((members[i], members[i + 1]) for i in range(turn % 2, len(members) - 1, 2))


class _Finder:
    def __init__(self, layout: Layout, check: Check | None) -> None:
        self.layout, self.system, self.check = layout, layout.system, check
        self._numbers: dict[object, int] = {}
        self.names = [*self.system.machine, *self.system.view]
        self.members: dict[str, set[tuple[str, int]]] = {}
        for name in self.names:
            match = _INDEXED.fullmatch(name)
            for place, member in enumerate(match[2].split(", ") if match else ()):
                self.members.setdefault(member, set()).add((match[1] if match else "", place))
        # A state that is named by a member would have to be exchanged too: such members stay apart.
        states = (state for machine in self.system.machines for state in machine.states)
        named = {word for state in states for word in re.findall(r"[^\[\](), ]+", state)}
        for member in named & set(self.members):
            del self.members[member]
        self._plain = self._signature(lambda name: name) if self.members else None

    def classes(self) -> list[tuple[str, ...]]:
        """The members in classes of interchangeable ones, each with the first of its class in mind."""
        found: list[list[str]] = []
        for member, places in self.members.items():
            for known in found:
                if self.members[known[0]] == places and self._exchangeable(known[-1], member):
                    known.append(member)
                    break
            else:
                found.append([member])
        return [tuple(members) for members in found]

    def _exchangeable(self, a: str, b: str) -> bool:
        rename = _exchange(a, b)
        if any(rename(name) not in self.layout.value and rename(name) not in self.system.view for name in self.names):
            return False
        return self._signature(rename) == self._plain and self._clocks(rename) is not None

    def pairs(self, a: str, b: str) -> tuple[_Pair, ...]:
        """The fields that an exchange of a and b exchanges, those at the same distance together."""
        rename = _exchange(a, b)
        clocks = self._clocks(rename)
        assert clocks is not None
        fields = {self.layout.at[path]: self.layout.at[tuple(map(rename, path))] for path in self.layout.at} | clocks
        found: dict[tuple[int, int, int], int] = {}
        done: set[Field] = set()
        for one, other in fields.items():
            if one == other or one in done:
                continue
            done |= {one, other}
            key = (one.word, other.word, other.shift - one.shift)
            found[key] = found.get(key, 0) | one.mask
        return tuple(_Pair(low, high, delta, mask) for (low, high, delta), mask in found.items() if mask)

    def _clocks(self, rename: Callable[[str], str]) -> dict[Field, Field] | None:
        """Which clock becomes which; None if clocks of one field would part."""
        keys = {self._group_key(i, rename): i for i in range(len(self.layout.groups))}
        found: dict[Field, Field] = {}
        for i in range(len(self.layout.groups)):
            if i not in self.layout.clock:
                continue
            other = keys.get(self._group_key(i, lambda name: name))
            if other is None or other not in self.layout.clock:
                return None
            if found.setdefault(self.layout.clock[other], self.layout.clock[i]) != self.layout.clock[i]:
                return None
        for view in self.system.views:
            if view.name in self.layout.clock:
                found[self.layout.clock[view.name]] = self.layout.clock[rename(view.name)]
        return found if all(found.get(other) == one for one, other in found.items()) else None

    def _group_key(self, group: int, rename: Callable[[str], str]) -> object:
        g = self.layout.groups[group]
        targets = tuple(sorted((s.target, s.lo, -1 if s.hi is None else s.hi) for s in g.steps))
        return rename(g.machine), g.source, self._expr(g.guard, rename, {}), targets

    # -- the system under an exchange of names ---------------------------------------------------------------------

    def _signature(self, rename: Callable[[str], str]) -> object:
        """What the system and the check are when names are exchanged; equal signatures are equal systems."""
        memo: dict[int, int] = {}
        system = self.system
        steps = Counter(
            (rename(s.machine), s.source, s.target, self._expr(s.guard, rename, memo), s.lo, s.hi) for s in system.steps
        )
        return (
            {(rename(m.name), m.states, m.initial) for m in system.machines},
            {(rename(v.name), frozenset(map(rename, v.sources)), v.stale) for v in system.views},
            steps,
            None if self.check is None else self._expr(self.check.when, rename, memo),
        )

    def _expr(self, expr: Expr, rename: Callable[[str], str], memo: dict[int, int]) -> int:
        """A number for the expression under the renaming; order and repetition of parts do not matter where they
        cannot.
        """
        if id(expr) not in memo:
            look()
            match expr:
                case Const(value):
                    key: object = value
                case In(machine, states):
                    key = ("in", rename(machine), states)
                case Not(body):
                    key = ("not", self._expr(body, rename, memo))
                case Seen(view, body):
                    key = ("seen", rename(view), self._expr(body, rename, memo))
                case And(parts):
                    key = ("and", frozenset(self._expr(part, rename, memo) for part in parts))
                case Or(parts):
                    key = ("or", frozenset(self._expr(part, rename, memo) for part in parts))
                case AtLeast(k, parts):
                    count = Counter(self._expr(part, rename, memo) for part in parts)
                    key = ("at least", k, frozenset(count.items()))
            memo[id(expr)] = self._numbers.setdefault(key, len(self._numbers))
        return memo[id(expr)]


def _exchange(a: str, b: str) -> Callable[[str], str]:
    """Names with members a and b exchanged."""
    other = {a: b, b: a}
    known: dict[str, str] = {}

    def rename(name: str) -> str:
        if name not in known:
            match = _INDEXED.fullmatch(name)
            members = ", ".join(other.get(m, m) for m in match[2].split(", ")) if match else ""
            known[name] = f"{match[1]}[{members}]" if match else name
        return known[name]

    return rename
