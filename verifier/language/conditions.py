"""Conditions over machines and views: states, classes, what is seen by whom, and calls of lets."""

from __future__ import annotations

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.kinds import as_condition, bad, listed
from verifier.language.program import Span
from verifier.language.reads import direct_reads
from verifier.language.scope import IndexVariable, Scope, Typed
from verifier.language.terms import Terms


class Conditions(Terms):
    # -- `x is ..` -----------------------------------------------------------------------------------------------------

    def membership(self, node: s.Is, scope: Scope) -> Typed:
        subject = node.subject
        if isinstance(subject, s.Reference):
            if subject.path in self.world.machine_nodes:
                return self._in_state(node, subject, scope)
            if subject.path in self.world.summary_nodes:
                return self._summarised(node, subject, scope)
            if subject.path in self.world.blocks:
                return self._given(node, subject, scope)
            variable = scope.variables.get(subject.path)
            if isinstance(variable, IndexVariable) and not subject.index:
                return self._class_test(node, subject, variable)
            if subject.path in self.world.view_nodes:
                fix = f"write `(.. seen by {subject.path})`"
                self.report.add(
                    "HL302", subject.span, f"`{subject.path}` is a view: it has no state of its own", fix=fix
                )
                return bad(node.span)
        return self._chosen(node, scope)

    def _negated(self, node: s.Is, condition: p.Condition) -> Typed:
        return Typed(p.Boolean("not", (condition,), node.span) if node.negated else condition, "condition")

    def _negated_static(self, node: s.Is, static: p.Static) -> Typed:
        return Typed(p.StaticBoolean("not", (static,), node.span) if node.negated else static, "flag")

    def _in_state(self, node: s.Is, subject: s.Reference, scope: Scope) -> Typed:
        name = subject.path
        fine = self.indices(s.Name(name, subject.span), subject.index, self.world.machine_parameters[name], scope)
        patterns = [self._read_pattern(name, pattern, scope) for pattern in node.patterns]
        if not fine or None in patterns:
            return bad(node.span)
        states = tuple(pattern for pattern in patterns if pattern is not None)
        return self._negated(node, p.InState(name, tuple(n.text for n in subject.index), states, node.span))

    def _summarised(self, node: s.Is, subject: s.Reference, scope: Scope) -> Typed:
        summary = self.summary(subject.path)
        known = [*(state for state, _, _ in summary.aspects), "none"]
        fine = self.indices(s.Name(summary.name, subject.span), subject.index, summary.parameters, scope)
        for pattern in node.patterns:
            if pattern.name.text not in known or pattern.args is not None:
                message = f"`{summary.name}` has no state"
                self.report.unknown("HL203", pattern.name.span, message, pattern.name.text, known)
                fine = False
        if not fine:
            return bad(node.span)
        args = tuple(name.text for name in subject.index)
        calls = tuple(p.Call(p.summary_let(summary.name, x.name.text), args, node.span) for x in node.patterns)
        return self._negated(node, calls[0] if len(calls) == 1 else p.Boolean("or", calls, node.span))

    def summary(self, name: str) -> p.Summary:
        """The summary called `name`, checked when it is first asked for, and a let for each of its states."""
        world = self.world
        if name in world.summaries:
            return world.summaries[name]
        node = world.summary_nodes[name]
        scope = world.scope((*node.parameters, node.binder))
        parameters = world.type_parameters(node.parameters)
        world.known_type(node.binder)
        var, type_ = node.binder.name.text, node.binder.type.text
        aspects = []
        earlier: list[p.Condition] = []
        for aspect in node.aspects:
            when = self.condition(aspect.when, scope)
            dwell = self.static(aspect.dwell, scope, "duration") if aspect.dwell else None
            aspects.append((aspect.name.text, when, dwell))
            some = p.Quantified("some", var, type_, None, when, aspect.span)
            none_before = tuple(p.Boolean("not", (c,), aspect.span) for c in earlier)
            self._summary_let(name, aspect.name.text, parameters, (*none_before, some), aspect.span)
            earlier.append(some)
        member = (*parameters, p.Parameter(var, type_, None))
        self._let(p.joined_let(name), member, aspects[0][1], node.span)
        nobody = tuple(p.Boolean("not", (c,), node.span) for c in earlier)
        self._summary_let(name, "none", parameters, nobody, node.span)
        world.summaries[name] = p.Summary(name, parameters, var, type_, tuple(aspects), node.span)
        return world.summaries[name]

    def _summary_let(
        self, summary: str, state: str, parameters: tuple[p.Parameter, ...], parts: tuple[p.Condition, ...], span: Span
    ) -> None:
        let = p.summary_let(summary, state)
        body = parts[0] if len(parts) == 1 else p.Boolean("and", parts, span)
        self._let(let, parameters, body, span)

    def _let(self, name: str, parameters: tuple[p.Parameter, ...], body: p.Condition, span: Span) -> None:
        self.world.lets[name] = (p.Let(name, parameters, body, False, span), Typed(body, "condition"))

    def indices(self, name: s.Name, given: tuple[s.Name, ...], due: tuple[p.Parameter, ...], scope: Scope) -> bool:
        """Whether `given` fills the parameters `due` of `name`."""
        if len(given) != len(due):
            example = f"{name.text}[{', '.join(d.name for d in due)}]" if due else name.text
            message = f"`{name.text}` has {many(len(due), 'index', 'indices')}, not {len(given)}"
            self.report.add("HL303", name.span, message, fix=f"write `{example}`")
            return False
        results = [self.index_argument(g, d.type, d.cls, scope) for g, d in zip(given, due, strict=True)]
        return all(results)

    def family(self, machine: str, pattern: s.Pattern) -> p.StateFamily | None:
        families = self.world.families[machine]
        found = families.get(pattern.name.text)
        if found is None:
            self.report.unknown("HL203", pattern.name.span, f"`{machine}` has no state", pattern.name.text, families)
        elif pattern.args is not None and len(pattern.args) != len(found.args):
            count = len(found.args)
            fix = f"write `{family_text(found)}`"
            self.report.add(
                "HL303", pattern.span, f"state `{found.name}` takes {many(count, 'value', 'values')}", fix=fix
            )
            return None
        return found

    def _read_pattern(self, machine: str, pattern: s.Pattern, scope: Scope) -> p.StatePattern | None:
        family = self.family(machine, pattern)
        if family is None:
            return None
        if pattern.args is None:
            return p.StatePattern(family.name, (None,) * len(family.args))
        args: list[p.Static | str | None] = []
        for due, arg in zip(family.args, pattern.args, strict=True):
            if arg is None:
                args.append(None)
            elif len(due) == 3:
                value = self.static(arg, scope, "count")
                self.in_range(value, due, arg.span)
                args.append(value)
            else:
                name = self.variable_name(arg)
                if name is None or not self.index_argument(name, due[1], None, scope):
                    return None
                args.append(name.text)
        return p.StatePattern(family.name, tuple(args))

    def variable_name(self, arg: s.Expression) -> s.Name | None:
        if isinstance(arg, s.Reference) and not arg.index and "." not in arg.path:
            return s.Name(arg.path, arg.span)
        self.report.add("HL302", arg.span, "the name of a variable is due here")
        return None

    def in_range(self, value: p.Static, due: tuple[str, int, int], span: Span) -> None:
        if isinstance(value, p.Literal_) and isinstance(value.value, int) and not due[1] <= value.value <= due[2]:
            self.report.add("HL309", span, f"{value.value} is outside of {due[0]}: {due[1]}..{due[2]}")

    def _given(self, node: s.Is, subject: s.Reference, scope: Scope) -> Typed:
        block = self.world.blocks[subject.path]
        if [pattern.name.text for pattern in node.patterns] != ["given"]:
            self.report.add("HL302", node.patterns[0].span, f"`{block.path}` is a block: ask whether it `is given`")
            return bad(node.span)
        due = (p.Parameter("p", block.per),) if block.per else ()
        if not self.indices(s.Name(block.path, subject.span), subject.index, due, scope):
            return bad(node.span)
        index = subject.index[0].text if subject.index else None
        return self._negated_static(node, p.GivenTest(block.path, index, node.span))

    def _class_test(self, node: s.Is, subject: s.Reference, variable: IndexVariable) -> Typed:
        if variable.type not in self.world.index_nodes:
            return bad(node.span)
        classes = self.world.classes(variable.type)
        tests: list[p.Static] = []
        for pattern in node.patterns:
            if pattern.name.text not in classes:
                self.report.unknown(
                    "HL204", pattern.span, f"`{variable.type}` has no class", pattern.name.text, classes
                )
                return bad(node.span)
            tests.append(p.ClassTest(subject.path, pattern.name.text, node.span))
        test = tests[0] if len(tests) == 1 else p.StaticBoolean("or", tuple(tests), node.span)
        return self._negated_static(node, test)

    def _chosen(self, node: s.Is, scope: Scope) -> Typed:
        subject = self.term(node.subject, scope)
        words = [pattern.name.text for pattern in node.patterns]
        if subject.kind == "flag" and words in (["yes"], ["no"]):
            value: p.Static = subject.node  # type: ignore[assignment]
            return self._negated_static(
                node, value if words == ["yes"] else p.StaticBoolean("not", (value,), node.span)
            )
        if subject.kind == "choice":
            for pattern in node.patterns:
                if pattern.name.text not in subject.choices:
                    message = f"this is one of {listed(sorted(subject.choices))}, never"
                    self.report.unknown("HL206", pattern.span, message, pattern.name.text, subject.choices)
                    return bad(node.span)
            return self._negated_static(node, p.ChoiceTest(subject.node, frozenset(words), node.span))  # type: ignore[arg-type]
        if subject.kind != "bad":
            fix = "compare values with == or <="
            self.report.add("HL302", node.subject.span, "`is` asks a machine, a choice, a class or a block", fix=fix)
        return bad(node.span)

    # -- views ---------------------------------------------------------------------------------------------------------

    def seen(self, node: s.Seen, scope: Scope) -> Typed:
        name = node.view.text
        body = self.term(node.body, scope)
        if name not in self.world.view_nodes:
            self.report.unknown("HL201", node.view.span, "there is no view", name, self.world.view_nodes)
            return bad(node.span)
        fine = self.indices(node.view, node.index, self.world.view_parameters[name], scope)
        if body.kind not in ("flag", "condition"):
            if body.kind != "bad":
                self.mismatch_truth(node.body, body)
            return bad(node.span)
        condition = as_condition(body)
        sources = {source.text for source in self.world.view_nodes[name].sources}
        for read, place in direct_reads(condition, self.world.program_lets).items():
            if read not in sources:
                fix = f"add `{read}` to `view {name} of ..`, or read it outside of `seen by {name}`"
                why = f"`{name}` keeps a copy of {listed(sorted(sources))}"
                secondary = ((place, f"`{read}` is read here"),) if place != node.body.span else ()
                self.report.add(
                    "HL308", node.view.span, f"`{name}` does not see `{read}`", why=why, fix=fix, secondary=secondary
                )
                fine = False
        if not fine:
            return bad(node.span)
        return Typed(p.SeenBy(name, tuple(n.text for n in node.index), condition, node.span), "condition")

    # -- lets ----------------------------------------------------------------------------------------------------------

    def call(self, name: s.Name, args: tuple[s.Expression, ...], span: Span, scope: Scope) -> Typed:
        let, body = self.let(name)
        if len(args) != len(let.parameters):
            due = ", ".join(parameter.name for parameter in let.parameters)
            message = f"`{name.text}` takes {many(len(let.parameters), 'value', 'values')}, not {len(args)}"
            self.report.add(
                "HL303", span, message, fix=f"write `{name.text}({due})`" if due else f"write `{name.text}`"
            )
            return bad(span)
        names: list[str] = []
        for arg, parameter in zip(args, let.parameters, strict=True):
            variable = self.variable_name(arg)
            if variable is None or not self.index_argument(variable, parameter.type, parameter.cls, scope):
                return bad(span)
            names.append(variable.text)
        if body.kind == "bad":
            return bad(span)
        if let.static:
            return Typed(p.StaticCall(name.text, tuple(names), span), body.kind)
        return Typed(p.Call(name.text, tuple(names), span), "condition")

    def let(self, name: s.Name) -> tuple[p.Let, Typed]:
        """The let called `name`, checked when it is first asked for; one that needs itself is reported."""
        world = self.world
        if name.text in world.lets:
            return world.lets[name.text]
        node = world.let_nodes[name.text]
        parameters = world.type_parameters(node.parameters)
        empty = p.Let(name.text, parameters, p.Literal_(0, node.span), True, node.span)
        if name.text in world.lets_open:
            cycle = [*world.lets_open[world.lets_open.index(name.text) :], name.text]
            self.report.add("HL208", node.name.span, f"`{name.text}` needs itself: {' -> '.join(cycle)}")
            return empty, bad(node.span)
        world.lets_open.append(name.text)
        body = self.term(node.body, world.scope(node.parameters))
        world.lets_open.pop()
        if body.kind in ("counts", "index", "choice", "amount"):
            what = {"counts": "a count", "index": "a member", "choice": "a choice", "amount": "a percentage"}[body.kind]
            self.report.add(
                "HL302",
                node.body.span,
                f"a `let` cannot stand for {what}",
                fix="compare it in the `let`, or use it where it is due",
            )
            body = bad(node.span)
        static = body.kind != "condition"
        let = empty if body.kind == "bad" else p.Let(name.text, parameters, body.node, static, node.span)  # type: ignore[arg-type]
        world.lets[name.text] = (let, body)
        return world.lets[name.text]


def family_text(family: p.StateFamily) -> str:
    """`starting(k)`."""
    return f"{family.name}({', '.join(arg[0] for arg in family.args)})" if family.args else family.name


def many(number: int, one: str, more: str) -> str:
    return f"{number or 'no'} {one if number == 1 else more}"
