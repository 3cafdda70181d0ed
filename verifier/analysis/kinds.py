"""Which members a part of a check is asked for: one choice for each kind, since members of a class are interchangeable.

Members of one class differ at most in where they begin (`each N` in an initial state). Which of them may be exchanged
while those that were chosen before stay as they are is told by who begins at whom (verifier/system/alike.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from verifier.language.program import CheckTemplate, Literal_, Parameter
from verifier.system.lower import Beginnings, at_several_places, beginnings, told_apart
from verifier.system.values import Member, Values

Choice = dict[str, Member]
Signature = tuple[object, ...]

# With so many members of a type more than a part asks for there is every kind: a place with somebody, and one without.
_MORE = 2


def kinds(values: Values, part: CheckTemplate, *, placed: bool = False) -> list[Choice]:
    """One choice of members for each kind; `placed`: told apart by where members begin, too."""
    return _kinds(values, part, beginnings(values) if placed else None)


def _kinds(values: Values, part: CheckTemplate, begin: Beginnings | None) -> list[Choice]:
    chosen: list[Choice] = [{}]
    for parameter in part.parameters:
        chosen = [
            {**env, parameter.name: member} for env in chosen for member in _candidates(values, parameter, env, begin)
        ]
    return chosen


def alike(choice: Choice, other: Choice) -> bool:
    """The same but for where members begin."""
    return _classes(choice) == _classes(other)


def has_every_kind(values: Values, part: CheckTemplate, *, placed: bool) -> bool:
    """Does this topology have every kind of choice that another one would have?"""
    types = [parameter.type for parameter in part.parameters]
    counts = {t: min(values.count(t, cls) for cls in values.classes(t)) for t in types}
    if any(types.count(t) > count for t, count in counts.items()):
        return False
    if not placed:
        return True
    if at_several_places(values):  # of which an outline does not tell whether it is the same member
        return False
    here = _outlines(values, part)
    return all(_outlines(other, part) <= here for other in _others(values, len(part.parameters) + _MORE))


def _candidates(values: Values, parameter: Parameter, env: Choice, begin: Beginnings | None) -> Iterator[Member]:
    """Those that were chosen before, and one of the others for each kind."""
    taken = dict.fromkeys(env.values())
    number = {} if begin is None else told_apart(begin, taken)
    for cls in values.classes(parameter.type):
        if parameter.cls in (None, cls):
            yield from (member for member in taken if (member.type, member.cls) == (parameter.type, cls))
            fresh = (member for member in values.members(parameter.type, cls) if member not in taken)
            first: dict[int | None, Member] = {}
            for member in fresh:
                first.setdefault(number.get(member), member)
            yield from first.values()


def _classes(env: Choice) -> Signature:
    number = {member: i for i, member in enumerate(dict.fromkeys(env.values()))}
    return tuple((name, member.type, member.cls, number[member]) for name, member in env.items())


def _outlines(values: Values, part: CheckTemplate) -> set[Signature]:
    """For each choice: who begins at whom, and at which of these places somebody begins."""
    begin = beginnings(values)
    there = {(one.name, member.cls, one.place) for member, begun in begin.items() for one in begun}
    return {_outline(begin, there, env) for env in _kinds(values, part, begin)}


def _outline(begin: Beginnings, there: set[tuple[str, str, Member]], env: Choice) -> Signature:
    chosen = dict.fromkeys(env.values())
    known = chosen | dict.fromkeys(one.place for member in chosen for one in begin[member])
    number = {member: i for i, member in enumerate(known)}
    begun = sorted((one.name, number[member], number[one.place]) for member in chosen for one in begin[member])
    somebody = sorted((name, cls, number[place]) for name, cls, place in there if place in known)
    return (_classes(env), tuple(begun), tuple(somebody))


def _others(values: Values, most: int) -> Iterator[Values]:
    """The topologies with up to so many members of each kind."""
    settings = values.program.settings
    sizes = values.program.sizes()
    for chosen in product(range(1, most + 1), repeat=len(sizes)):
        pinned = {path: Literal_(n, settings[path].span) for path, n in zip(sizes, chosen, strict=True)}
        yield Values(values.program, typical=values.typical, pinned={**values.pinned, **pinned})


__all__ = ["alike", "has_every_kind", "kinds"]
