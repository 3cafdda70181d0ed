"""Where members begin, and who differs in names only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from verifier.language.program import Each, MachineTemplate
from verifier.system.alike import alike
from verifier.system.lower.conditions import Conditions, stays
from verifier.system.values import Member, Values


class Beginning(NamedTuple):
    """What a member has at a place at first, and whether that stays there."""

    name: str
    place: Member
    stays: bool


# For every member.
Beginnings: TypeAlias = Mapping[Member, Sequence[Beginning]]


def beginnings(values: Values) -> Beginnings:
    """Where the machines begin that are at others."""
    conditions = Conditions(values)
    templates = [template for template in values.program.machines.values() if _begins_somewhere(template)]
    everybody = (member for index in values.program.indices for member in values.members(index))
    return {
        member: [one for template in templates for one in _of(conditions, template, member)] for member in everybody
    }


def staying_at(values: Values, own: set[Member]) -> set[Member]:
    """Those with a machine that begins at a member of `own` and stays there."""
    begin = beginnings(values)
    return {member for member, begun in begin.items() if any(one.stays and one.place in own for one in begun)}


def at_several_places(values: Values) -> bool:
    """Whether a member may begin at several places."""
    places = Counter[tuple[str, str]]()
    for template in filter(_begins_somewhere, values.program.machines.values()):
        (parameter,) = template.parameters
        most = max(sum(isinstance(arg, Each) for arg in pattern.args) for pattern, _ in template.initially)
        places.update({(parameter.type, c): most for c in values.classes(parameter.type) if parameter.cls in (None, c)})
    return any(number > 1 for number in places.values())


def told_apart(begin: Beginnings, own: Collection[Member]) -> dict[Member, int]:
    """A number for each member, equal only for those that differ in names only, `own` staying as they are."""
    return alike({member: [(one.name, one.place) for one in begun] for member, begun in begin.items()}, own)


def _begins_somewhere(template: MachineTemplate) -> bool:
    return any(isinstance(arg, Each) for pattern, _ in template.initially for arg in pattern.args)


def _of(conditions: Conditions, template: MachineTemplate, member: Member) -> Iterator[Beginning]:
    (parameter,) = template.parameters
    if member.type == parameter.type and parameter.cls in (None, member.cls):
        pattern, family = conditions.pattern(template, (member,))
        for i, (arg, due) in enumerate(zip(pattern.args, family.args, strict=False)):
            if isinstance(arg, Each):
                place = conditions.values.place(arg, str(due[1]), member)
                yield Beginning(f"{template.name} {family.name} {i}", place, stays(template, family))
