"""`following`: the phases of two lemmas of which the one shows the other (verifier/analysis/watches.py says how)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.conditions import Conditions
from verifier.language.scope import IndexVariable, Scope, World
from verifier.records import dataclass


@dataclass(frozen=True, slots=True)
class _AtMost:
    """That fewer than `too_many` members are `what`; `premise`: under what that is said."""

    premise: p.Static | None
    member: p.Parameter
    too_many: p.Static
    what: p.Condition


def phases(world: World, checker: Conditions, node: s.Following, late: p.Lemma) -> p.Phases | None:
    """The phases of the lemma `late` and the one that it follows; None if that is a mistake, which is then reported."""
    name, second = node.lemma.text, _at_most(late)
    by = checker.static(node.by, _scope(second, node), "duration")
    if name not in world.lemmas:
        world.report.unknown("HL201", node.lemma.span, "no lemma before this one is called", name, world.lemmas)
        return None
    first = _at_most(world.lemmas[name])
    if first and second and first.member == second.member:
        *begun, end = _parts(first.what)
        over = _parts(second.what)[0]
        if begun and isinstance(end, p.Boolean) and end.op == "not" and _same(end.args[0], over):
            since = p.Boolean("and", tuple(begun), end.span)
            alike = _same(first.too_many, second.too_many)
            too_many = None if alike else (first.too_many, second.too_many)
            return p.Phases(name, first.premise, first.member, since, over, second.what, by, too_many)
    if not world.report.damaged and not world.report.incomplete:
        what = f"`{late.name}` does not count who is over what `{name}` counts"
        fix = f"count x: T (A and not B) <= N in `{name}`, count x: T (B and C) <= M in `{late.name}`"
        world.report.add("HL316", node.span, what, fix=fix)
    return None


def _scope(counted: _AtMost | None, node: s.Following) -> Scope:
    """How long the phase takes may depend on the class that is counted. It is one time for all who are."""
    if counted is None or counted.member.cls is None:
        return Scope()
    member = counted.member
    return Scope().bind(member.name, IndexVariable(member.type, member.cls, node.span))


def _at_most(lemma: p.Lemma) -> _AtMost | None:
    premise, said = None, lemma.always
    if isinstance(said, p.Boolean) and said.op == "implies" and isinstance(said.args[0], p.When):
        premise, said = said.args[0].value, said.args[1]
    match said:
        case p.Boolean("not", (p.CountCompare((p.Counted(1, var, type_name, cls, body),), bound),)):
            return _AtMost(premise, p.Parameter(var, type_name, cls), bound, body)
    return None


def _parts(condition: p.Condition) -> tuple[p.Condition, ...]:
    return condition.args if isinstance(condition, p.Boolean) and condition.op == "and" else (condition,)


def _same(one: object, other: object) -> bool:
    """Equal but for where they are written."""
    if type(one) is not type(other):
        return False
    if isinstance(one, p.Span):
        return True
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if is_dataclass(one):
        return all(_same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return one == other
