"""A slice that is another one under other names is not asked about again."""

from __future__ import annotations

from dataclasses import replace

from verifier.analysis.known import Known
from verifier.engines import events
from verifier.system.ir import Check, In, Machine, Not, Step, System, View, conj, seen
from verifier.system.run import Answer, Budget, Outcome


def race(pod: str, node: str, lo: int = 12) -> System:
    """`pod` stops no sooner than 12 after it began to; the copy of `node` is at most 10 old."""
    machine = Machine(f"Pod[{pod}]", ("up", "going", "down"), "up")
    rules = View(f"Rules[{node}]", (machine.name,), 10)
    always = In(machine.name, frozenset(machine.states))
    steps = (
        Step(f"{machine.name} goes", machine.name, "up", "going", always, 0, None),
        Step(f"{machine.name} stops", machine.name, "going", "down", always, lo, None),
    )
    down = In(machine.name, frozenset({"down"}))
    sent_to = seen(rules.name, In(machine.name, frozenset({"up"})))
    return System(1000, (machine,), (rules,), steps, (Check(f"lost[{pod}]", "never", conj([down, sent_to])),))


def asked(*systems: System) -> tuple[list[Outcome], list[System]]:
    known, found = Known(("old", "new", "node")), []

    def ask(system: System) -> Outcome:
        found.append(system)
        return events.check(system, system.checks[0], Budget(10))

    return [known.answer(system, ask) for system in systems], found


def test_the_same_under_other_names_is_asked_once() -> None:
    outcomes, found = asked(race("old-1", "node-1"), race("old-2", "node-7"), race("old-11", "node-1"))
    assert len(found) == 1
    assert [outcome.answer for outcome in outcomes] == [Answer.HOLDS] * 3
    assert outcomes[1].core == {("Pod[old-2] stops", "lo"), ("Rules[node-7]", "stale")}
    assert outcomes[2].core == {("Pod[old-11] stops", "lo"), ("Rules[node-1]", "stale")}


def test_what_differs_is_asked_again() -> None:
    first = race("old-1", "node-1")
    (machine,) = first.machines
    elsewhere = replace(first, machines=(replace(machine, initial="going"),))
    opposite = replace(first, checks=(replace(first.checks[0], when=Not(first.checks[0].when)),))
    _, found = asked(first, race("new-1", "node-1"), race("old-1", "node-1", lo=9), elsewhere, opposite)
    assert len(found) == 5


def test_two_members_are_not_one() -> None:
    """Old-1 twice is something else than old-1 and old-2."""
    one, two = race("old-1", "node-1"), race("old-2", "node-1")
    together = System(1000, (*one.machines, *two.machines), (), (), one.checks)
    both = conj([In("Pod[old-1]", frozenset({"up"})), In("Pod[old-2]", frozenset({"up"}))])
    same = conj([In("Pod[old-1]", frozenset({"up"})), In("Pod[old-1]", frozenset({"up", "going"}))])
    _, found = asked(*(replace(together, checks=(Check("c", "never", when),)) for when in (both, same)))
    assert len(found) == 2


def test_a_view_may_have_any_name() -> None:
    """What is read through a view called `Not` is not a negation."""
    one = race("old-1", "Not")
    view = replace(one.views[0], name="Not")
    up = In("Pod[old-1]", frozenset({"up"}))
    checks = (Check("c", "never", when) for when in (seen("Not", up), Not(up)))
    _, found = asked(*(replace(one, views=(view,), checks=(check,)) for check in checks))
    assert len(found) == 2
