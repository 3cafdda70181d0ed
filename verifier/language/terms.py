"""Expressions: arithmetic, comparisons, truth and quantifiers. Each method returns a `Typed`; what is wrong is reported
and becomes kind "bad", which fits everywhere, so that one mistake is reported once."""

from __future__ import annotations

from typing import Literal

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.kinds import (
    COMPARISONS,
    FUNCTIONS,
    ORDERED,
    arithmetic_kind,
    as_condition,
    as_counts,
    bad,
    compare_counts,
    exactly,
    function_kind,
    kind_name,
    plus,
    signed,
)
from verifier.language.operands import Operands
from verifier.language.reads import compared
from verifier.language.scope import TRUTHS, Counts, IndexVariable, Scope, Typed, index_variable


class Terms(Operands):
    # -- expressions ---------------------------------------------------------------------------------------------------

    def term(self, node: s.Expression, scope: Scope) -> Typed:
        match node:
            case s.Constant():
                return self.constant(node)
            case s.Each():
                self.report.add("HL303", node.span, "`each` stands in initial states, for an index")
                return bad(node.span)
            case s.Reference():
                return self.reference(node, scope)
            case s.Invocation():
                return self._invocation(node, scope)
            case s.Operation(op) if op in COMPARISONS:
                return self._comparison(node, scope)
            case s.Operation("and" | "or" | "not" | "implies"):
                return self._boolean(node, scope)
            case s.Operation():
                return self._arithmetic(node, scope)
            case s.Is():
                return self.membership(node, scope)
            case s.If():
                return self._if(node, scope)
            case s.Quantifier():
                return self._quantifier(node, scope)
            case s.Seen():
                return self.seen(node, scope)

    def _invocation(self, node: s.Invocation, scope: Scope) -> Typed:
        name = node.name.text
        if name in self.world.let_nodes:
            return self.call(node.name, node.args, node.span, scope)
        if name not in FUNCTIONS:
            self.unknown_name(name, node.name.span, scope)
            return bad(node.span)
        due = FUNCTIONS[name]
        if len(node.args) < due or (len(node.args) > due and name not in ("min", "max")):
            values = "one value" if due == 1 else "two values"
            self.report.add("HL303", node.span, f"`{name}` takes {values}, not {len(node.args)}")
            return bad(node.span)
        typed = [self.term(arg, scope) for arg in node.args]
        if any(t.kind == "bad" for t in typed):
            return bad(node.span)
        args = tuple(t.node for t in typed)
        kinds = [t.kind for t in typed]
        kind = function_kind(name, kinds)
        if kind is None:
            if {"count", "duration"} <= set(kinds) or {"count", "window"} <= set(kinds):
                self.unit_missing(node.args[kinds.index("count")])
            else:
                self.report.add(
                    "HL302", node.span, f"`{name}` cannot combine {' and '.join(kind_name(k) for k in kinds)}"
                )
            return bad(node.span)
        return Typed(p.Arithmetic(name, args, node.span), kind)  # type: ignore[arg-type]

    # -- arithmetic ----------------------------------------------------------------------------------------------------

    def _arithmetic(self, node: s.Operation, scope: Scope) -> Typed:
        left, right = (self.term(arg, scope) for arg in node.args)
        if "bad" in (left.kind, right.kind):
            return bad(node.span)
        if "counts" in (left.kind, right.kind):
            return self._sum_of_counts(node, left, right)
        kinds = (left.kind, right.kind)
        args: tuple[p.Static, p.Static] = (left.node, right.node)  # type: ignore[assignment]
        if node.op == "..":
            if kinds == ("duration", "duration"):
                return Typed(p.Arithmetic("..", args, node.span), "window")
            for kind, arg in zip(kinds, node.args, strict=True):
                if kind == "count":
                    self.unit_missing(arg)
                elif kind != "duration":
                    self.report.add("HL302", arg.span, f"the end of a window is a duration, not {kind_name(kind)}")
            return bad(node.span)
        combined = arithmetic_kind(node.op, kinds)
        if combined is not None:
            return Typed(p.Arithmetic(node.op, args, node.span), combined)
        if node.op in "+-" and "count" in kinds and ("duration" in kinds or "window" in kinds):
            self.unit_missing(node.args[kinds.index("count")])
        else:
            self.report.add(
                "HL302",
                node.span,
                f"`{node.op}` cannot combine {kind_name(kinds[0])} and {kind_name(kinds[1])}",
            )
        return bad(node.span)

    def _sum_of_counts(self, node: s.Operation, left: Typed, right: Typed) -> Typed:
        if node.op not in ("+", "-") or {left.kind, right.kind} - {"count", "counts"}:
            self.report.add("HL302", node.span, "counts can be added, subtracted and compared, nothing else")
            return bad(node.span)
        a, b = as_counts(left, node.span), as_counts(right, node.span)
        sign = 1 if node.op == "+" else -1
        terms = a.terms + tuple(signed(t, sign) for t in b.terms)
        return Typed(Counts(terms, plus(a.number, b.number, sign, node.span), node.span), "counts")

    def _comparison(self, node: s.Operation, scope: Scope) -> Typed:
        same = self._same_index(node, scope)
        if same is not None:
            return same
        left, right = (self.term(arg, scope) for arg in node.args)
        if "bad" in (left.kind, right.kind):
            return bad(node.span)
        kinds = {left.kind, right.kind}
        if "counts" in kinds:
            if kinds - {"counts", "count"}:
                self.report.add(
                    "HL302",
                    node.span,
                    f"a count compares with a number, not with {kind_name((kinds - {'counts', 'count'}).pop())}",
                )
                return bad(node.span)
            return Typed(
                compare_counts(node.op, as_counts(left, node.span), as_counts(right, node.span), node.span), "condition"
            )
        if kinds == {"count", "version"}:
            number = node.args[0] if left.kind == "count" else node.args[1]
            self.report.add("HL304", number.span, "a version compares with a version", fix="write it as `v1.30`")
            return bad(node.span)
        if kinds == {"count", "duration"}:
            self.unit_missing(node.args[0] if left.kind == "count" else node.args[1])
            return bad(node.span)
        if len(kinds) > 1 or not (kinds <= ORDERED or (kinds == {"flag"} and node.op in ("==", "!="))):
            fix = "ask `is` for a choice, a state or a class" if kinds & {"choice", "index"} else ""
            self.report.add(
                "HL302",
                node.span,
                f"`{node.op}` cannot compare {kind_name(left.kind)} with {kind_name(right.kind)}",
                fix=fix,
            )
            return bad(node.span)
        return Typed(p.Compare(node.op, left.node, right.node, node.span), "flag")  # type: ignore[arg-type]

    def _same_index(self, node: s.Operation, scope: Scope) -> Typed | None:
        """`p == q` of two variables."""
        names = [arg.path for arg in node.args if isinstance(arg, s.Reference) and not arg.index]
        variables = [scope.variables.get(name) for name in names]
        if node.op not in ("==", "!=") or len(names) != 2 or not any(isinstance(v, IndexVariable) for v in variables):
            return None
        left, right = variables
        if not isinstance(left, IndexVariable) or not isinstance(right, IndexVariable) or left.type != right.type:
            self.report.add("HL306", node.span, "only two members of one index type can be the same")
            return bad(node.span)
        same = p.SameIndex(names[0], names[1], node.span)
        return Typed(same if node.op == "==" else p.StaticBoolean("not", (same,), node.span), "flag")

    # -- truth ---------------------------------------------------------------------------------------------------------

    def _boolean(self, node: s.Operation, scope: Scope) -> Typed:
        parts = [self.term(arg, scope) for arg in node.args]
        for part, arg in zip(parts, node.args, strict=True):
            if part.kind not in TRUTHS and part.kind != "bad":
                self.mismatch_truth(arg, part)
        if any(part.kind not in TRUTHS for part in parts):
            return bad(node.span)
        if all(part.kind == "flag" for part in parts):
            args: tuple[p.Static, ...] = tuple(part.node for part in parts)  # type: ignore[misc]
            if node.op == "implies":
                return Typed(
                    p.StaticBoolean("or", (p.StaticBoolean("not", args[:1], node.span), args[1]), node.span), "flag"
                )
            return Typed(p.StaticBoolean(node.op, args, node.span), "flag")  # type: ignore[arg-type]
        return Typed(p.Boolean(node.op, tuple(as_condition(part) for part in parts), node.span), "condition")  # type: ignore[arg-type]

    def _if(self, node: s.If, scope: Scope) -> Typed:
        chosen = self.term(node.condition, scope)
        if chosen.kind == "condition":
            self.report.add(
                "HL305",
                node.condition.span,
                "`if` decides before the search, but this reads the state",
                fix="write `(c and a) or (not c and b)`",
            )
        elif chosen.kind not in ("flag", "bad"):
            self.mismatch_truth(node.condition, chosen)
        then, other = self.term(node.then, scope), self.term(node.other, scope)
        if chosen.kind != "flag" or "bad" in (then.kind, other.kind):
            return bad(node.span)
        condition: p.Static = chosen.node  # type: ignore[assignment]
        kinds = {then.kind, other.kind}
        if kinds <= TRUTHS and "condition" in kinds:
            return Typed(p.IfStatic(condition, as_condition(then), as_condition(other), node.span), "condition")
        if kinds == {"duration", "window"}:
            then, other = exactly(then), exactly(other)
            kinds = {"window"}
        if len(kinds) > 1 or kinds & {"counts", "index", "choice"}:
            self.report.add(
                "HL302",
                node.span,
                f"the branches of `if` differ: {kind_name(then.kind)} and {kind_name(other.kind)}",
            )
            return bad(node.span)
        return Typed(p.Choose(condition, then.node, other.node, node.span), then.kind)  # type: ignore[arg-type]

    def _quantifier(self, node: s.Quantifier, scope: Scope) -> Typed:
        binder = node.binder
        self.world.known_type(binder)
        if binder.name.text in scope.variables:
            self.report.add(
                "HL205",
                binder.name.span,
                f"`{binder.name.text}` is bound already",
                fix="give it another name",
                secondary=((scope.variables[binder.name.text].span, "here"),),
            )
        inner = scope.bind(binder.name.text, index_variable(binder))
        body = self.term(node.body, inner)
        if body.kind not in TRUTHS:
            if body.kind != "bad":
                self.mismatch_truth(node.body, body)
            return bad(node.span)
        var, type_, cls = binder.name.text, binder.type.text, binder.cls.text if binder.cls else None
        if node.kind in ("count", "at least"):
            counted = p.Counted(1, var, type_, cls, as_condition(body), node.span)
            if node.kind == "count":
                return Typed(Counts((counted,), p.Literal_(0, node.span), node.span), "counts")
            assert node.least is not None
            bound = self.static(node.least, scope, "count")
            return Typed(p.CountCompare((counted,), bound, node.span), "condition")
        kind: Literal["some", "every"] = "every" if node.kind == "every" else "some"
        if body.kind == "flag" and var not in compared(body.node, self.world.program_lets):
            static: p.Static = p.StaticQuantified(kind, var, type_, cls, body.node, node.span)  # type: ignore[arg-type]
            return Typed(p.StaticBoolean("not", (static,), node.span) if node.kind == "no" else static, "flag")
        found: p.Condition = p.Quantified(kind, var, type_, cls, as_condition(body), node.span)
        return Typed(p.Boolean("not", (found,), node.span) if node.kind == "no" else found, "condition")

    # -- given by the classes that extend this -------------------------------------------------------------------------

    def membership(self, node: s.Is, scope: Scope) -> Typed:
        raise NotImplementedError

    def seen(self, node: s.Seen, scope: Scope) -> Typed:
        raise NotImplementedError
