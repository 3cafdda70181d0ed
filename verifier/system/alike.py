"""Members that differ in names only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from verifier.system.patience import look
from verifier.system.values import Member

# For every member the names of what it has somewhere, and where.
Begun: TypeAlias = Mapping[Member, Sequence[tuple[str, Member]]]
Colours = dict[Member, int]


def alike(begun: Begun, own: Collection[Member]) -> dict[Member, int]:
    """A number for each member, equal only for those that may be exchanged while `own` ones stay as they are.

    Members of a class differ in where they begin, and in who begins at them; and so on, until that tells no more of
    them apart. This is all there is to tell in a forest (Immerman and Lander, Describing graphs, 1990). Where members
    begin in a circle, those that it leaves alike are told apart too, unless a renaming shows that they are.
    """
    fixed = {member: number for number, member in enumerate(own)}
    classes = sorted({(m.type, m.cls) for m in begun})
    start = {m: fixed.get(m, len(fixed) + classes.index((m.type, m.cls))) for m in begun}
    told = _refined(begun, start)
    if not _go_round(begun, fixed):
        return told
    found: dict[Member, int] = {}
    first: list[list[Member]] = []
    for member in begun:
        named = _named(begun, told, member)
        found[member] = next((i for i, names in enumerate(first) if _same(begun, told, names, named)), len(first))
        if found[member] == len(first):
            first.append(named)
    return found


def _refined(begun: Begun, colours: Colours) -> Colours:
    """Colours that tell apart all that they tell apart of what begins where (colour refinement); the same for the same,
    whatever its names are."""
    there: dict[Member, list[tuple[str, Member]]] = {}
    for member, places in begun.items():
        for name, place in places:
            there.setdefault(place, []).append((name, member))
    count = 0
    while count < len(set(colours.values())):
        look()
        count = len(set(colours.values()))
        told = {
            member: (
                colours[member],
                tuple((name, colours[place]) for name, place in places),
                tuple(sorted((name, colours[other]) for name, other in there.get(member, ()))),
            )
            for member, places in begun.items()
        }
        number = {one: i for i, one in enumerate(sorted(set(told.values())))}
        colours = {member: number[one] for member, one in told.items()}
    return colours


def _go_round(begun: Begun, fixed: Collection[Member]) -> bool:
    """Whether one comes back to a member by other ways, from those that begin to where they do or against it; by ones
    that are not `fixed`."""
    up = {member: member for member in begun}

    def top(member: Member) -> Member:
        while up[member] != member:
            member = up[member]
        return member

    for member, places in begun.items():
        for place in (place for _, place in places if member not in fixed and place not in fixed):
            one, other = top(member), top(place)
            if one == other:
                return True
            up[one] = other
    return False


def _named(begun: Begun, told: Colours, member: Member) -> list[Member]:
    """All members in an order: `member` first; of those that are still alike then, one after the other comes before."""
    colours = _refined(begun, {**told, member: -1})
    while len(many := Counter(colours.values())) < len(colours):
        shared = min(colour for colour, number in many.items() if number > 1)
        one = next(m for m, colour in colours.items() if colour == shared)
        twice = {m: 2 * colour for m, colour in colours.items()}  # leaves a number free before each
        colours = _refined(begun, {**twice, one: 2 * shared - 1})
    return sorted(colours, key=colours.__getitem__)


def _same(begun: Begun, told: Colours, names: list[Member], others: list[Member]) -> bool:
    """Whether others in place of the names change nothing."""
    other = dict(zip(names, others, strict=True))
    return all(
        told[m] == told[other[m]] and [(name, other[place]) for name, place in places] == list(begun[other[m]])
        for m, places in begun.items()
    )
