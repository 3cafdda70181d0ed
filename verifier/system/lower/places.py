"""Where members begin, and who differs in names only."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.language.program import Each, MachineTemplate
from verifier.system.alike import alike
from verifier.system.lower.conditions import Conditions, stays
from verifier.system.values import Member, Values


def staying_at(values: Values, own: set[Member]) -> set[Member]:
    """Those with a machine that begins at a member of `own` and stays there."""
    conditions = Conditions(values)
    return {m for m in _everybody(values) if any(stay and own.intersection(at) for stay, at in _begins(conditions, m))}


def told_apart(conditions: Conditions, own: set[Member]) -> dict[Member, int]:
    """A number for each member, equal for those that differ in names only, `own` staying as they are."""
    values = conditions.values
    templates = values.program.machines.values()
    if any(_begins_somewhere(template) and len(template.parameters) != 1 for template in templates):
        return {m: number for number, m in enumerate(_everybody(values))}
    at = {m: [place for _, places in _begins(conditions, m) for place in places] for m in _everybody(values)}
    return alike(at, own)


def _everybody(values: Values) -> Iterator[Member]:
    return (member for index in values.program.indices for member in values.members(index))


def _begins_somewhere(template: MachineTemplate) -> bool:
    return any(isinstance(arg, Each) for pattern, _ in template.initially for arg in pattern.args)


def _begins(conditions: Conditions, member: Member) -> Iterator[tuple[bool, list[Member]]]:
    """For each machine of a member that is at others: whether it stays where it begins, and where that is."""
    for template in conditions.program.machines.values():
        named = any(len(arg) == 2 for family in template.states for arg in family.args)
        if not named or len(template.parameters) != 1:
            continue
        (parameter,) = template.parameters
        if member.type == parameter.type and parameter.cls in (None, member.cls):
            pattern, family = conditions.pattern(template, (member,))
            each = [(a, due[1]) for a, due in zip(pattern.args, family.args, strict=False) if isinstance(a, Each)]
            yield stays(template, family), [conditions.values.place(arg, str(due), member) for arg, due in each]
