"""Members that differ in names only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from verifier.system.values import Member


def alike(begins_at: Mapping[Member, Sequence[tuple[str, Member]]], own: Collection[Member]) -> dict[Member, int]:
    """A number for each member, equal for those that may be exchanged while `own` ones stay as they are.

    `begins_at`: for every member the names of what it has somewhere, and where. Members of a class differ in that, and
    in who begins at them; and so on, until that tells no more of them apart (colour refinement).
    """
    there: dict[Member, list[tuple[str, Member]]] = {}
    for member, places in begins_at.items():
        for name, place in places:
            there.setdefault(place, []).append((name, member))
    numbers: dict[object, int] = {}
    found = {m: numbers.setdefault(m if m in own else (m.type, m.cls), len(numbers)) for m in begins_at}
    count = 0
    while count < len(numbers):
        count, numbers = len(numbers), {}
        told = {
            m: (
                found[m],
                tuple((name, found[place]) for name, place in places),
                tuple(sorted((name, found[other]) for name, other in there.get(m, ()))),
            )
            for m, places in begins_at.items()
        }
        found = {m: numbers.setdefault(told[m], len(numbers)) for m in begins_at}
    return found
