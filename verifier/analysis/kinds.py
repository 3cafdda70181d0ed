"""Which members a part of a check is asked for: one choice for each kind, since members of a class are interchangeable.

Members of one class differ at most in where they begin (`each N` in an initial state). Which of them may be exchanged
while those that were chosen before stay as they are is told by who begins at whom (verifier/system/alike.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.language.program import CheckTemplate, Each, Literal_, Parameter, SettingRead
from verifier.system.lower import Beginning, beginnings, told_apart
from verifier.system.values import Member, Values

Choice = dict[str, Member]
Signature = tuple[object, ...]


def kinds(values: Values, part: CheckTemplate, *, placed: bool = False) -> list[Choice]:
    """One choice of members for each kind; `placed`: told apart by where members begin, too."""
    chosen: list[Choice] = [{}]
    for parameter in part.parameters:
        chosen = [
            {**env, parameter.name: member} for env in chosen for member in _candidates(values, parameter, env, placed)
        ]
    return chosen


def alike(choice: Choice, other: Choice) -> bool:
    """The same but for where members begin."""
    return _classes(choice) == _classes(other)


def has_every_kind(values: Values, part: CheckTemplate, *, placed: bool) -> bool:
    """Does this topology have every kind of choice that a larger one would have?"""
    types = [parameter.type for parameter in part.parameters]
    counts = {t: min(values.count(t, cls) for cls in values.classes(t)) for t in types}
    if any(types.count(t) > count for t, count in counts.items()):
        return False
    return not placed or _outlines(values, part) >= _outlines(_roomy(values), part)


def _candidates(values: Values, parameter: Parameter, env: Choice, placed: bool) -> Iterator[Member]:
    """Those that were chosen before, and one of the others for each kind."""
    taken = dict.fromkeys(env.values())
    number = told_apart(values, taken) if placed else {}
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
    return {_outline(begin, there, env) for env in kinds(values, part, placed=True)}


def _outline(begin: dict[Member, list[Beginning]], there: set[tuple[str, str, Member]], env: Choice) -> Signature:
    chosen = dict.fromkeys(env.values())
    known = chosen | dict.fromkeys(one.place for member in chosen for one in begin[member])
    number = {member: i for i, member in enumerate(known)}
    begun = sorted((one.name, number[member], number[one.place]) for member in chosen for one in begin[member])
    somebody = sorted((name, cls, number[place]) for name, cls, place in there if place in known)
    return (_classes(env), tuple(begun), tuple(somebody))


def _roomy(values: Values) -> Values:
    """A topology with every kind of choice: some at the same place, some not, and a place where nobody begins."""
    targets = {
        due[1]
        for machine in values.program.machines.values()
        for pattern, _ in machine.initially
        for arg, due in zip(pattern.args, next(f.args for f in machine.states if f.name == pattern.name), strict=False)
        if isinstance(arg, Each)
    }
    wide = {
        size.path
        for target in targets
        for _, size in values.program.indices[str(target)].classes
        if isinstance(size, SettingRead)
    }
    pinned = {
        path: Literal_(3 if path in wide else 2, values.program.settings[path].span) for path in values.program.sizes()
    }
    return Values(values.program, typical=values.typical, pinned={**values.pinned, **pinned})


__all__ = ["alike", "has_every_kind", "kinds"]
