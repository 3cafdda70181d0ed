"""A system with more runs, in which only the check's own members are spelt out.

What depends on others is dropped (verifier/system/relax.py), but for what is known of all of them: one machine in place
of all members that a summary speaks about, and those that begin at the check's own and stay there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from itertools import product

from verifier.language.program import (
    Boolean,
    CheckTemplate,
    Condition,
    CountCompare,
    Duration,
    Lull,
    MachineTemplate,
    Quantified,
    StatePattern,
    Summary,
    ViewTemplate,
)
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.lower.conditions import Conditions, Settled
from verifier.system.lower.instances import instance_name, member, observer, origin, rests_on
from verifier.system.lower.machines import Lowered, Lowering
from verifier.system.lower.places import beginnings, told_apart
from verifier.system.outline import entails, outline
from verifier.system.relax import DROPPED, mentions_dropped, weakened
from verifier.system.relax import relaxed as split
from verifier.system.values import Env, Member, Reads, Values


@dataclass(frozen=True)
class Moves:
    """What a single member may do, as a summary sees it: `pairs` of aspects (0: none, 1, 2), whether it may begin in
    the second, and for how long at least (milliseconds) it stays there before it falls to none. `rests_on`: settings
    behind that.
    """

    pairs: frozenset[tuple[int, int]]
    begins_second: bool
    dwell_ms: int
    rests_on: tuple[str, ...]


# Tells what the members of each class that a summary speaks about may do; None: not known.
Summarised = Callable[[Summary], Mapping[str, Moves] | None]

# Tells, for a condition over many members, another one that holds wherever it does, with its own members; or None.
Implied = Callable[[Condition, Env], tuple[Condition, Env] | None]


def nothing_summarised(summary: Summary) -> None:
    """Without summaries."""


def nothing_implied(condition: Condition, env: Env) -> None:
    """Without what implies more."""


class Relaxed(Lowering):
    """`own`: the members that are spelt out. `near`: among them are all that stay at the check's own."""

    def __init__(
        self,
        values: Values,
        settled: Settled,
        own: set[Member],
        summarised: Summarised = nothing_summarised,
        implied: Implied = nothing_implied,
        *,
        near: bool = False,
        lulls: tuple[Lull, ...] = (),
    ) -> None:
        super().__init__(values, settled)
        self.own, self.summarised, self.implied, self.lulls = own, summarised, implied, lulls
        self.exactly = Conditions(values) if near else None
        self.sized = near

    def run(self, part: CheckTemplate, env: Env, *, whole: bool = False) -> Lowered:
        lowered = super().run(replace(part, covers=()), env, whole=whole)
        any_size = not self.sized and all(self.own.issuperset(m) for m in lowered.members_of.values())
        return replace(lowered, for_any_size=any_size)

    def goal(self, part: CheckTemplate, env: Env) -> ir.Expr:
        return weakened(super().goal(part, env))

    def standing_for(self, step: ir.Step) -> Iterable[ir.Step]:
        return split(step)

    def in_state(
        self, template: MachineTemplate, members: tuple[Member, ...], patterns: Iterable[StatePattern], env: Env
    ) -> ir.Expr:
        if not all(m.spelt_out for m in members):
            return DROPPED
        sure: list[StatePattern] = []
        vague: list[StatePattern] = []  # being at one of the others, but at which one is not told
        for pattern in patterns:
            named = all(member(env, arg).spelt_out for arg in pattern.args if isinstance(arg, str))
            (sure if named else vague).append(pattern)
        surely = super().in_state(template, members, sure, env)
        if not vague:
            return surely
        return ir.disj([surely, ir.conj([super().in_state(template, members, vague, env), DROPPED])])

    def seen(self, template: ViewTemplate, members: tuple[Member, ...], body: Condition, env: Env) -> ir.Expr:
        spelt_out = all(m.spelt_out for m in members)
        return super().seen(template, members, body, env) if spelt_out else DROPPED

    def called(self, name: str, env: Env) -> ir.Expr:
        together = self._together(name, env)
        return super().called(name, env) if together is None else together

    def over_many(self, condition: Quantified | CountCompare, env: Env) -> ir.Expr:
        found = super().over_many(condition, env)
        more = self.implied(condition, env) if mentions_dropped(found) else None
        return found if more is None else ir.conj([found, self.condition(*more)])

    def quantified(self, condition: Quantified, env: Env) -> ir.Expr:
        own = super().quantified(condition, env)
        if condition.kind == "some":
            return ir.disj([own, self._others(condition.body, condition, env)])
        unlike = Boolean("not", (condition.body,), condition.span)
        return ir.conj([own, ir.neg(self._others(unlike, condition, env))])

    def counted(self, condition: CountCompare, env: Env) -> ir.Expr:
        return DROPPED

    def everybody(self, type_name: str, cls: str | None = None) -> list[Member]:
        own = (m for m in self.own if m.type == type_name and cls in (None, m.cls))
        return sorted(own, key=lambda m: (m.cls, m.ordinal))

    def range_of(self, arg: tuple[str, int, int] | tuple[str, str]) -> list[int | Member]:
        if len(arg) == 3:
            return super().range_of(arg)
        others = (Member(arg[1], cls, -1) for cls in self.values.classes(arg[1]))
        return [*self.everybody(arg[1]), *others]

    def place(self, place: Member) -> Member:
        return place if place in self.own else replace(place, ordinal=-1)

    # -- summaries -----------------------------------------------------------------------------------------------------

    def _together(self, let: str, env: Env) -> ir.Expr | None:
        """A state of a summary: of the check's own members as it is, of all others read from the machine that stands
        for them; None if there is none.
        """
        name, _, state = let.partition(" is ")
        summary = self.program.summaries.get(name) if state else None
        members = tuple(m for m in env.values() if isinstance(m, Member))
        if summary is None or not all(m.spelt_out for m in members):
            return None
        moves = self.summarised(summary)
        if moves is None:
            return None
        aspects = [when for _, when, _ in summary.aspects]
        classes = (c for c in moves if not self._elsewhere(aspects, summary.var, summary.type, c, env))
        others = [self._stand_in(summary, cls, members, env, moves[cls]) for cls in classes]
        before: list[ir.Expr] = []
        for aspect, when, _ in summary.aspects:
            own = [self.condition(when, {**env, summary.var: m}) for m in self.everybody(summary.type)]
            some = ir.disj([*own, *(ir.In(machine, frozenset({aspect})) for machine in others)])
            if aspect == state:
                return ir.conj([*map(ir.neg, before), some])
            before.append(some)
        return ir.conj(map(ir.neg, before))

    def _stand_in(self, summary: Summary, cls: str, members: tuple[Member, ...], env: Env, moves: Moves) -> str:
        """The machine for all members of a class that are not the check's own, and its name.

        Beside own ones there may be others at the start or not, in some topology: then it begins as if there were none,
        and may take some for there at any time.
        """
        machine = f"{instance_name(summary.name, members)} {cls}"
        if machine in self.machines:
            return machine
        states = ("none", *(state for state, _, _ in summary.aspects))
        arrows = [(states[a], states[b], least) for a, b, least in together(moves)]
        if self.everybody(summary.type, cls):
            arrows += [("nobody yet", state, 0) for state in states[1:]]
            self.machines[machine] = ir.Machine(machine, ("nobody yet", *states), "nobody yet")
        else:
            somebody = (
                Quantified("some", summary.var, summary.type, cls, when, summary.span) for _, when, _ in summary.aspects
            )
            found = (s for s, some in zip(states[1:], somebody, strict=True) if self.begins(some, env))
            self.machines[machine] = ir.Machine(machine, states, next(found, "none"))
        self.members_of[machine] = members
        busy = ir.conj(self._no_lull(summary, cls, members))
        self.steps[machine] = [
            ir.Step(
                f"{machine}: {a} -> {b}",
                machine,
                a,
                b,
                busy if b == states[1] and a != "nobody yet" else ir.TRUE,
                least,
                None,
                origin(summary.span),
                moves.rests_on if least else (),
                f"{machine} is {b}",
            )
            for a, b, least in arrows
        ]
        return machine

    def _no_lull(self, summary: Summary, cls: str, members: tuple[Member, ...]) -> Iterator[ir.Expr]:
        """That it is no time in which nobody of a class joins a summary of `members`, as far as the check's own members
        tell. The machine that measures this time disturbs nobody, so every run has one with it."""
        for lull in self.lulls:
            if lull.summary != summary.name or lull.joiner.cls not in (None, cls):
                continue
            joiner = {lull.joiner.name: Member(summary.type, cls, 0)}
            for chosen in product(*(self.everybody(p.type, p.cls) for p in lull.parameters)):
                env = dict(zip((p.name for p in lull.parameters), chosen, strict=True))
                since = self.condition(lull.since, env)
                if tuple(env[name] for name in lull.index) != members or mentions_dropped(since) or since == ir.FALSE:
                    continue
                reads = Reads()
                by = self.values.evaluate(lull.by, {**env, **joiner}, reads)
                assert isinstance(by, Duration)
                name = instance_name(f"{lull.name} {cls}", chosen)
                watch, step = observer(name, since, by.ms, by.ms, origin(lull.span), rests_on(reads))
                self.machines[name], self.steps[name], self.members_of[name] = watch, [step], chosen
                yield ir.neg(ir.conj([ir.In(name, frozenset({"yes"})), since]))

    # -- others --------------------------------------------------------------------------------------------------------

    def _elsewhere(self, conditions: list[Condition], var: str, type_name: str, cls: str | None, env: Env) -> bool:
        """Nobody but the check's own members can ever satisfy one of `conditions`, because of where the others stay."""
        if self.exactly is None:
            return False
        exactly, others = self.exactly, self._others_like(type_name, cls)
        return all(exactly.condition(c, {**env, var: other}) == ir.FALSE for other in others for c in conditions)

    def _others(self, wanted: Condition, condition: Quantified, env: Env) -> ir.Expr:
        """That somebody else satisfies `wanted`: dropped, but for what a summary says of all of them together."""
        if self.exactly is None:
            return DROPPED
        told = []
        for other in self._others_like(condition.type, condition.cls):
            exact = self.exactly.condition(wanted, {**env, condition.var: other})
            told.append(outline(exact, partial(self._told, self.exactly, other)))
        return ir.conj([DROPPED, ir.disj(told)])

    def _others_like(self, type_name: str, cls: str | None) -> Iterator[Member]:
        """One of the others for each that differ in more than names."""
        seen: set[int] = set()
        for other in self.values.members(type_name, cls):
            if other not in self.own and self._alike[other] not in seen:
                seen.add(self._alike[other])
                yield other

    @cached_property
    def _alike(self) -> dict[Member, int]:
        """Equal numbers for members that differ in names only, the check's own staying as they are."""
        return told_apart(beginnings(self.values), self.own)

    def _told(self, exactly: Conditions, other: Member, expr: ir.Expr) -> ir.Expr:
        """What the machines that stand for many say, if `expr` is so of `other`."""
        found = []
        for summary in self.program.summaries.values():
            moves = self.summarised(summary) if summary.type == other.type else None
            if moves is None:
                continue
            for members in product(*(self.everybody(p.type, p.cls) for p in summary.parameters)):
                outer = dict(zip((p.name for p in summary.parameters), members, strict=True))
                aspects = [exactly.condition(when, {**outer, summary.var: other}) for _, when, _ in summary.aspects]
                told = next((i for i, aspect in enumerate(aspects) if entails(expr, aspect)), None)
                if told is not None:
                    machine = self._stand_in(summary, other.cls, members, outer, moves[other.cls])
                    found.append(ir.In(machine, frozenset(state for state, _, _ in summary.aspects[: told + 1])))
        return ir.conj(found)


def together(moves: Moves) -> Iterator[tuple[int, int, int]]:
    """What members that may do `moves` each do together, with the least time: the summary is in the first aspect that
    some member is in.

    Together they come to the second aspect from the first when the last member leaves that, to the second or while
    another one is there. If no member falls from the first to none or comes from none to the second, that last member
    is now in the second, for its dwell; so is everybody who begins there.
    """
    pairs = moves.pairs
    if (0, 1) in pairs:
        yield 0, 1, 0
    if (0, 2) in pairs:
        yield 0, 2, 0
    if (1, 2) in pairs or ((1, 0) in pairs and ((0, 2) in pairs or moves.begins_second)):
        yield 1, 2, 0
    if (1, 0) in pairs:
        yield 1, 0, 0
    if (0, 1) in pairs or (2, 1) in pairs:
        yield 2, 1, 0
    if (2, 0) in pairs:
        yield 2, 0, 0 if {(1, 0), (0, 2)} & pairs else moves.dwell_ms
