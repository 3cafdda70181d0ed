"""Members that may be taken to move in order: only those that nothing tells apart, and then no verdict changes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from oracle import TooLarge, violated

from verifier.analysis import symmetry
from verifier.analysis.symmetry import orders
from verifier.engines import events
from verifier.system.ir import TRUE, And, AtLeast, Check, Expr, In, Machine, Not, Or, Seen, Step, System, View
from verifier.system.lower import Lowered
from verifier.system.run import Answer, Budget
from verifier.system.values import Member

PODS = [Member("Pod", "p", i) for i in range(3)]
NODES = [Member("Node", "n", i) for i in range(3)]
Rows = tuple[tuple[str, ...], ...]


def at(machine: str, *states: str) -> In:
    return In(machine, frozenset(states))


def lowered(system: System) -> Lowered:
    """As if made from templates: names tell whose machine and view it is."""
    members = {member.name: member for member in (*PODS, *NODES)}
    members_of = {}
    for name in (*system.machine, *system.view):
        inside = name.partition("[")[2].rstrip("]")
        members_of[name] = tuple(members[part] for part in inside.split(", ")) if inside else ()
    return Lowered(system, system.checks[0], members_of, False, False)


def ordered(system: System, own: list[Member] | None = None) -> Rows:
    return orders(lowered(system), system, own or [])


def answer(system: System, order: Rows) -> Answer:
    return events.check(system, system.checks[0], Budget(20), best=False, core=False, order=order).answer


# -- by hand -----------------------------------------------------------------------------------------------------------


def plain(count: int = 2) -> System:
    """Everybody goes from a to b; at one moment two are in b."""
    machines = tuple(Machine(f"M[p-{i + 1}]", ("a", "b"), "a") for i in range(count))
    steps = tuple(Step(f"{m.name}!", m.name, "a", "b", TRUE, 1, 3) for m in machines)
    check = Check("c", "never", AtLeast(2, tuple(at(m.name, "b") for m in machines)))
    return System(1000, machines, (), steps, (check,))


def with_step(system: System, number: int, **changes: object) -> System:
    steps = list(system.steps)
    steps[number] = replace(steps[number], **changes)  # type: ignore[arg-type]
    return replace(system, steps=tuple(steps))


def asking(system: System, when: Expr) -> System:
    return replace(system, checks=(Check("c", "never", when),))


ALONE = Machine("alone", ("x", "y"), "x")


def beginning(system: System) -> System:
    first, *others = system.machines
    return replace(system, machines=(replace(first, initial="b"), *others))


def another_view(system: System) -> System:
    """A view that leaves out one of them."""
    view = View("v", ("M[p-1]",), 1)
    return replace(system, views=(view,))


TOLD_APART = {
    "by a lower bound": with_step(plain(), 0, lo=0),
    "by an upper bound": with_step(plain(), 0, hi=4),
    "by no upper bound": with_step(plain(), 0, hi=None),
    "by a guard": with_step(plain(), 0, guard=at("M[p-2]", "a")),
    "by where they begin": beginning(plain()),
    "by the check": asking(plain(), And((at("M[p-1]", "b"), at("M[p-2]", "a")))),
    "by a view's sources": another_view(plain()),
    "by a step that one has": replace(
        plain(), steps=(*plain().steps, Step("more", "M[p-1]", "b", "a", TRUE, 1, None))
    ),
    "by what somebody else reads": replace(
        plain(),
        machines=(*plain().machines, ALONE),
        steps=(*plain().steps, Step("alone", "alone", "x", "y", at("M[p-2]", "b"), 0, None)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD_APART)
def test_members_that_are_told_apart_have_no_order(name: str) -> None:
    assert ordered(TOLD_APART[name]) == ()


@pytest.mark.parametrize("count", [2, 3])
def test_members_that_nothing_tells_apart_have_one(count: int) -> None:
    system = plain(count)
    (row,) = ordered(system)
    assert row == tuple(machine.name for machine in system.machines)
    assert answer(system, (row,)) is answer(system, ()) is Answer.VIOLATED


def test_one_of_three_that_differs_has_no_place_in_an_order() -> None:
    for number in range(3):
        assert not [row for row in ordered(with_step(plain(3), number, hi=4)) if f"M[p-{number + 1}]" in row]


def test_a_member_that_the_question_is_about_stays_where_it_is() -> None:
    assert ordered(plain(3), [PODS[0]]) == (("M[p-2]", "M[p-3]"),)
    assert ordered(plain(2), [PODS[0]]) == ()


def test_members_are_exchanged_with_the_places_where_they_are() -> None:
    """Each begins on a node of its own, so neither pods nor nodes can be exchanged alone."""
    machines = tuple(Machine(f"P[p-{i}]", ("on(n-1)", "on(n-2)", "gone"), f"on(n-{i})") for i in (1, 2))
    nodes = tuple(Machine(f"N[n-{i}]", ("x", "y"), "x") for i in (1, 2))
    leaves = [Step(f"leaves {i}", f"P[p-{i}]", f"on(n-{i})", "gone", at(f"N[n-{i}]", "y"), 0, 2) for i in (1, 2)]
    turns = [Step(f"turns {i}", f"N[n-{i}]", "x", "y", TRUE, 0, None) for i in (1, 2)]
    gone = AtLeast(1, tuple(at(m.name, "gone") for m in machines))
    one_left = And((gone, Not(And(tuple(at(m.name, "gone") for m in machines)))))
    system = System(1000, (*machines, *nodes), (), (*leaves, *turns), (Check("c", "never", one_left),))
    found = ordered(system)
    assert len(found) == 1  # what is exchanged with one row is not exchanged with another
    assert set(found[0]) in ({"P[p-1]", "P[p-2]"}, {"N[n-1]", "N[n-2]"})
    assert answer(system, found) is Answer.VIOLATED
    assert ordered(with_step(system, 2, lo=1)) == ()
    assert ordered(system, [NODES[0]]) == ()


def uneven() -> System:
    """The second one may only be first: it must go by 1 s, the first one cannot before 5 s."""
    slow = with_step(plain(), 0, lo=5, hi=None)
    return asking(with_step(slow, 1, lo=0, hi=1), And((at("M[p-1]", "a"), at("M[p-2]", "b"))))


def test_an_order_of_those_that_are_told_apart_would_hide_a_violation() -> None:
    system = uneven()
    row = (("M[p-1]", "M[p-2]"),)
    assert violated(system, system.checks[0])
    assert answer(system, ()) is Answer.VIOLATED
    assert answer(system, row) is Answer.HOLDS, "this is why the exchange is looked at"
    assert ordered(system) == ()


# -- random ------------------------------------------------------------------------------------------------------------


class _Maker:
    """Two or three pods that are alike, on nodes that are alike; `odd`: but for one thing somewhere."""

    def __init__(self, seed: int, odd: bool) -> None:
        self.random = random.Random(seed)
        self.odd = odd
        self.pods = PODS[: self.random.choice((2, 2, 3))]
        self.nodes = NODES[: 0 if len(self.pods) == 3 else self.random.choice((0, 2, 2))]
        self.states = ("a", "b", "c")[: self.random.randint(2, 3)]
        self.view = self.random.random() < 0.5

    def about_pod(self, pod: Member) -> Callable[[], Expr]:
        return lambda: at(f"M[{pod.name}]", "b")

    def of_pod(self, kind: int, pod: Member) -> Expr:
        own = at(f"M[{pod.name}]", "a")
        everybody = tuple(at(f"M[{p.name}]", "b") for p in self.pods)
        others = tuple(at(f"M[{p.name}]", "b") for p in self.pods if p != pod)
        there = [And((at(f"P[{pod.name}]", f"on({n.name})"), at(f"N[{n.name}]", "y"))) for n in self.nodes]
        made: list[Expr] = [
            TRUE,
            own,
            Not(And(others)),
            AtLeast(1, everybody),
            AtLeast(2, everybody),
            Not(AtLeast(1, others)),
            Or(tuple(there)) if there else TRUE,
            Not(Or(tuple(there))) if there else own,
        ]
        if self.view:
            made += [Seen("v", AtLeast(1, everybody)), Not(Seen("v", AtLeast(2, everybody))), Seen("v", own)]
        return made[kind % len(made)]

    def of_node(self, kind: int, node: Member) -> Expr:
        here = [And((at(f"P[{p.name}]", f"on({node.name})"), at(f"M[{p.name}]", "b"))) for p in self.pods]
        return (TRUE, Or(tuple(here)), Not(Or(tuple(here))))[kind % 3]

    def bounds(self) -> tuple[int, int | None]:
        lo = self.random.choice((0, 0, 1, 2))
        return lo, self.random.choice((None, lo, lo + 1))

    def system(self) -> System:
        r = self.random
        apart = r.random() < 0.5
        machines = [Machine(f"M[{p.name}]", self.states, "a") for p in self.pods]
        steps = []
        for source, target in zip(self.states, self.states[1:], strict=False):
            kind, (lo, hi) = r.randrange(11), self.bounds()
            for p in self.pods:
                name = f"M[{p.name}]"
                steps.append(Step(f"{name} {source}", name, source, target, self.of_pod(kind, p), lo, hi))
        if self.nodes:
            places = tuple(f"on({n.name})" for n in self.nodes)
            kind, (lo, hi) = r.randrange(3), self.bounds()
            for p, n in zip(self.pods, self.nodes, strict=True):
                name = f"P[{p.name}]"
                machines.append(Machine(name, ("unset", *places), f"on({n.name})" if apart else "unset"))
                for place, node in zip(places, self.nodes, strict=True):
                    steps.append(Step(f"{name} {place}", name, "unset", place, self.of_node(kind, node), lo, hi))
            kind, (lo, hi) = r.randrange(3), self.bounds()
            for n in self.nodes:
                name = f"N[{n.name}]"
                machines.append(Machine(name, ("x", "y"), "x"))
                steps.append(Step(name, name, "x", "y", self.of_node(kind, n), lo, hi))
        views = (View("v", tuple(f"M[{p.name}]" for p in self.pods), r.choice((0, 1, 2, None))),) if self.view else ()
        when = self.asked()
        system = System(1000, tuple(machines), views, tuple(steps), (Check("c", "never", when),))
        return self.made_odd(system) if self.odd else system

    def asked(self) -> Expr:
        r = self.random
        last = self.states[-1]
        some = tuple(at(f"M[{p.name}]", last) for p in self.pods)
        exactly = And((AtLeast(1, some), Not(AtLeast(2, some))))
        kinds: list[Expr] = [exactly, AtLeast(2, some), And(some)]
        parts = [r.choice(kinds)]
        if self.nodes:
            both = tuple(at(f"N[{n.name}]", "y") for n in self.nodes)
            about: list[Expr] = [And(both), Not(Or(both)), Or(both)]
            parts.append(r.choice(about))
        if self.view:
            parts.append(r.choice((Seen("v", Not(Or(some))), Seen("v", exactly))))
        return And(tuple(parts))

    def made_odd(self, system: System) -> System:
        r = self.random
        kind = r.randrange(5)
        number = r.randrange(len(system.steps))
        step = system.steps[number]
        if kind == 0:
            return with_step(system, number, lo=step.lo + 2, hi=None if step.hi is None else step.hi + 2)
        if kind == 1:
            return with_step(system, number, hi=None if step.hi is not None else step.lo)
        if kind == 2:
            return with_step(system, number, guard=Not(at(f"M[{r.choice(self.pods).name}]", "b")))
        if kind == 3:
            return asking(system, And((system.checks[0].when, at(f"M[{r.choice(self.pods).name}]", "b", "c"))))
        first = r.randrange(len(self.pods))
        machines = list(system.machines)
        machines[first] = replace(machines[first], initial="b")
        return replace(system, machines=tuple(machines))


def compare(seeds: range, odd: bool, states_max: int) -> dict[str, int]:
    """Systems in which somebody has an order, by their answer; the order changes none of them."""
    tally = {"ordered": 0, "violated": 0, "holds": 0, "wrong": 0}
    for seed in seeds:
        system = _Maker(seed, odd).system()
        rows = ordered(system)
        if not rows:
            continue
        tally["ordered"] += 1
        try:
            expected = violated(system, system.checks[0], states_max)
        except TooLarge:
            continue
        tally["violated" if expected else "holds"] += 1
        found = {answer(system, ()), answer(system, rows)}
        tally["wrong"] += found != {Answer.VIOLATED if expected else Answer.HOLDS}
    return tally


@pytest.mark.parametrize("odd", [False, True], ids=["alike", "odd"])
def test_an_order_changes_no_verdict(odd: bool) -> None:
    tally = compare(range(200), odd, 4000)
    assert tally["wrong"] == 0, tally
    assert tally["ordered"] > (10 if odd else 150), tally
    assert odd or min(tally["violated"], tally["holds"]) > 30, tally


@pytest.mark.slow
@pytest.mark.parametrize("odd", [False, True], ids=["alike", "odd"])
def test_an_order_changes_no_verdict_at_length(odd: bool) -> None:
    assert compare(range(10_000, 12_000), odd, 20_000)["wrong"] == 0


def test_an_order_of_whoever_there_is_would_change_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symmetry._Image, "same", lambda self, system: True)
    assert compare(range(120), True, 4000)["wrong"] > 0
