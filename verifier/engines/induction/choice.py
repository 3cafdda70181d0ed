"""Conditions that are settled by choosing somebody of whom there surely is one.

"At every moment some pod is available" says that there is such a pod; nothing is known of it but that, and what lemmas
about one pod say. Where it is, if a machine of it says so, is a second choice. If a condition fails for every choice,
it fails. (Skolem's constants for the existential lemmas; every class and every place is a case of its own.) Where there
is somebody who satisfies something, there is the first who did, of whom more may be known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from verifier.engines.induction.forms import states_of
from verifier.language.program import Boolean, Condition, CountCompare, Lemma, MachineTemplate, Quantified, StatePattern
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.values import Member

if TYPE_CHECKING:
    from verifier.engines.induction.proof import Book

# Ordinals of the members that are chosen; any numbers, as long as they differ from others.
_CHOSEN = 200

# Somebody of a type, and of a class if not None, called by a name in the condition that it satisfies.
Somebody: TypeAlias = tuple[str, str, str | None, Condition]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a machine of the one chosen is, and who else is named thereby."""

    machine: MachineTemplate
    states: frozenset[str]
    named: tuple[Member, ...]


def denied_by_choice(book: Book, condition: Condition) -> tuple[str, ...] | None:
    """The lemmas by which `condition`, which names nobody, never holds; None if no choice shows that."""
    for somebody in _candidates(book, condition):
        used = _denied(book, condition, somebody)
        if used is not None:
            return used
    return None


def _candidates(book: Book, condition: Condition) -> Iterator[Somebody]:
    """Those of whom a lemma says that there is one; and anybody."""
    for lemma in book.proven:
        if lemma.parameters:
            continue
        match lemma.always:
            case CountCompare((term,)) if term.sign > 0:
                yield term.var, term.type, term.cls, term.body
            case Quantified("some", var, type_name, cls, body):
                yield var, type_name, cls, body
    for type_name in book.program.indices:
        yield "(anybody)", type_name, None, Boolean("and", (), condition.span)


def _denied(book: Book, condition: Condition, somebody: Somebody) -> tuple[str, ...] | None:
    var, type_name, cls, body = somebody
    there = book.trees(())
    exists = there.tree(Quantified("some", var, type_name, cls, body, condition.span), {}, ())
    used = there.refuted([ir.neg(exists)], book.proven)
    if used is None:
        return None
    machines = _placing(book, type_name)
    if len(machines) > 1 or any(sum(len(a) == 2 for a in f.args) > 1 for m in machines for f in m.states):
        return None  # two places may be the same one or not
    for one in (Member(type_name, c, _CHOSEN) for c in book.values.classes(type_name) if cls in (None, c)):
        found = _refuted(book, condition, one, machines, _Known(var, body))
        for lemma in book.of_the_first if found is None else ():
            if found is None and (first := _the_first(book, lemma, one, var, body)):
                found = _refuted(book, condition, one, machines, first)
        if found is None:
            return None
        used += found
    return tuple(dict.fromkeys(used))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the one chosen, called `var`; if `lemma` is given, also what that says of it."""

    var: str
    satisfies: Condition
    lemma: Lemma | None = None


def _the_first(book: Book, lemma: Lemma, one: Member, var: str, body: Condition) -> _Known | None:
    """What is known of the first member that satisfies what a lemma is about, if all who are like `one` satisfy it."""
    name, satisfies = lemma.first or ("", body)
    parameter = next(p for p in lemma.parameters if p.name == name)
    if parameter.type != one.type or parameter.cls not in (None, one.cls):
        return None
    trees = book.trees([one])
    unlike = [trees.tree(body, {var: one}, ()), ir.neg(trees.tree(satisfies, {name: one}, ()))]
    return _Known(name, satisfies, lemma) if trees.refuted(unlike, book.proven) is not None else None


def _refuted(
    book: Book, condition: Condition, one: Member, machines: list[MachineTemplate], known: _Known
) -> tuple[str, ...] | None:
    """The lemmas by which `condition` fails wherever `one`, of whom that is known, is; None if it may hold."""
    used: tuple[str, ...] = ()
    everywhere: list[Place | None] = [place for machine in machines for place in _places(book, machine, one)]
    for place in everywhere or [None]:
        trees = book.trees([one, *(place.named if place else ())])
        assumed = [trees.tree(condition, {}, ()), trees.tree(known.satisfies, {known.var: one}, ())]
        if place:
            name = trees.declare(place.machine, (one,))
            assumed.append(ir.In(name, place.states))
        if known.lemma is not None:
            said = [own for own in trees.instances(known.lemma) if own[known.var] == one]
            assumed += [trees.tree(known.lemma.always, own, ()) for own in said]
            used += (known.lemma.name,)
        found = trees.refuted(assumed, book.proven)
        if found is None:
            return None
        used += found
    return used


def _placing(book: Book, type_name: str) -> list[MachineTemplate]:
    """The machines of a single member of the type with states that are named by members."""
    return [
        machine
        for machine in book.program.machines.values()
        if [p.type for p in machine.parameters] == [type_name]
        and any(len(arg) == 2 for family in machine.states for arg in family.args)
    ]


def _places(book: Book, machine: MachineTemplate, one: Member) -> Iterator[Place]:
    """Every place in which the machine of `one` may be: in states that name nobody, or at a member that is chosen."""
    if machine.parameters[0].cls not in (None, one.cls):
        return
    env = {machine.parameters[0].name: one}
    for family in machine.states:
        kind = next((arg[1] for arg in family.args if len(arg) == 2), None)
        classes = book.values.classes(str(kind)) if kind else ()
        chosen: list[Member | None] = [Member(str(kind), c, _CHOSEN + 1) for c in classes] or [None]
        chosen += [one] if kind == one.type else []
        args = tuple("(there)" if len(arg) == 2 else None for arg in family.args)
        for at in chosen:
            named = (at,) if at else ()
            inner = {**env, **({"(there)": at} if at else {})}
            states = states_of(book.values, machine, StatePattern(family.name, args), inner, (one, *named))
            yield Place(machine, frozenset(states), named)
