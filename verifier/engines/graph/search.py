"""Breadth first, level by level: every state that a system can reach, the fewest moves first.

A level is what the moves of the level before lead to and was never seen. Only levels are kept, no link of a state to
its parent: the way to a state is found backwards, by looking in each level for one that a move takes to it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from verifier.engines.graph.layout import Layout, layout_of
from verifier.engines.graph.moves import Move, Moves
from verifier.engines.graph.symmetry import Symmetry, symmetry_of
from verifier.engines.graph.vector import Block, Condition, Words
from verifier.engines.graph.visited import Visited
from verifier.system.ir import Check, System
from verifier.system.run import Budget

# States that are moved at once: their successors should stay in the processor's cache.
_BLOCK = 1 << 14

State: TypeAlias = tuple[int, ...]
Word: TypeAlias = type[np.unsignedinteger]


class OutOfBudget(Exception):
    """Raised inside the engine only; `Search` ends with `cut` set."""


@dataclass
class Search:
    """The reachable states, as far as they were explored. `cut`: why not all were ("" if all were).

    `transitions` counts, for each state whose successors were made, every move that is possible there. `most`: with
    more states than this it is cut.
    """

    layout: Layout
    moves: Moves
    symmetry: Symmetry
    budget: Budget
    most: int | None = None
    levels: list[Words] = field(default_factory=list)
    transitions: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    cut: str = ""
    peak_bytes: int = 0

    def __post_init__(self) -> None:
        self._started = time.monotonic()
        self._visited = Visited(self.layout.words, self.layout.narrow)
        self._dtype: Word = np.uint32 if self.layout.narrow else np.uint64
        first = self._one(self.layout.initial())
        self._visited.add(first)
        self.levels.append(first)

    @property
    def states(self) -> int:
        return sum(len(level[0]) for level in self.levels)

    @property
    def depth(self) -> int:
        return len(self.levels) - 1

    def find(self, goal: Condition | None) -> tuple[int, int] | None:
        """Explores until a level has a state where `goal` holds: the level and a place in it. None: all was explored
        (or `cut` says why not).
        """
        cpu = time.process_time()
        try:
            while True:
                at = self.first(self.depth, goal) if goal is not None else None
                if at is not None:
                    return self.depth, at
                following = self._following(self.levels[-1])
                if not len(following[0]):
                    return None
                self.levels.append(following)
        except OutOfBudget as spent:
            self.cut = str(spent)
            return None
        finally:
            self.seconds = time.monotonic() - self._started
            self.cpu_seconds += time.process_time() - cpu

    def first(self, depth: int, goal: Condition) -> int | None:
        """The place of a state at this depth where `goal` holds: the least such state, so that runs are repeatable."""
        best: tuple[State, int] | None = None
        for begin, block in self.blocks(depth):
            found = goal(block)
            if found is False:
                continue
            places = np.arange(block.size) if found is True else np.flatnonzero(found)
            if len(places):
                order = np.lexsort([word.take(places) for word in block.words])
                at = int(places[order[0]])
                state = tuple(int(word[at]) for word in reversed(block.words))
                best = min(best or (state, begin + at), (state, begin + at))
        return None if best is None else best[1]

    def blocks(self, depth: int) -> Iterator[tuple[int, Block]]:
        """A level in pieces, each with the place where it begins."""
        level = self.levels[depth]
        for begin in range(0, len(level[0]), _BLOCK):
            yield begin, Block([word[begin : begin + _BLOCK] for word in level])

    def state(self, depth: int, place: int) -> State:
        return tuple(int(word[place]) for word in self.levels[depth])

    def block_of(self, state: State) -> Block:
        """One state as a block."""
        return Block(self._one(state))

    def _following(self, level: Words) -> Words:
        """The new states that the moves of a level lead to."""
        found: list[Words] = []
        for _, block in self.blocks(self.depth):
            self._look()
            moved = [m for move in self.moves.all if (m := move.from_(block)) is not None]
            if not moved:
                continue
            self.transitions += sum(len(at) for at, _ in moved)
            states = self.symmetry(_joined([words for _, words in moved]))
            self._reserve(len(states[0]), found)
            new = self._visited.add(states)
            if len(new):
                found.append([word.take(new) for word in states])
                if self.most is not None and self._visited.count > self.most:
                    raise OutOfBudget(f"the limit of {self.most:,} states was reached")
        if not found:
            return [np.empty(0, self._dtype) for _ in level]
        return _joined(found)

    def _reserve(self, more: int, found: list[Words]) -> None:
        """Room for `more` states, within the budget of memory."""
        width = np.dtype(self._dtype).itemsize * self.layout.words
        held = (self._visited.count + more) * width * 2 + self._visited.bytes_after(more)
        self.peak_bytes = max(self.peak_bytes, held)
        if held > self.budget.memory_mb << 20:
            raise OutOfBudget(f"the memory budget of {self.budget.memory_mb} MB ran out")
        self._visited.reserve(more, (*self.levels, *found))

    def _look(self) -> None:
        if time.monotonic() - self._started > self.budget.seconds:
            raise OutOfBudget("the time budget ran out")

    def way(self, depth: int, place: int) -> list[Move]:
        """The moves of a shortest way to a state.

        Backwards first, from level to level; then forwards from the initial state, because with symmetry what stands in
        a level is one of several states that differ only in whose turn it was.
        """
        states = [self.state(depth, place)]
        for above in range(depth - 1, -1, -1):
            states.append(self._parent(above, states[-1]))
        states.reverse()
        return list(self._forwards(states))

    def _parent(self, depth: int, child: State) -> State:
        for begin, block in self.blocks(depth):
            for move in self.moves.all:
                moved = move.from_(block)
                if moved is None:
                    continue
                at, words = moved
                places = _equal(self.symmetry(words), child)
                if len(places):
                    return self.state(depth, begin + int(at[places[0]]))
        raise AssertionError("a state without a parent")

    def _forwards(self, states: list[State]) -> Iterator[Move]:
        here = self._one(states[0])
        for wanted in states[1:]:
            for move in self.moves.all:
                moved = move.from_(Block(here))
                if moved is None:
                    continue
                after = [word.copy() for word in moved[1]]
                if len(_equal(self.symmetry(moved[1]), wanted)):
                    here = after
                    break
            else:
                raise AssertionError("no move leads on")
            yield move

    def _one(self, state: State) -> Words:
        return [np.array([word], self._dtype) for word in state]


def _joined(blocks: list[Words]) -> Words:
    return [np.concatenate(columns) for columns in zip(*blocks, strict=True)]


def states_of(words: Words) -> list[State]:
    """The states of a block one by one."""
    return list(zip(*(word.tolist() for word in words), strict=True))


def _equal(words: Words, state: State) -> np.ndarray:
    same = words[0] == state[0]
    for word, value in zip(words[1:], state[1:], strict=True):
        same &= word == value
    return np.flatnonzero(same)


def search_of(
    system: System,
    budget: Budget,
    *,
    timed: bool,
    symmetry: bool,
    check: Check | None = None,
    most: int | None = None,
) -> Search:
    """A search that has not begun. `symmetry` merges states that differ in an exchange of members only, as far as
    `check` cannot tell them apart. `most`: it is cut when it has more states than this.
    """
    layout = layout_of(system, timed=timed)
    moves = Moves(layout)
    return Search(layout, moves, symmetry_of(layout, check, symmetry), budget, most)
