"""Machines: initial states and steps, with every number of a state within its range."""

from __future__ import annotations

import itertools

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.conditions import Conditions, family_text
from verifier.language.evaluate import Unknown, evaluate
from verifier.language.program import Span
from verifier.language.scope import IndexVariable, NumberVariable, Scope

_NO_PROGRAM = p.Program("", {}, {}, {}, frozenset(), {}, {}, {}, {}, {}, (), ())


class Steps(Conditions):
    def machine(self, node: s.MachineDeclaration) -> p.MachineTemplate:
        name = node.name.text
        scope = self.world.scope(node.parameters)
        initially = []
        for pattern, condition in node.initially:
            state, _ = self._target(name, pattern, scope, fresh=False)
            self._in_turn(node, state)
            initially.append((state, self.condition(condition, scope) if condition is not None else None))
        self._always_begins(node, tuple(condition for _, condition in node.initially))
        steps = tuple(self._step(name, step, scope) for step in node.steps)
        parameters = self.world.machine_parameters[name]
        families = tuple(self.world.families[name].values())
        return p.MachineTemplate(name, parameters, families, tuple(initially), steps, node.doc, node.span)

    def _in_turn(self, node: s.MachineDeclaration, state: p.StatePattern) -> None:
        """Members begin in turn; pairs of them have no turn."""
        each = next((arg for arg in state.args if isinstance(arg, p.Each)), None)
        if each is not None and len(node.parameters) != 1:
            why = "`each` says where the members of one type begin, in turn"
            self.report.add("HL303", each.span, why, fix="give the machine one member")

    def _always_begins(self, node: s.MachineDeclaration, conditions: tuple[s.Expression | None, ...]) -> None:
        """Classes that are tested one by one must all be there."""
        if None in conditions or not node.parameters:
            if None not in conditions:
                self.report.add(
                    "HL311",
                    node.name.span,
                    f"`{node.name.text}` may begin nowhere",
                    fix="give the last initial state without `if`",
                )
            return
        tested: dict[str, set[str]] = {}
        for condition in conditions:
            if not isinstance(condition, s.Is) or not isinstance(condition.subject, s.Reference) or condition.negated:
                return
            tested.setdefault(condition.subject.path, set()).update(pattern.name.text for pattern in condition.patterns)
        for parameter in node.parameters:
            classes = [parameter.cls.text] if parameter.cls else list(self.world.classes(parameter.type.text))
            missing = [cls for cls in classes if cls not in tested.get(parameter.name.text, set(classes))]
            if missing:
                self.report.add(
                    "HL311",
                    node.name.span,
                    f"`{node.name.text}` has no initial state if {parameter.name.text} is {missing[0]}",
                    fix=f"add `.. if {parameter.name.text} is {missing[0]}`",
                )

    # -- steps ---------------------------------------------------------------------------------------------------------

    def _step(self, machine: str, node: s.Step, scope: Scope) -> p.StepTemplate:
        outer = scope
        sources = []
        for pattern in node.sources:
            source, scope = self._source(machine, pattern, scope)
            sources.append(source)
        bound = tuple(
            n for n, v in scope.variables.items() if isinstance(v, NumberVariable) and n not in outer.variables
        )
        target, scope = self._target(machine, node.target, scope, fresh=True)
        guard: p.Condition = p.When(p.Literal_(True, node.span), node.span)
        if node.guard is not None:
            guard = self.condition(node.guard, scope)
        self._stays_in_range(machine, node, target, bound, scope, guard)
        label = node.label.text if node.label else f"{machine}: {node.target.name.text}"
        return p.StepTemplate(tuple(sources), bound, target, label, guard, self._delay(node.delay, scope), node.span)

    def _source(self, machine: str, pattern: s.Pattern, scope: Scope) -> tuple[p.StatePattern, Scope]:
        family = self.family(machine, pattern)
        if family is None:
            return p.StatePattern(pattern.name.text), scope
        if pattern.args is None:
            return p.StatePattern(family.name, (None,) * len(family.args)), scope
        args: list[p.Static | str | None] = []
        for due, arg in zip(family.args, pattern.args, strict=True):
            name = arg.path if isinstance(arg, s.Reference) and not arg.index and "." not in arg.path else None
            if arg is None:
                args.append(None)
            elif len(due) == 2:
                scope = self._bind_index(arg, due[1], scope)
                args.append(name)
            elif name is not None and name not in scope.variables:
                scope = scope.bind(name, NumberVariable(due[1], due[2], arg.span))
                args.append(p.Variable(name, arg.span))
            else:
                value = self.static(arg, scope, "count")
                self.in_range(value, due, arg.span)
                args.append(value)
        return p.StatePattern(family.name, tuple(args)), scope

    def _bind_index(self, arg: s.Expression, type_: str, scope: Scope) -> Scope:
        """A name in the place of an index: a variable that is bound already, or one that stands for any member."""
        name = self.variable_name(arg)
        if name is None:
            return scope
        if name.text in scope.variables:
            self.index_argument(name, type_, None, scope)
            return scope
        return scope.bind(name.text, IndexVariable(type_, None, name.span))

    def _target(self, machine: str, pattern: s.Pattern, scope: Scope, *, fresh: bool) -> tuple[p.StatePattern, Scope]:
        family = self.family(machine, pattern)
        if family is None:
            return p.StatePattern(pattern.name.text), scope
        if len(pattern.args or ()) != len(family.args) or None in (pattern.args or ()):
            self.report.add(
                "HL309",
                pattern.span,
                f"which `{pattern.name.text}` is meant?",
                fix=f"write `{family_text(family)}` with a value",
            )
            return p.StatePattern(family.name), scope
        args: list[p.Static | p.Each | str | None] = []
        for due, arg in zip(family.args, pattern.args or (), strict=True):
            assert arg is not None
            if isinstance(arg, s.Each):
                args.append(self._each(arg, due, fresh))
            elif len(due) == 2:
                if fresh:
                    scope = self._bind_index(arg, due[1], scope)
                    args.append(arg.path if isinstance(arg, s.Reference) else None)
                else:
                    name = self.variable_name(arg)
                    known = name is not None and self.index_argument(name, due[1], None, scope)
                    args.append(name.text if name is not None and known else None)
            else:
                value = self.static(arg, scope, "count")
                self.in_range(value, due, arg.span)
                args.append(value)
        return p.StatePattern(family.name, tuple(args)), scope

    def _each(self, node: s.Each, due: tuple[str, int, int] | tuple[str, str], fresh: bool) -> p.Each | None:
        """`each N`, which only an initial state has, in the place of an index."""
        if fresh or len(due) == 3:
            why = "it says where the members begin, in turn"
            fix = "write the name of a variable" if len(due) == 2 else "write a number"
            self.report.add("HL303", node.span, "`each` stands in initial states, for an index", why=why, fix=fix)
            return None
        return p.Each(self.static(node.number, Scope(), "size"), node.span)

    def _delay(self, node: s.Delay | None, scope: Scope) -> p.Static | None:
        if node is None:
            return None
        if node.body is None:
            return p.Literal_(p.Window(0, 0), node.span)
        if node.mode == "after":
            return p.WindowOf("after", self.static(node.body, scope, "duration"), node.span)
        return self.static(node.body, scope, "window")

    def _stays_in_range(
        self,
        machine: str,
        node: s.Step,
        target: p.StatePattern,
        bound: tuple[str, ...],
        scope: Scope,
        guard: p.Condition,
    ) -> None:
        """For all bound numbers that the guard lets through, the target's numbers are within their ranges."""
        family = self.world.families[machine].get(target.name)
        ranges = [scope.variables[name] for name in bound]
        values = [range(r.lo, r.hi + 1) for r in ranges if isinstance(r, NumberVariable)]
        if family is None or not bound or len(target.args) != len(family.args):
            return
        tests = _number_tests(guard)
        for combination in itertools.islice(itertools.product(*values), 10_000):
            env = dict(zip(bound, combination, strict=True))
            if not all(_holds(test, env) for test in tests):
                continue
            for due, arg, place in zip(family.args, target.args, node.target.args or (), strict=True):
                number = len(due) == 3 and arg is not None and not isinstance(arg, str) and place is not None
                if number and self._outside(arg, due, place.span, env):  # type: ignore[arg-type, union-attr]
                    return

    def _outside(self, arg: p.Static, due: tuple[str, int, int], span: Span, env: dict[str, int]) -> bool:
        try:
            number = evaluate(arg, _NO_PROGRAM, env)
        except (Unknown, KeyError, ArithmeticError):
            return False
        if due[1] <= number <= due[2] or isinstance(arg, p.Literal_):
            return False
        where = " and ".join(f"{name} = {value}" for name, value in env.items())
        fix = (
            f"add a guard such as `when {next(iter(env))} < {max(env.values())}`" if number > due[2] else "add a guard"
        )
        self.report.add(
            "HL309", span, f"this is {number} for {where}, outside of {due[0]}: {due[1]}..{due[2]}", fix=fix
        )
        return True


def _number_tests(guard: p.Condition) -> list[p.Static]:
    """The parts of a guard that test numbers alone: what `k < 3 and ..` says before the search."""
    match guard:
        case p.When(value):
            return [value]
        case p.Boolean("and", args):
            return [test for arg in args for test in _number_tests(arg)]
    return []


def _holds(test: p.Static, env: dict[str, int]) -> bool:
    try:
        return bool(evaluate(test, _NO_PROGRAM, env))
    except (Unknown, KeyError, ArithmeticError, TypeError):
        return True
