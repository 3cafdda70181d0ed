"""What `hitless verify` and `hitless compile` ask of a program."""

from __future__ import annotations

from dataclasses import replace
from math import gcd

from verifier.analysis.assumed import judged
from verifier.analysis.both import certified, confirmed
from verifier.analysis.decide import Decider
from verifier.analysis.kinds import kinds
from verifier.analysis.questions import Deadline
from verifier.analysis.verdict import CheckResult, WorkloadResult
from verifier.engines.induction import Induction
from verifier.language.diagnostics import Diagnostic
from verifier.language.program import Asked, Program, Span
from verifier.system.ir import Check, Machine, Step, System, View
from verifier.system.lower import lower, skeleton
from verifier.system.run import Budget
from verifier.system.values import Values
from verifier.system.wellformed import time_stops


class UnknownCheck(Exception):
    """A check was named on the command line that the scenario does not ask for and the models do not have."""


class BadModel(Exception):
    """The models, with the scenario's values, are none that can be checked; `diagnostics` say where."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("bad model")
        self.diagnostics = diagnostics


def well_formed(program: Program) -> None:
    """Raises `BadModel` if time can stop: everything after that moment would be called safe."""
    system = skeleton(Values(program))
    found = []
    for problem in time_stops(system):
        step = system.steps[int(problem.path[1])]
        file, line = step.origin.rsplit(":", 1)
        span = Span(file, int(line), 1, int(line), 2)
        found.append(
            Diagnostic("HL313", span, problem.message.split(";")[0], fix="give one of them a delay of its own")
        )
    if found:
        raise BadModel(tuple(found))


def verify_program(
    program: Program,
    only: tuple[str, ...],
    budget: Budget,
    induction: Induction | None = None,
    *,
    certify: bool = False,
) -> WorkloadResult:
    """Every check that is asked for, or those in `only`, each with an equal share of what is left of `budget`.

    `induction`: proofs that serve this program, its own or those of another one. `certify`: cvc5 repeats the answers;
    raises `NotInstalled` without it.
    """
    well_formed(program)
    whole = Deadline(budget)
    induction = induction or Induction(program)
    results = []
    wanted = _asked(program, only)
    for i, asked in enumerate(wanted):
        left = whole.left()
        share = Deadline(replace(left, seconds=left.seconds / (len(wanted) - i)))

        def ask(values: Values, quick: bool, asked: Asked = asked, share: Deadline = share) -> CheckResult:
            return Decider(values, share, induction).check(asked.check, asked.argument, quick=quick)

        result = confirmed(judged(program, ask(Values(program), False), ask), share.left())
        results.append(certified(result, share.left()) if certify else result)
    return WorkloadResult(program.workload, program, tuple(results))


def compile_program(program: Program, only: str | None) -> System:
    """The exact system of one check, its parts for each kind of member as the system's checks."""
    well_formed(program)
    asked = _asked(program, () if only is None else (only,))[0]
    group = program.checks[asked.check]
    values = Values(program)
    extra = {} if group.parameter is None or asked.argument is None else {group.parameter: asked.argument}
    systems = [
        lower(values, part, {**env, **extra}, relaxed=False).system
        for part in group.parts
        for env in kinds(values, part, placed=True)
    ]
    return merged(systems)


def merged(systems: list[System]) -> System:
    """One system with the parts and checks of all: cones of one model, so equal names are equal parts."""
    tick = gcd(*(system.tick_ms for system in systems))
    machines: dict[str, Machine] = {}
    views: dict[str, View] = {}
    steps: dict[str, Step] = {}
    checks: dict[str, Check] = {}
    for system in systems:
        factor = system.tick_ms // tick
        machines |= system.machine
        for view in system.views:
            known = views.get(view.name)
            sources = tuple(sorted({*view.sources, *(known.sources if known else ())}))
            views[view.name] = replace(view, sources=sources, stale=None if view.stale is None else view.stale * factor)
        steps |= {
            s.name: replace(s, lo=s.lo * factor, hi=None if s.hi is None else s.hi * factor) for s in system.steps
        }
        checks |= {check.name: check for check in system.checks}
    return System(tick, tuple(machines.values()), tuple(views.values()), tuple(steps.values()), tuple(checks.values()))


def _asked(program: Program, only: tuple[str, ...]) -> tuple[Asked, ...]:
    if not only:
        return program.asked
    found = tuple(asked for asked in program.asked if asked.check in only)
    missing = [name for name in only if name not in {asked.check for asked in found}]
    for name in missing:
        if name not in program.checks:
            raise UnknownCheck(f"there is no check {name!r}; there are: {', '.join(sorted(program.checks))}")
        if program.checks[name].parameter is not None:
            raise UnknownCheck(f"{name} needs a number: write `verify {name} >= 2` in the scenario")
        found += (Asked(name, None, program.checks[name].span),)
    return found
