"""Who may move while a violation is looked for: a few members first, then more, at last all.

With fewer, the question is smaller: machines of all others are constants, or copies of one that moves. A run found so
is one of the whole only if the interpreter says so (verifier/analysis/completion.py, verifier/interpreter.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verifier.records import dataclass
from verifier.system import ir
from verifier.system.lower import Lowered, instance_name
from verifier.system.prune import Renaming, prune
from verifier.system.slice import slice_for
from verifier.system.unnoticed import without_unnoticed
from verifier.system.values import Member


@dataclass(frozen=True, slots=True)
class Stage:
    """Who may move. The others are held still, or, in `lockstep`, do what a free member of their class does."""

    free: tuple[Member, ...]
    lockstep: bool = False

    def frees(self, exact: Lowered) -> bool:
        """May everybody move?"""
        return all(m in self.free for members in exact.members_of.values() for m in members)


def stages(own: list[Member], exact: Lowered) -> Iterator[Stage]:
    """The check's own members, then 1, 2, 4, .. further ones of each class, at last all; after 1, all in lockstep."""
    others: dict[tuple[str, str], list[Member]] = {}
    everyone = {m for members in exact.members_of.values() for m in members}
    for member in sorted(everyone - set(own), key=lambda m: (m.type, m.cls, m.ordinal)):
        others.setdefault((member.type, member.cls), []).append(member)
    most = max(map(len, others.values()), default=0)
    yield Stage(tuple(own))
    count = 1
    while count < 2 * most:
        free = (*own, *(m for members in others.values() for m in members[:count]))
        yield Stage(free)
        if count == 1 and most > 1:
            yield Stage(free, lockstep=True)
        count *= 2


def leaders_of(exact: Lowered, stage: Stage) -> dict[str, str]:
    """For lockstep: the machine that each machine of somebody else does the same as."""
    leader: dict[tuple[str, str], Member] = {}
    for member in stage.free:
        leader.setdefault((member.type, member.cls), member)
    found = {}
    for name in exact.system.machine:
        members = exact.members_of.get(name, ())
        leading = [m if m in stage.free else leader.get((m.type, m.cls), m) for m in members]
        if leading != list(members):
            found[name] = instance_name(name.split("[")[0], leading)
    return {name: other for name, other in found.items() if other in exact.system.machine}


def part_of(exact: Lowered, system: ir.System, stage: Stage, leaders: dict[str, str]) -> ir.System:
    """The system in which only machines of free members (and those without an index) move: an under-approximation.

    `system`: that of `exact`, its conditions perhaps in a shorter form.
    """
    steps = tuple(s for s in system.steps if all(m in stage.free for m in exact.members_of.get(s.machine, ())))
    check, views = system.checks[0], system.views
    if leaders:
        follow = Renaming(leaders)
        steps = tuple(replace(s, guard=follow(s.guard)) for s in steps)
        check = replace(check, when=follow(check.when))
        views = tuple(_with_leaders(view, leaders) for view in views)
    return pruned(replace(system, steps=steps, views=views), check)


def _with_leaders(view: ir.View, leaders: dict[str, str]) -> ir.View:
    """A view of somebody who follows also sees whom he follows."""
    sources = dict.fromkeys((*view.sources, *(leaders[name] for name in view.sources if name in leaders)))
    return view if len(sources) == len(view.sources) else replace(view, sources=tuple(sources))


def pruned(system: ir.System, check: ir.Check) -> ir.System:
    """What the verdict depends on. `ends with` depends on everything: a slice may be stuck where the system is not."""
    small = prune(replace(system, checks=(replace(check, covers=()),)))
    if check.kind == "ends_with":
        return small
    small = slice_for(small, small.checks[0])
    fewer = without_unnoticed(small)
    return small if fewer is small else slice_for(fewer, fewer.checks[0])
