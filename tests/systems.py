"""Random small systems from a seed: every construct of the language of systems, in shapes that once went wrong."""

from __future__ import annotations

import random

from verifier.system.ir import TRUE, And, AtLeast, Check, Expr, In, Machine, Not, Or, Seen, Step, System, View, reads

_LO = (0, 0, 0, 1, 2, 3)


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.machines: list[Machine] = []
        self.views: list[View] = []
        self.steps: list[Step] = []

    def machine(self, states_max: int = 3) -> None:
        states = tuple("abc"[: self.random.randint(2, states_max)])
        self.machines.append(Machine(f"m{len(self.machines)}", states, "a"))

    def view(self, sources: list[str]) -> None:
        stale = self.random.choice((0, 1, 2, 3, 4, None))
        self.views.append(View(f"v{len(self.views)}", tuple(sources), stale))

    def literal(self, name: str, depth: int) -> Expr:
        """Something about `name`, a machine or a view, right here."""
        machine = next((m for m in self.machines if m.name == name), None)
        if machine is not None:
            count = self.random.randint(1, len(machine.states) - 1)
            return In(name, frozenset(self.random.sample(machine.states, count)))
        view = next(v for v in self.views if v.name == name)
        return Seen(name, self.expr(list(view.sources), depth))

    def expr(self, names: list[str], depth: int) -> Expr:
        r = self.random
        if depth == 0 or r.random() < 0.35:
            return self.literal(r.choice(names), max(depth - 1, 0))
        parts = tuple(self.expr(names, depth - 1) for _ in range(r.randint(2, 3)))
        kind = r.randrange(4)
        if kind == 0:
            return And(parts)
        if kind == 1:
            return Or(parts)
        return Not(parts[0]) if kind == 2 else AtLeast(r.randint(1, len(parts)), parts)

    def step(self, machine: Machine, source: str, target: str, guard: Expr) -> None:
        lo = self.random.choice(_LO)
        hi = self.random.choice((None, lo, lo, lo + 1, lo + 2))
        if target <= source:  # a way back must take time, or time could stop
            lo, hi = max(lo, 1), None if hi is None else max(hi, 1)
        self.steps.append(Step(f"s{len(self.steps)}", machine.name, source, target, guard, lo, hi))

    def names(self) -> list[str]:
        return [m.name for m in self.machines] + [v.name for v in self.views]

    def system(self, checks: int) -> System:
        made = []
        for i in range(checks):
            kind = "never" if self.random.random() < 0.7 else "ends_with"
            when = self.expr(self.names(), 2)
            made.append(Check(f"c{i}", "never" if kind == "never" else "ends_with", when))
        return System(1000, tuple(self.machines), tuple(self.views), tuple(self.steps), tuple(made))


def small(seed: int, cycles: bool = False) -> System:
    """Up to four machines of three states and three views, guards of every kind, two checks; `cycles` adds ways
    back.
    """
    maker = _Maker(seed)
    r = maker.random
    for _ in range(r.randint(1, 3 if cycles else 4)):
        maker.machine()
    for _ in range(r.choice((0, 1, 1, 2, 2, 3))):
        names = maker.names()
        maker.view(r.sample(names, r.randint(1, min(2, len(names)))))
    for machine in maker.machines:
        pairs = [(a, b) for a in machine.states for b in machine.states if a < b]
        if cycles and r.random() < 0.5:
            a = r.choice(machine.states)
            pairs.append((a, a) if r.random() < 0.5 else (machine.states[1], "a"))
        r.shuffle(pairs)
        for source, target in pairs[: r.randint(1, len(pairs))]:
            guard = maker.expr(maker.names(), r.randint(0, 2)) if r.random() < 0.7 else And(())
            maker.step(machine, source, target, guard)
    return maker.system(2)


def chained(seed: int) -> System:
    """Two or three views one above the other (or a tree), read at the end or by one guard: what `once` is about."""
    maker = _Maker(seed)
    r = maker.random
    for _ in range(r.randint(2, 3)):
        maker.machine()
    free = [m.name for m in maker.machines]
    below: list[str] = []
    for _ in range(r.randint(2, 3)):
        sources = r.sample(free, r.randint(0 if below else 1, min(2, len(free))))
        if below and (r.random() < 0.85 or not sources):
            sources += below
            below = []
        maker.view(sources)
        below.append(maker.views[-1].name)
    for machine in maker.machines:
        for source, target in zip(machine.states, machine.states[1:], strict=False):
            guard: Expr = And(())
            if r.random() < 0.4:
                guard = maker.expr(free, 1)
            maker.step(machine, source, target, guard)
    reads = r.random()
    if reads < 0.5:
        maker.machines.append(Machine("reader", ("a", "b"), "a"))
        lo, hi = (0, None) if r.random() < 0.8 else (r.choice(_LO), 3)
        guard = maker.expr([*below, free[0]], 2)
        maker.steps.append(Step("read", "reader", "a", "b", guard, lo, hi))
        when: Expr = And((In("reader", frozenset("b")), maker.expr(free if r.random() < 0.8 else maker.names(), 1)))
    else:
        when = maker.expr([*below, *free], 2)
    kind = r.random() < 0.8
    check = Check("c0", "never" if kind else "ends_with", when)
    deep = And((_through_all(maker, below[-1]), maker.expr(free, 0)))
    checks = (check, Check("c1", "never", deep)) if reads >= 0.5 else (check,)
    return System(1000, tuple(maker.machines), tuple(maker.views), tuple(maker.steps), checks)


