"""Where each part of a state stands in its packed form: bit fields in as few machine words as the system needs.

A field is a machine's state, one machine in a view's copy (nested views hold copies of copies), or a clock. Fields do
not cross words. Machines that the same views copy stand together, and every copy keeps their order, so that a refresh
moves a whole stretch of bits at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from verifier.system.copies import Path, copies
from verifier.system.ir import Expr, Machine, Step, System

# One bit of the first word stays free: the set of visited states marks its places with it.
_FIRST_BITS, _BITS, _NARROW_BITS = 63, 64, 31


@dataclass(frozen=True, slots=True)
class Field:
    """`width` bits of word `word`, from bit `shift` up."""

    word: int
    shift: int
    width: int

    @property
    def mask(self) -> int:
        return ((1 << self.width) - 1) << self.shift

    def of(self, state: tuple[int, ...]) -> int:
        """The number that the field holds."""
        return (state[self.word] & self.mask) >> self.shift


@dataclass(frozen=True, slots=True)
class Group:
    """Steps of one source and one guard: enabled together, so one clock serves them all.

    A self-loop restarts its own clock and no other, so it is a group of its own. `top`: the clock stands still there,
    because time may not pass it or nothing asks whether it did.
    """

    machine: str
    source: str
    guard: Expr
    steps: tuple[Step, ...]
    top: int


@dataclass(frozen=True)
class Layout:
    """`clock` is the field of a group's clock (by the group's place in `groups`) or of a view's; absent where no bound
    asks for one. Clocks of one machine share fields: only the groups of its present source run.
    """

    system: System
    timed: bool
    words: int
    bits: int
    at: dict[Path, Field]
    groups: tuple[Group, ...]
    clock: dict[int | str, Field]
    value: dict[str, dict[str, int]]

    @property
    def narrow(self) -> bool:
        """A state fits into half a word."""
        return self.bits <= _NARROW_BITS

    @cached_property
    def group_of(self) -> dict[str, int]:
        """The group of each step, by the step's name."""
        return {step.name: i for i, group in enumerate(self.groups) for step in group.steps}

    def initial(self) -> tuple[int, ...]:
        """Every machine in its initial state, every copy up to date, every clock at 0."""
        words = [0] * self.words
        for path, field in self.at.items():
            machine = self.system.machine[path[-1]]
            words[field.word] |= self.value[machine.name][machine.initial] << field.shift
        return tuple(words)

    def read(self, state: tuple[int, ...], path: Path) -> str:
        """The machine state that a field holds."""
        field = self.at[path]
        return self.system.machine[path[-1]].states[field.of(state)]


def groups_of(system: System) -> Iterator[Group]:
    """The steps by source and guard. Guards are compared as objects first: lowering shares them."""
    for machine in system.machines:
        found: dict[tuple[str, Expr, str], list[Step]] = {}
        for step in system.steps_of[machine.name]:
            own = step.name if step.source == step.target else ""
            found.setdefault((step.source, step.guard, own), []).append(step)
        for (source, guard, _), steps in found.items():
            finite = [step.hi for step in steps if step.hi is not None]
            yield Group(machine.name, source, guard, tuple(steps), min(finite, default=max(s.lo for s in steps)))


def layout_of(system: System, *, timed: bool) -> Layout:
    """Assigns the fields, the widest blocks of copies as they come; clocks last."""
    packer = _Packer()
    held = [(view, path) for view in system.views for path in copies(system, view)]
    order = {machine.name: i for i, machine in enumerate(_ordered(system, [path for _, path in held]))}
    at: dict[Path, Field] = {}
    for name in order:
        at[name,] = packer.field(_width(len(system.machine[name].states) - 1))
    for view in system.views:
        for path in sorted((path for owner, path in held if owner is view), key=lambda p: (p[:-1], order[p[-1]])):
            at[path] = packer.field(at[path[-1:]].width)
    groups = tuple(groups_of(system))
    clock = _clocks(system, groups, packer) if timed else {}
    value = {machine.name: {state: i for i, state in enumerate(machine.states)} for machine in system.machines}
    return Layout(system, timed, packer.word + 1, packer.bits, at, groups, clock, value)


def _ordered(system: System, held: list[Path]) -> list[Machine]:
    """Machines that the same views copy next to each other."""
    holders: dict[str, list[Path]] = {machine.name: [] for machine in system.machines}
    for path in held:
        holders[path[-1]].append(path[:-1])
    return sorted(system.machines, key=lambda machine: sorted(holders[machine.name]), reverse=True)


def _clocks(system: System, groups: tuple[Group, ...], packer: _Packer) -> dict[int | str, Field]:
    found: dict[int | str, Field] = {}
    for machine in system.machines:
        places: dict[str, list[int]] = {}
        for i, group in enumerate(groups):
            if group.machine == machine.name and group.top > 0:
                places.setdefault(group.source, []).append(i)
        for indices in places.values():
            indices.sort(key=lambda i: groups[i].top, reverse=True)
        for rank in range(max(map(len, places.values()), default=0)):
            sharing = [indices[rank] for indices in places.values() if rank < len(indices)]
            field = packer.field(_width(max(groups[i].top for i in sharing)))
            found |= dict.fromkeys(sharing, field)
    for view in system.views:
        if view.stale:
            found[view.name] = packer.field(_width(view.stale))
    return found


def _width(largest: int) -> int:
    return largest.bit_length()


class _Packer:
    """Hands out bits, word after word."""

    def __init__(self) -> None:
        self.word, self.bits, self._used = 0, 0, 0

    def field(self, width: int) -> Field:
        if self._used + width > (_FIRST_BITS if self.word == 0 else _BITS):
            self.word, self._used = self.word + 1, 0
        found = Field(self.word, self._used, width)
        self._used += width
        self.bits = self.word * _BITS + self._used
        return found
