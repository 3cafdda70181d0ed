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
    colours = _refined(begun, start)
    if not _has_circle(begun, fixed):
        return colours
    found: dict[Member, int] = {}
    first: list[list[Member]] = []
    for member in begun:
        order = _ordered(begun, colours, member)
        found[member] = next((i for i, other in enumerate(first) if _renames(begun, colours, other, order)), len(first))
        if found[member] == len(first):
            first.append(order)
    return found


def _refined(begun: Begun, colours: Colours) -> Colours:
    """Finer colours: equal for members that begin at equal ones, with equal ones beginning there (colour refinement).
    They do not depend on names."""
    there: dict[Member, list[tuple[str, Member]]] = {}
    for member, places in begun.items():
        for name, place in places:
            there.setdefault(place, []).append((name, member))
    before, count = 0, len(set(colours.values()))
    while before < count:
        look()
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
        before, count = count, len(number)
    return colours


def _has_circle(begun: Begun, fixed: Collection[Member]) -> bool:
    """Whether members that are not `fixed`, each joined to where it begins, form a circle."""
    up = {member: member for member in begun}

    def top(member: Member) -> Member:
        while up[member] != member:
            member = up[member]
        return member

    for member, places in begun.items():
        for _, place in places:
            if member in fixed or place in fixed:
                continue
            one, other = top(member), top(place)
            if one == other:
                return True
            up[one] = other
    return False


def _ordered(begun: Begun, colours: Colours, member: Member) -> list[Member]:
    """All members, `member` first, in an order that is found by their colours: of those with the same one some member
    is taken before the others, until no two have the same."""
    colours = _refined(begun, {**colours, member: -1})
    while len(many := Counter(colours.values())) < len(colours):
        shared = min(colour for colour, number in many.items() if number > 1)
        one = next(m for m, colour in colours.items() if colour == shared)
        twice = {m: 2 * colour for m, colour in colours.items()}  # leaves a number free before each
        colours = _refined(begun, {**twice, one: 2 * shared - 1})
    return sorted(colours, key=colours.__getitem__)


def _renames(begun: Begun, colours: Colours, order: list[Member], other: list[Member]) -> bool:
    """Whether to rename the one order to the other changes nothing: neither colours nor who begins where."""
    named = dict(zip(order, other, strict=True))
    return all(
        colours[m] == colours[named[m]] and [(name, named[place]) for name, place in places] == list(begun[named[m]])
        for m, places in begun.items()
    )
