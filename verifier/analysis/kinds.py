"""Which members a part of a check is asked for: one choice for each kind, since members of a class are interchangeable.

Members of one class differ at most in where they begin (`each N` in an initial state). Exchanging two members together
with everybody that begins at them changes nothing, so a choice is known by its classes, by which of its members are the
same, by who begins at whom, and by how many begin there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from verifier.language.program import CheckTemplate, Each, Literal_, SettingRead
from verifier.system.lower import begins_as
from verifier.system.values import Member, Values

Choice = dict[str, Member]
Signature = tuple[object, ...]


def kinds(values: Values, part: CheckTemplate, *, placed: bool = False) -> list[Choice]:
    """One choice of members for each kind; `placed`: told apart by where members begin, too."""
    places = _Places(values) if placed else None
    chosen: list[Choice] = [{}]
    for parameter in part.parameters:
        longer: dict[Signature, Choice] = {}
        for env in chosen:
            for member in _candidates(values, parameter.type, parameter.cls, env, places):
                made = {**env, parameter.name: member}
                longer.setdefault(_classes(made) if places is None else places.signature(made), made)
        chosen = list(longer.values())
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


def _candidates(
    values: Values, type_name: str, cls: str | None, env: Choice, places: _Places | None
) -> Iterable[Member]:
    for c in values.classes(type_name):
        if cls not in (None, c):
            continue
        taken = [m for m in dict.fromkeys(env.values()) if (m.type, m.cls) == (type_name, c)]
        members = [Member(type_name, c, i) for i in range(values.count(type_name, c))]
        yield from taken
        fresh = (member for member in members if member not in taken)
        yield from fresh if places else [m for m, _ in zip(fresh, (0,), strict=False)]


class _Places:
    """Where the members begin that begin in turn at members of an index type."""

    def __init__(self, values: Values) -> None:
        self.at: dict[tuple[str, Member], Member] = {}
        for machine in values.program.machines.values():
            in_turn = any(isinstance(arg, Each) for pattern, _ in machine.initially for arg in pattern.args)
            if not in_turn or len(machine.parameters) != 1:
                continue
            parameter = machine.parameters[0]
            for member in values.members(parameter.type, parameter.cls):
                pattern = begins_as(values, machine, (member,))
                family = next(f for f in machine.states if f.name == pattern.name)
                for arg, due in zip(pattern.args, family.args, strict=False):
                    if isinstance(arg, Each):
                        self.at[machine.name, member] = values.place(arg, due[1], member)  # type: ignore[arg-type]
        self.there = Counter((name, member.cls, place) for (name, member), place in self.at.items())

    def signature(self, env: Choice, most: int | None = None) -> Signature:
        """`most`: numbers of members at one place are told apart up to this."""
        known = dict.fromkeys(env.values())
        known |= dict.fromkeys(place for (_, member), place in self.at.items() if member in known)
        number = {member: i for i, member in enumerate(known)}
        begins = sorted((name, number[m], number[p]) for (name, m), p in self.at.items() if m in env.values())
        counts = sorted(
            (name, cls, number[p], count if most is None else min(count, most))
            for (name, cls, p), count in self.there.items()
            if p in known
        )
        return (_classes(env), tuple(begins), tuple(counts))


def _classes(env: Choice) -> Signature:
    number = {member: i for i, member in enumerate(dict.fromkeys(env.values()))}
    return tuple((name, member.type, member.cls, number[member]) for name, member in env.items())


def _outlines(values: Values, part: CheckTemplate) -> set[Signature]:
    places = _Places(values)
    return {places.signature(env, most=1) for env in kinds(values, part, placed=True)}


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
