"""The graph itself, for people: its numbers, its states by name, and what surrounds a violation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from verifier.engines.graph.check import cut_text, violation
from verifier.engines.graph.moves import Move
from verifier.engines.graph.search import Search, State, search_of, states_of
from verifier.engines.graph.stops import may_stop, stopped
from verifier.engines.graph.vector import Block, Condition
from verifier.system.ir import Check, System
from verifier.system.run import Budget

# In larger graphs the ways into a state are not counted: each transition would have to be kept.
_TRANSITIONS_MAX = 300_000


@dataclass(frozen=True, slots=True)
class Node:
    """A state: its distance from the initial one in moves, and what every machine, copy and running clock is there.

    A copy is named from the view down, `Rules of Slice of Pod`; a clock by what it delays, in ticks.
    """

    depth: int
    values: tuple[tuple[str, str], ...]
    violating: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """`name` is a step, a view that is refreshed, or "a tick passes"; ends are places in the listing's nodes."""

    source: int
    target: int
    name: str


@dataclass(frozen=True, slots=True)
class Listing:
    """States and moves by name. `cut`: only the first states of so many are here, with the moves between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    cut: int | None


@dataclass(frozen=True, slots=True)
class Explored:
    """The numbers of a graph; of what was explored if `cut` says why that was not all.

    `states` merges what differs in an exchange of `members` only. `out_degrees` and `in_degrees` say how many states
    have so many moves (None: the graph is too large for that). `terminal` states have no step enabled and no view
    behind. `stops`: a cycle in which no tick is ever possible again.
    """

    states: int
    transitions: int
    depth: int
    seconds: float
    cpu_seconds: float
    per_depth: tuple[int, ...]
    out_degrees: dict[int, int] | None
    in_degrees: dict[int, int] | None
    terminal: int
    violating: int
    violating_depth: int | None
    members: tuple[tuple[str, ...], ...]
    bytes_per_state: int
    cut: str
    stops: tuple[str, ...]
    listing: Listing


TICK = "a tick passes"


def explore(
    system: System, check: Check, budget: Budget, *, timed: bool, symmetry: bool, listed: int, around: bool
) -> Explored:
    """Every state of the system as far as `budget` goes. The first `listed` states are listed by name; with `around`
    only those on a shortest way to a violation of `check`.
    """
    open_ = timed and may_stop(system)
    search = search_of(system, budget, timed=timed, symmetry=symmetry and not open_, check=check)
    search.find(None)
    return _Explorer(search, violation(search.moves, check)).explored(open_, listed, around)


class _Explorer:
    """Reads the numbers and names off a finished search."""

    def __init__(self, search: Search, goal: Condition) -> None:
        self.search, self.goal, self.moves = search, goal, search.moves
        self.layout = search.layout
        self.paths = sorted(self.layout.at, key=lambda path: (len(path), path[::-1]))
        self.transitions, self.seconds = search.transitions, search.seconds

    def explored(self, open_: bool, listed: int, around: bool) -> Explored:
        search = self.search
        violating = self._count(self.goal)
        nearest = next((depth for depth, count in enumerate(violating) if count), None)
        small = not search.cut and self.transitions <= _TRANSITIONS_MAX
        kept = self._around(nearest) if around else self._first(listed)
        return Explored(
            states=search.states,
            transitions=self.transitions,
            depth=search.depth,
            seconds=self.seconds,
            cpu_seconds=search.cpu_seconds,
            per_depth=tuple(len(level[0]) for level in search.levels),
            out_degrees=self._out_degrees() if small else None,
            in_degrees=self._in_degrees() if small else None,
            terminal=sum(self._count(self.moves.stuck)),
            violating=sum(violating),
            violating_depth=nearest,
            members=search.symmetry.classes,
            bytes_per_state=round(search.peak_bytes / search.states),
            cut=cut_text(search) if search.cut else "",
            stops=(stopped(search) or ()) if open_ and not search.cut else (),
            listing=self._listing(kept, listed, search.states, around),
        )

    # -- numbers ---------------------------------------------------------------------------------------------------

    def _blocks(self) -> Iterator[tuple[int, Block]]:
        for depth in range(len(self.search.levels)):
            for _, block in self.search.blocks(depth):
                yield depth, block

    def _count(self, condition: Condition) -> list[int]:
        """In how many states of each depth the condition holds."""
        found = [0] * len(self.search.levels)
        for depth, block in self._blocks():
            found[depth] += int(np.count_nonzero(np.broadcast_to(condition(block), block.size)))
        return found

    def _out_degrees(self) -> dict[int, int]:
        found: Counter[int] = Counter()
        for _, block in self._blocks():
            degrees = np.zeros(block.size, np.int64)
            for move in self.moves.all:
                degrees += move.possible(block)
            found.update(degrees.tolist())
        return dict(sorted(found.items()))

    def _in_degrees(self) -> dict[int, int]:
        into: Counter[State] = Counter()
        for _, block in self._blocks():
            for _, _, after in self._moved(block):
                into.update(after)
        found = Counter(into.values())
        found[0] += self.search.states - len(into)
        return {degree: count for degree, count in sorted(found.items()) if count}

    def _moved(self, block: Block) -> Iterator[tuple[Move, list[int], list[State]]]:
        """Each move, where it is possible, and the states it leads to."""
        for move in self.moves.all:
            moved = move.from_(block)
            if moved is not None:
                yield move, moved[0].tolist(), states_of(self.search.symmetry(moved[1]))

    # -- states by name --------------------------------------------------------------------------------------------

    def _first(self, count: int) -> list[list[State]]:
        """The first states, by depth."""
        found = []
        for level in self.search.levels:
            part = states_of([word[:count] for word in level])
            found.append(part)
            count -= len(part)
            if count <= 0:
                break
        return found

    def _around(self, nearest: int | None) -> list[list[State]]:
        """Every state on a shortest way to a violation, by depth."""
        if nearest is None:
            return []
        goals: set[State] = set()
        for _, block in self.search.blocks(nearest):
            places = np.flatnonzero(np.broadcast_to(self.goal(block), block.size))
            goals.update(states_of([word.take(places) for word in block.words]))
        found = [sorted(goals)]
        for depth in range(nearest - 1, -1, -1):
            wanted, parents = set(found[-1]), set()
            for _, block in self.search.blocks(depth):
                for _, at, after in self._moved(block):
                    leading = [i for i, state in zip(at, after, strict=True) if state in wanted]
                    parents.update(states_of([word[leading] for word in block.words]))
            found.append(sorted(parents))
        return found[::-1]

    def _listing(self, kept: list[list[State]], most: int, whole: int, around: bool) -> Listing:
        total = sum(map(len, kept)) if around else whole
        index: dict[State, int] = {}
        nodes = []
        for depth, states in enumerate(kept):
            for state in states[: max(most - len(index), 0)]:
                index[state] = len(index)
                nodes.append(self._node(depth, state))
        edges = []
        for state, source in list(index.items()):
            for move, _, (after,) in self._moved(self.search.block_of(state)):
                target = index.get(after)
                if target is not None and (not around or nodes[target].depth == nodes[source].depth + 1):
                    edges.append(Edge(source, target, TICK if move.tick else move.name))
        return Listing(tuple(nodes), tuple(edges), total if total > len(nodes) else None)

    def _node(self, depth: int, state: State) -> Node:
        values = [(" of ".join(path), self.layout.read(state, path)) for path in self.paths]
        for owner, field in self.layout.clock.items():
            ticks = field.of(state)
            if isinstance(owner, str):
                values += [(f"clock of {owner}", str(ticks))] if ticks else []
                continue
            group = self.layout.groups[owner]
            if ticks and self.layout.read(state, (group.machine,)) == group.source:
                values += [(f"clock of {step.name}", str(ticks)) for step in group.steps]
        holds = self.goal(self.search.block_of(state))
        return Node(depth, tuple(values), bool(holds if isinstance(holds, bool) else holds[0]))
