"""The set of all states seen so far: an open-addressing table that takes whole blocks at once.

Exact: a place holds a whole state, never only its hash. Which of two equal states of a block is the new one is settled
by writing both their numbers to the place that they want and reading back which of them stayed.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from verifier.engines.graph.vector import Words

# The table doubles when it is fuller than this; places are then probed 1.8 times on average.
_FULL = 0.6
_LEAST_BITS = 12


class Visited:
    """Grows as needed. `bytes_after(n)` tells what growing by n states would take at most."""

    def __init__(self, words: int, narrow: bool) -> None:
        self._dtype: type[np.unsignedinteger] = np.uint32 if narrow else np.uint64
        self._flag = self._dtype(1 << (31 if narrow else 63))
        self._free = self._dtype((1 << (32 if narrow else 64)) - 1)
        self._words = words
        self.count = 0
        self._allocate(_LEAST_BITS)

    def _allocate(self, bits: int) -> None:
        self._bits = bits
        self._table = [np.full(1 << bits, self._free, self._dtype)]
        self._table += [np.zeros(1 << bits, self._dtype) for _ in range(self._words - 1)]

    @property
    def bytes(self) -> int:
        return self._size(self._bits)

    def bytes_after(self, more: int) -> int:
        """The size of the table that `more` further states need."""
        return self._size(self._bits_for(self.count + more))

    def _size(self, bits: int) -> int:
        return (1 << bits) * self._words * np.dtype(self._dtype).itemsize

    def _bits_for(self, count: int) -> int:
        return max(self._bits, int(count / _FULL).bit_length())

    def reserve(self, more: int, known: Iterable[Words]) -> None:
        """Makes room for `more` states; `known` are all blocks ever added, from which a larger table is filled."""
        bits = self._bits_for(self.count + more)
        if bits > self._bits:
            self._table = []
            self._allocate(bits)
            self.count = 0
            for block in known:
                self.add(block)

    def add(self, states: Words) -> NDArray[np.intp]:
        """The indices of the states that are new, one for each; room must have been made."""
        table, first = self._table, states[0]
        last = (1 << self._bits) - 1
        place = self._places(states)
        todo: NDArray[np.intp] | None = None  # None: all
        found: list[NDArray[np.intp]] = []
        while True:
            here = first if todo is None else first.take(todo)
            there = table[0].take(place)
            same = there == here
            for word, column in zip(states[1:], table[1:], strict=True):
                same &= column.take(place) == (word if todo is None else word.take(todo))
            free = np.flatnonzero(there == self._free)
            other = np.flatnonzero(~same & (there != self._free))
            again = np.empty(0, np.intp)
            if len(free):
                wanted = place.take(free)
                mark = free.astype(self._dtype) | self._flag
                table[0][wanted] = mark
                won = table[0].take(wanted) == mark
                winners, places = free[won], wanted[won]
                new = winners if todo is None else todo.take(winners)
                for word, column in zip(states, table, strict=True):
                    column[places] = word.take(new)
                found.append(new)
                again = free[~won]  # looks at the same place once more: it may hold the same state now
            if not len(other) and not len(again):
                break
            left = np.concatenate((other, again))
            place = np.concatenate(((place.take(other) + 1) & last, place.take(again)))
            todo = left if todo is None else todo.take(left)
        added = np.concatenate(found) if found else np.empty(0, np.intp)
        self.count += len(added)
        return added

    def _places(self, states: Words) -> NDArray[np.intp]:
        """Where each state is looked for first: multiplicative hashing, mixed once."""
        mixed = states[0].astype(np.uint64)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        for word in states[1:]:
            mixed ^= mixed >> np.uint64(29)
            mixed += word
            mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(32)
        mixed *= np.uint64(0x94D049BB133111EB)
        mixed >>= np.uint64(64 - self._bits)
        return mixed.view(np.intp)
