"""A system in motion: what each event changes, kept up to date event by event (docs/semantics.md, section 2).

The same meaning as the interpreter's, some fifty times as fast, for runs that the interpreter replays afterwards.
"""

from __future__ import annotations

from functools import cached_property

from verifier.engines.walks.circuit import Circuit, Path
from verifier.system.ir import System

Copy = tuple["str | Copy", ...]


class Plan:
    """What is the same in every run of a system: positions, conditions as gates, who watches whom.

    Acts are its steps, and after them its views: what may happen. More conditions may be asked for as gates of
    `circuit` before the first run.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.circuit = Circuit(system)
        self.guard = [self.circuit.gate(step.guard) for step in system.steps]
        self.machine_at = {machine.name: i for i, machine in enumerate(system.machines)}
        self.view_at = {view.name: i for i, view in enumerate(system.views)}
        self.act = {(step.name, False): i for i, step in enumerate(system.steps)}
        self.act |= {(view.name, True): i for i, view in enumerate(system.views, start=len(system.steps))}
        self.names = [*(step.name for step in system.steps), *(view.name for view in system.views)]
        self.low = [*(step.lo for step in system.steps), *(0 for _ in system.views)]
        self.high = [*(step.hi for step in system.steps), *(view.stale for view in system.views)]
        self.first_view = len(system.steps)
        self.moves = [self.machine_at[step.machine] for step in system.steps]
        self.sources = [step.source for step in system.steps]
        self.steps_of: list[list[int]] = [[] for _ in system.machines]
        self.steps_at: dict[int, list[int]] = {}
        for i, (machine, guard) in enumerate(zip(self.moves, self.guard, strict=True)):
            self.steps_of[machine].append(i)
            self.steps_at.setdefault(guard, []).append(i)
        # Which views have a machine or a view among their sources, and at which place in their copies.
        self.watchers: dict[str, list[tuple[int, int]]] = {}
        for i, view in enumerate(system.views):
            for place, source in enumerate(view.sources):
                self.watchers.setdefault(source, []).append((i, place))
        self.initial = [machine.initial for machine in system.machines]
        copies: dict[str, Copy] = {}

        def fill(name: str) -> Copy:
            if name not in copies:
                sources = system.view[name].sources
                copies[name] = tuple(
                    self.initial[self.machine_at[s]] if s in self.machine_at else fill(s) for s in sources
                )
            return copies[name]

        self.copies = [fill(view.name) for view in system.views]

    @cached_property
    def gates(self) -> tuple[list[bool], list[int]]:
        """Whether each gate is open at first, and how many of its inputs are."""
        return self.circuit.initial()

    @cached_property
    def possible(self) -> list[int | None]:
        """0 for each act that is possible at first, else None."""
        value, _ = self.gates
        steps = zip(self.moves, self.sources, self.guard, strict=True)
        at_first: list[int | None] = [0 if self.initial[m] == s and value[g] else None for m, s, g in steps]
        return [*at_first, *(None for _ in self.copies)]


class Motion:
    """One run. `since`: when each act became possible, None if it is not. After an event, `changed`: gates that it
    opened or closed, some of them and back; `ended`: acts that are not possible any more, or anew, and since when they
    were.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.now = 0
        self.state = list(plan.initial)
        self.copies = list(plan.copies)
        value, opened = plan.gates
        self.value, self.opened = list(value), list(opened)
        self.differing = [0] * len(plan.copies)
        self.since = list(plan.possible)
        self.changed: set[int] = set()
        self.ended: list[tuple[int, int]] = []
        self.touched: set[int] = set()  # acts that the last event may have made possible, or not

    def do(self, act: int) -> list[int]:
        """The act happens now; which acts became possible by it, or possible anew."""
        plan, touched, since = self.plan, self.touched, self.since
        self.changed.clear()
        touched.clear()
        touched.add(act)
        began = since[act]
        self.ended = [] if began is None else [(act, began)]
        since[act] = None
        first_view = plan.first_view
        if act < first_view:
            self._fire(act)
        else:
            self._refresh(act - first_view)
        steps_at = plan.steps_at
        for gate in self.changed:
            if gate in steps_at:
                touched.update(steps_at[gate])
        state, value, differing = self.state, self.value, self.differing
        moves, sources, guard = plan.moves, plan.sources, plan.guard
        anew = []
        for i in touched:
            if i >= first_view:
                possible = differing[i - first_view] > 0
            else:
                possible = state[moves[i]] == sources[i] and value[guard[i]]
            began = since[i]
            if possible and began is None:
                since[i] = self.now
                anew.append(i)
            elif not possible and began is not None:
                since[i] = None
                self.ended.append((i, began))
        return anew

    def _fire(self, act: int) -> None:
        step = self.plan.system.steps[act]
        machine = self.plan.moves[act]
        self.state[machine] = step.target
        self.touched.update(self.plan.steps_of[machine])
        self._changes((), step.machine, step.source, step.target)
        self._noticed(step.machine, step.source, step.target)

    def _refresh(self, view: int) -> None:
        plan = self.plan
        name, sources = plan.system.views[view].name, plan.system.views[view].sources
        machine_at, view_at = plan.machine_at, plan.view_at
        old = self.copies[view]
        new: Copy = tuple([self.state[machine_at[s]] if s in machine_at else self.copies[view_at[s]] for s in sources])
        self.copies[view] = new
        self.differing[view] = 0
        self.touched.add(plan.first_view + view)
        self._remembers((name,), old, new)
        self._noticed(name, old, new)

    def _remembers(self, path: Path, old: Copy, new: Copy) -> None:
        """The copy at `path` changes."""
        for source, before, after in zip(self.plan.system.view[path[-1]].sources, old, new, strict=True):
            if before is after or before == after:
                continue
            if isinstance(before, str) and isinstance(after, str):
                self._changes(path, source, before, after)
            elif isinstance(before, tuple) and isinstance(after, tuple):
                self._remembers((*path, source), before, after)

    def _noticed(self, name: str, old: str | Copy, new: str | Copy) -> None:
        """Views that have `name` among their sources differ from it in one place more, or less."""
        if old == new:
            return
        for view, place in self.plan.watchers.get(name, ()):
            there = self.copies[view][place]
            self.differing[view] += (there != new) - (there != old)
            self.touched.add(self.plan.first_view + view)

    def _changes(self, path: Path, machine: str, old: str, new: str) -> None:
        """What is read at `path` as the state of `machine` changes: the gates that depend on it, until none does."""
        circuit = self.plan.circuit
        need, inverted, outputs = circuit.need, circuit.inverted, circuit.outputs
        value, opened, changed = self.value, self.opened, self.changed
        todo = []
        for gate, states in circuit.readings.get((path, machine), ()):
            now = new in states
            if now != (old in states):
                value[gate] = now
                changed.add(gate)
                todo.append((gate, now))
        while todo:
            gate, now = todo.pop()
            more = 1 if now else -1
            for output in outputs[gate]:
                opened[output] += more
                then = (opened[output] >= need[output]) != inverted[output]
                if then != value[output]:
                    value[output] = then
                    changed.add(output)
                    todo.append((output, then))