def forked(seed: int) -> System:
    """One view that two or three others read, and a check of several alternatives: each alternative reads one path."""
    maker = _Maker(seed)
    r = maker.random
    for _ in range(r.randint(2, 3)):
        maker.machine()
    free = [m.name for m in maker.machines]
    maker.view(r.sample(free, r.randint(1, 2)))
    for _ in range(r.randint(2, 3)):
        maker.view(["v0", *r.sample(free, r.randint(0, 1))])
    for machine in maker.machines:
        for source, target in zip(machine.states, machine.states[1:], strict=False):
            maker.step(machine, source, target, maker.expr(free, 1) if r.random() < 0.5 else And(()))
    alternatives = tuple(
        And((maker.expr(free, 0), maker.expr(free, 0), _through_all(maker, view.name))) for view in maker.views
    )
    check = Check("c0", "never", Or(alternatives[r.randint(0, 1) :]))
    return System(1000, tuple(maker.machines), tuple(maker.views), tuple(maker.steps), (check,))


def _through_all(maker: _Maker, view: str) -> Expr:
    """Something that reads `view` down to its last source."""
    sources = next(v for v in maker.views if v.name == view).sources
    parts = [Seen(view, _through_all(maker, s)) if s[0] == "v" else Seen(view, maker.literal(s, 0)) for s in sources]
    inner = [part.body for part in parts]
    return Seen(view, And(tuple(inner)))


def peers(seed: int) -> System:
    """Two or three members that are alike, told apart by their names alone, beside a machine and views of everybody."""
    maker = _Maker(seed)
    r = maker.random
    count = r.randint(2, 3)
    families = [f"F{i}" for i in range(r.randint(1, 2))]
    for family in families:
        states = tuple("abc"[: r.randint(2, 3)])
        maker.machines += [Machine(f"{family}[p-{i}]", states, "a") for i in range(count)]
    maker.machines.append(Machine("alone", ("a", "b"), "a"))
    everybody = [machine.name for machine in maker.machines]
    for i in range(r.randint(0, 2)):
        sources = [*r.choice((everybody, everybody[:count])), *(view.name for view in maker.views if r.random() < 0.6)]
        name = f"V[n-{i}]" if r.random() < 0.6 else f"v{i}"
        maker.views.append(View(name, tuple(sources), r.choice((0, 1, 2, None))))
    about_all = [
        AtLeast(r.randint(1, count), tuple(In(f"{f}[p-{i}]", frozenset("a")) for i in range(count))) for f in families
    ]
    about_all += [Seen(view.name, about) for view in maker.views for about in about_all if _direct(view, about)]
    for family in families:
        states = maker.machines[families.index(family) * count].states
        pairs = [(a, b) for a in states for b in states if a < b]
        for source, target in r.sample(pairs, r.randint(1, len(pairs))):
            own = In(f"{r.choice(families)}[p-0]", frozenset("a"))
            guard = r.choice((And(()), own, *about_all, Not(r.choice(about_all)), And((own, r.choice(about_all)))))
            lo = r.choice((0, 0, 1, 2))
            hi = r.choice((None, lo, lo + 1))
            for i in range(count):
                about = _about(guard, i)
                maker.steps.append(
                    Step(f"{family}[p-{i}] {source}{target}", f"{family}[p-{i}]", source, target, about, lo, hi)
                )
    maker.steps.append(Step("alone", "alone", "a", "b", r.choice(about_all), 0, r.choice((None, 1))))
    one = In("F0[p-1]", frozenset("b"))
    return _asking(maker, (r.choice((*about_all, one)), And((one, r.choice(about_all)))))


def _asking(maker: _Maker, conditions: tuple[Expr, ...]) -> System:
    """The system so far with `never` each condition, and an `ends with` of the first."""
    system = maker.system(0)
    checks = [Check(f"c{i}", "never", when) for i, when in enumerate(conditions)]
    checks.append(Check("end", "ends_with", Not(conditions[0])))
    return System(system.tick_ms, system.machines, system.views, system.steps, tuple(checks))


def _direct(view: View, about: Expr) -> bool:
    """The view copies everything that is named."""
    return reads(about) <= set(view.sources)


def _about(guard: Expr, member: int) -> Expr:
    """What is said of p-0 directly, said of another member."""
    match guard:
        case In(machine, states) if machine.endswith("[p-0]"):
            return In(machine.replace("p-0", f"p-{member}"), states)
        case And(parts):
            return And(tuple(_about(part, member) for part in parts))
    return guard


def round_and_round(guard: In) -> System:
    """`m` goes to and fro without delay while `guard` holds; `gate` opens after 3 s, and is never gone."""
    machines = (Machine("m", ("a", "b"), "a"), Machine("gate", ("shut", "open", "gone"), "shut"))
    steps = (
        Step("there", "m", "a", "b", guard, 0, 0),
        Step("back", "m", "b", "a", TRUE, 0, 0),
        Step("shuts", "gate", "shut", "open", TRUE, 3, 3),
    )
    return System(1000, machines, (), steps, (Check("c", "never", In("gate", frozenset(("gone",)))),))
