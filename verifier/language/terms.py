"""Expressions: names, types and units. Each function returns a `Typed`; what is wrong is reported and becomes kind "bad",
which fits everywhere, so that one mistake is reported once."""

from __future__ import annotations

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.program import Span
from verifier.language.scope import TRUTHS, Counts, IndexVariable, NumberVariable, Scope, Typed, World, index_variable
from verifier.language.text import UNITS, duration_text, read_duration, read_version

FUNCTIONS = {"min": 2, "max": 2, "round_up": 2, "round_down": 2, "power": 2}
COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
_ORDERED = frozenset({"count", "duration", "version", "percent", "amount"})
_NAMES = {
    "count": "a number",
    "amount": "a number or a percentage",
    "duration": "a duration",
    "window": "a window of time",
    "percent": "a percentage",
    "version": "a version",
    "flag": "a truth value",
    "condition": "a condition",
    "choice": "one of the words of a setting",
    "counts": "a count",
    "index": "a member of an index type",
}


def bad(span: Span) -> Typed:
    return Typed(p.Literal_(0, span), "bad")


class Terms:
    """Turns syntax into typed expressions of the program. `patterns` and `lets` come from the classes that extend this."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.report = world.report

    # -- what a place asks for -----------------------------------------------------------------------------------------

    def static(self, node: s.Expression, scope: Scope, kind: str, words: tuple[tuple[str, str | None], ...] = ()) -> p.Static:
        """`node` as a static expression of type `kind`; "window" takes a duration too, for 0s..d."""
        typed = self.valued(node, scope, kind, words)
        if typed.kind == "bad":
            return p.Literal_(0, node.span)
        if kind == "window" and typed.kind == "duration":
            return p.WindowOf("within", typed.node, node.span)  # type: ignore[arg-type]
        accepted = {"size": ("count",), "size or percent": ("count", "percent", "amount")}.get(kind, (kind,))
        if typed.kind not in accepted:
            self.mismatch(node, typed, kind)
            return p.Literal_(0, node.span)
        return typed.node  # type: ignore[return-value]

    def valued(self, node: s.Expression, scope: Scope, kind: str, words: tuple[tuple[str, str | None], ...]) -> Typed:
        """Where a choice or a flag is due, a bare word is one; `if` passes this on to its branches."""
        if isinstance(node, s.If) and kind in ("choice", "flag", "window", "duration"):
            condition = self.truth_known(node.condition, scope)
            then = self.static(node.then, scope, kind, words)
            other = self.static(node.other, scope, kind, words)
            return Typed(p.Choose(condition, then, other, node.span), kind)
        if kind == "choice":
            return self._choice(node, scope, dict(words))
        if kind == "flag" and isinstance(node, s.Reference) and node.path in ("yes", "no"):
            return Typed(p.Literal_(node.path == "yes", node.span), "flag")
        if kind == "version" and isinstance(node, s.Constant) and node.kind == "number":
            self.report.add("HL304", node.span, f"a version is due here, not the number {node.text}", why="1.30 is not 1.3", fix=f"write `v{node.text}`")
            return bad(node.span)
        typed = self.term(node, scope)
        if kind in ("duration", "window") and typed.kind == "count":
            self.unit_missing(node)
            return bad(node.span)
        return typed

    def unit_missing(self, node: s.Expression) -> None:
        text = node.text if isinstance(node, s.Constant) else ""
        shown, fix = (text, f"write `{text}s` for seconds, `{text}ms` or `{text}m`") if text else ("this", "give it a unit, as in `30s`")
        self.report.add("HL301", node.span, f"a duration needs a unit: {shown} of what?", fix=fix)

    def mismatch(self, node: s.Expression, typed: Typed, wanted: str) -> None:
        name = {"size": "a number", "size or percent": "a number or a percentage"}.get(wanted, _NAMES.get(wanted, wanted))
        if typed.kind == "condition" and wanted not in TRUTHS:
            self.report.add("HL302", node.span, f"{name} is due here, not a condition")
        elif typed.kind == "condition":
            self.report.add("HL305", node.span, "this reads the state, but must be known before the search", fix="use settings, versions and classes only")
        else:
            self.report.add("HL302", node.span, f"{name} is due here, not {_NAMES.get(typed.kind, typed.kind)}")

    def _choice(self, node: s.Expression, scope: Scope, words: dict[str, str | None]) -> Typed:
        if isinstance(node, s.Reference) and "." not in node.path and not node.index:
            return self._word(node.path, None, node.span, words, scope)
        if isinstance(node, s.Invocation):
            return self._word(node.name.text, node, node.span, words, scope)
        typed = self.term(node, scope)
        if typed.kind == "choice" and not typed.choices <= set(words):
            self.mismatch(node, Typed(typed.node, "another setting's choice"), "choice")
            return bad(node.span)
        if typed.kind not in ("choice", "bad"):
            self.report.add("HL302", node.span, f"one of {listed(words)} is due here, not {_NAMES.get(typed.kind, typed.kind)}")
            return bad(node.span)
        return typed

    def _word(self, word: str, call: s.Invocation | None, span: Span, words: dict[str, str | None], scope: Scope) -> Typed:
        if word not in words:
            self.report.unknown("HL206", span, f"this is one of {listed(words)}, not", word, words)
            return bad(span)
        payload = words[word]
        args = call.args if call else ()
        if payload is None and args:
            self.report.add("HL303", span, f"`{word}` takes no value", fix=f"write `{word}`")
            return bad(span)
        if payload is not None and len(args) != 1:
            example = "30s" if payload == "duration" else "0s..30s"
            self.report.add("HL303", span, f"`{word}` needs a {payload}", fix=f"write `{word}({example})`")
            return bad(span)
        if payload is None:
            return Typed(p.Literal_(p.Choice(word), span), "choice")
        body = self.static(args[0], scope, payload)
        window = constant_window(body)
        if window is None:
            if not (isinstance(body, p.Literal_) and body.value == 0):
                self.report.add("HL305", args[0].span, f"the {payload} of `{word}` is written out, not computed", fix=f"write `{word}(30s)`")
            return bad(span)
        return Typed(p.Literal_(p.Choice(word, window), span), "choice")

    def truth_known(self, node: s.Expression, scope: Scope) -> p.Static:
        """A truth value known before the search."""
        return self.static(node, scope, "flag")

    def condition(self, node: s.Expression, scope: Scope) -> p.Condition:
        typed = self.term(node, scope)
        if typed.kind == "flag":
            return p.When(typed.node, node.span)  # type: ignore[arg-type]
        if typed.kind == "condition":
            return typed.node  # type: ignore[return-value]
        if typed.kind != "bad":
            self.mismatch_truth(node, typed)
        return p.When(p.Literal_(True, node.span), node.span)

    def mismatch_truth(self, node: s.Expression, typed: Typed) -> None:
        self.report.add("HL302", node.span, f"a condition is due here, not {_NAMES.get(typed.kind, typed.kind)}", fix="compare it, or ask `is`")

    # -- expressions ---------------------------------------------------------------------------------------------------

    def term(self, node: s.Expression, scope: Scope) -> Typed:
        match node:
            case s.Constant():
                return self._constant(node)
            case s.Reference():
                return self._reference(node, scope)
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

    def _constant(self, node: s.Constant) -> Typed:
        value: p.Value
        match node.kind:
            case "number":
                if "." in node.text or len(node.text) > 10:
                    fix = f"write `v{node.text}` if it is a version" if "." in node.text else ""
                    self.report.add("HL302", node.span, "numbers are whole and have at most ten digits", fix=fix)
                    return bad(node.span)
                return Typed(p.Literal_(int(node.text), node.span), "count")
            case "duration":
                ms = read_duration(node.text)
                if isinstance(ms, str):
                    self.report.add("HL105", node.span, ms, fix=f"units are {', '.join(UNITS)}: write 30s, 250ms, 1m30s")
                    return bad(node.span)
                return Typed(p.Literal_(p.Duration(ms), node.span), "duration")
            case "percent":
                return Typed(p.Literal_(p.Percent(int(node.text[:-1][:9])), node.span), "percent")
            case "version":
                version = read_version(node.text)
                if version is None:
                    short = ".".join(node.text.split(".")[:2])
                    self.report.add("HL304", node.span, "a version has two numbers", fix=f"write `{short}`")
                    return bad(node.span)
                return Typed(p.Literal_(version, node.span), "version")
            case "text":
                self.report.add("HL302", node.span, "a text has no meaning here", fix="write the name without quotes")
                return bad(node.span)
        value = False
        return Typed(p.Literal_(value, node.span), "flag")

    def _reference(self, node: s.Reference, scope: Scope) -> Typed:
        if node.member is not None and node.member != "time":
            self.report.add("HL201", node.span, f"nothing has a `.{node.member}`", fix="write `.time` for the window of a choice")
            return bad(node.span)
        wants_time = node.member == "time"
        path = node.path
        if not wants_time and path.endswith(".time") and path not in self.world.settings and path[:-5] in self.world.settings:
            wants_time, path = True, path[:-5]
        typed = self._named(node, path, scope)
        if not wants_time or typed.kind == "bad":
            return typed
        if typed.kind != "choice":
            self.report.add("HL302", node.span, f"only a choice has a `.time`, not {_NAMES.get(typed.kind, typed.kind)}")
            return bad(node.span)
        return Typed(p.TimeOf(typed.node, node.span), "window")  # type: ignore[arg-type]

    def _named(self, node: s.Reference, path: str, scope: Scope) -> Typed:
        if path in self.world.settings:
            return self._setting(node, self.world.settings[path], scope)
        if "." in path:
            self.unknown_setting(path, node.span)
            return bad(node.span)
        variable = scope.variables.get(path)
        if variable is not None and not node.index:
            if isinstance(variable, NumberVariable):
                return Typed(p.Variable(path, node.span), "count")
            return Typed(p.Literal_(0, node.span), "index")
        if path in self.world.let_nodes and not node.index:
            return self.call(s.Name(path, node.span), (), node.span, scope)
        if path in ("true", "false") and not node.index:
            return Typed(p.Literal_(path == "true", node.span), "flag")
        if path in self.world.machine_nodes or path in self.world.view_nodes:
            self.report.add("HL302", node.span, f"`{path}` alone is no condition", fix=f"ask for its state: `{path}[..] is ..`")
            return bad(node.span)
        self.unknown_name(path, node.span, scope)
        return bad(node.span)

    def unknown_name(self, name: str, span: Span, scope: Scope) -> None:
        world = self.world
        known = {*scope.variables, *world.let_nodes, *world.machine_nodes, *world.view_nodes, *FUNCTIONS, *world.settings}
        same_end = [path for path in world.settings if path.rpartition(".")[2] == name]
        self.report.unknown("HL201", span, "nothing is called", name, known, fix=f"write `{same_end[0]}`" if same_end else "")

    def unknown_setting(self, path: str, span: Span) -> None:
        self.report.unknown("HL202", span, "there is no setting", path, self.world.settings)

    def _setting(self, node: s.Reference, setting: p.Setting, scope: Scope) -> Typed:
        index: str | None = None
        names = tuple(n.text for n in node.index)
        if setting.per is None and names:
            self.report.add("HL303", node.span, f"`{setting.path}` has one value only", fix=f"write `{setting.path}`")
            return bad(node.span)
        if setting.per is not None:
            if not names and scope.scenario_class is not None:
                names = (scope.scenario_class,)
            if len(names) != 1:
                self.report.add("HL303", node.span, f"`{setting.path}` has a value for each class of {setting.per}: of which is it?", fix=f"write `{setting.path}[p]`, with p: {setting.per}")
                return bad(node.span)
            index = names[0]
            if index != scope.scenario_class and not self.index_argument(s.Name(index, node.span), setting.per, None, scope):
                return bad(node.span)
        kind = {"size": "count", "size or percent": "amount"}.get(setting.kind, setting.kind)
        return Typed(p.SettingRead(setting.path, index, node.span), kind, frozenset(w for w, _ in setting.choices))

    def index_argument(self, name: s.Name, type_name: str, cls: str | None, scope: Scope) -> bool:
        """Whether `name` is a variable of the type (and class) that is due."""
        variable = scope.variables.get(name.text)
        if variable is None:
            variables = [v for v, x in scope.variables.items() if isinstance(x, IndexVariable) and x.type == type_name]
            self.report.unknown("HL201", name.span, f"no {type_name} is called", name.text, variables)
            return False
        if not isinstance(variable, IndexVariable) or variable.type != type_name:
            actual = variable.type if isinstance(variable, IndexVariable) else "number"
            self.report.add("HL306", name.span, f"`{name.text}` is a {actual}; a {type_name} is due here")
            return False
        if cls is not None and variable.cls != cls:
            self.report.add(
                "HL307",
                name.span,
                f"this exists for {cls} members of {type_name} only, and `{name.text}` is {variable.cls or 'of any class'}",
                fix=f"bind it as `{name.text}: {type_name} {cls}`",
                secondary=((variable.span, f"`{name.text}` is bound here"),),
            )
            return False
        return True

    def _invocation(self, node: s.Invocation, scope: Scope) -> Typed:
        name = node.name.text
        if name in self.world.let_nodes:
            return self.call(node.name, node.args, node.span, scope)
        if name not in FUNCTIONS:
            self.unknown_name(name, node.name.span, scope)
            return bad(node.span)
        if len(node.args) < 2 or (len(node.args) > 2 and name not in ("min", "max")):
            self.report.add("HL303", node.span, f"`{name}` takes two values, not {len(node.args)}")
            return bad(node.span)
        typed = [self.term(arg, scope) for arg in node.args]
        if any(t.kind == "bad" for t in typed):
            return bad(node.span)
        args = tuple(t.node for t in typed)
        kinds = [t.kind for t in typed]
        kind = _function_kind(name, kinds)
        if kind is None:
            if {"count", "duration"} <= set(kinds) or {"count", "window"} <= set(kinds):
                self.unit_missing(node.args[kinds.index("count")])
            else:
                self.report.add("HL302", node.span, f"`{name}` cannot combine {' and '.join(_NAMES.get(k, k) for k in kinds)}")
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
                    self.report.add("HL302", arg.span, f"the end of a window is a duration, not {_NAMES.get(kind, kind)}")
            return bad(node.span)
        kind = _arithmetic_kind(node.op, kinds)
        if kind is not None:
            return Typed(p.Arithmetic(node.op, args, node.span), kind)
        if node.op in "+-" and "count" in kinds and ("duration" in kinds or "window" in kinds):
            self.unit_missing(node.args[kinds.index("count")])
        else:
            self.report.add("HL302", node.span, f"`{node.op}` cannot combine {_NAMES.get(kinds[0], kinds[0])} and {_NAMES.get(kinds[1], kinds[1])}")
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
        left, right = self._compared(node, scope)
        if "bad" in (left.kind, right.kind):
            return bad(node.span)
        kinds = {left.kind, right.kind}
        if "counts" in kinds:
            if kinds - {"counts", "count"}:
                self.report.add("HL302", node.span, f"a count compares with a number, not with {_NAMES.get((kinds - {'counts', 'count'}).pop(), 'this')}")
                return bad(node.span)
            return Typed(compare_counts(node.op, as_counts(left, node.span), as_counts(right, node.span), node.span), "condition")
        if kinds == {"count", "duration"}:
            self.unit_missing(node.args[0] if left.kind == "count" else node.args[1])
            return bad(node.span)
        if len(kinds) > 1 or not (kinds <= _ORDERED or (kinds == {"flag"} and node.op in ("==", "!="))):
            fix = "ask `is` for a choice, a state or a class" if kinds & {"choice", "index"} else ""
            self.report.add("HL302", node.span, f"`{node.op}` cannot compare {_NAMES.get(left.kind, left.kind)} with {_NAMES.get(right.kind, right.kind)}", fix=fix)
            return bad(node.span)
        return Typed(p.Compare(node.op, left.node, right.node, node.span), "flag")  # type: ignore[arg-type]

    def _compared(self, node: s.Operation, scope: Scope) -> tuple[Typed, Typed]:
        """Both sides; a bare number beside a version is asked about."""
        left, right = self.term(node.args[0], scope), self.term(node.args[1], scope)
        return left, right

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
                return Typed(p.StaticBoolean("or", (p.StaticBoolean("not", args[:1], node.span), args[1]), node.span), "flag")
            return Typed(p.StaticBoolean(node.op, args, node.span), "flag")  # type: ignore[arg-type]
        return Typed(p.Boolean(node.op, tuple(as_condition(part) for part in parts), node.span), "condition")  # type: ignore[arg-type]

    def _if(self, node: s.If, scope: Scope) -> Typed:
        chosen = self.term(node.condition, scope)
        if chosen.kind == "condition":
            self.report.add("HL305", node.condition.span, "`if` decides before the search, but this reads the state", fix="write `(c and a) or (not c and b)`")
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
            self.report.add("HL302", node.span, f"the branches of `if` differ: {_NAMES.get(then.kind, then.kind)} and {_NAMES.get(other.kind, other.kind)}")
            return bad(node.span)
        return Typed(p.Choose(condition, then.node, other.node, node.span), then.kind)  # type: ignore[arg-type]

    def _quantifier(self, node: s.Quantifier, scope: Scope) -> Typed:
        binder = node.binder
        self.world.known_type(binder)
        if binder.name.text in scope.variables:
            self.report.add("HL205", binder.name.span, f"`{binder.name.text}` is bound already", fix="give it another name", secondary=((scope.variables[binder.name.text].span, "here"),))
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
        kind = "every" if node.kind == "every" else "some"
        if body.kind == "flag":
            static: p.Static = p.StaticQuantified(kind, var, type_, cls, body.node, node.span)  # type: ignore[arg-type]
            return Typed(p.StaticBoolean("not", (static,), node.span) if node.kind == "no" else static, "flag")
        found: p.Condition = p.Quantified(kind, var, type_, cls, as_condition(body), node.span)
        return Typed(p.Boolean("not", (found,), node.span) if node.kind == "no" else found, "condition")

    # -- given by the classes that extend this -------------------------------------------------------------------------

    def membership(self, node: s.Is, scope: Scope) -> Typed:
        raise NotImplementedError

    def seen(self, node: s.Seen, scope: Scope) -> Typed:
        raise NotImplementedError

    def call(self, name: s.Name, args: tuple[s.Expression, ...], span: Span, scope: Scope) -> Typed:
        raise NotImplementedError


def as_condition(typed: Typed) -> p.Condition:
    return p.When(typed.node, typed.node.span) if typed.kind == "flag" else typed.node  # type: ignore[arg-type, return-value]


def exactly(typed: Typed) -> Typed:
    """A duration beside a window is the window d..d."""
    if typed.kind != "duration":
        return typed
    return Typed(p.WindowOf("after", typed.node, typed.node.span), "window")  # type: ignore[arg-type]


def as_counts(typed: Typed, span: Span) -> Counts:
    return typed.node if isinstance(typed.node, Counts) else Counts((), typed.node, span)  # type: ignore[arg-type]


def signed(term: p.Counted, sign: int) -> p.Counted:
    return term if sign == 1 else p.Counted(-term.sign, term.var, term.type, term.cls, term.body, term.span)


def plus(a: p.Static, b: p.Static, sign: int, span: Span) -> p.Static:
    """a + b or a - b; numbers are added at once."""
    if isinstance(b, p.Literal_) and isinstance(b.value, int):
        if isinstance(a, p.Literal_) and isinstance(a.value, int):
            return p.Literal_(a.value + sign * b.value, span)
        if b.value == 0:
            return a
    return p.Arithmetic("+" if sign == 1 else "-", (a, b), span)


def compare_counts(op: str, left: Counts, right: Counts, span: Span) -> p.Condition:
    """Any comparison of counts as `sum of terms >= bound`, with `not` where that leaves the counts positive."""
    if op in ("==", "!="):
        both = p.Boolean("and", (compare_counts(">=", left, right, span), compare_counts("<=", left, right, span)), span)
        return both if op == "==" else p.Boolean("not", (both,), span)
    if op in ("<", "<="):
        if not right.terms:
            return p.Boolean("not", (compare_counts(">=" if op == "<" else ">", left, right, span),), span)
        return compare_counts(">" if op == "<" else ">=", right, left, span)
    if not left.terms:
        return p.Boolean("not", (compare_counts(">=" if op == ">" else ">", right, left, span),), span)
    bound = plus(right.number, left.number, -1, span)
    if op == ">":
        bound = plus(bound, p.Literal_(1, span), 1, span)
    return p.CountCompare(left.terms + tuple(signed(t, -1) for t in right.terms), bound, span)


def constant_window(body: p.Static) -> p.Window | None:
    """The window that literals say: `30s` is 30s..30s, a duration for a window 0s..d."""
    match body:
        case p.Literal_(p.Duration(ms)):
            return p.Window(ms, ms)
        case p.WindowOf(mode, p.Literal_(p.Duration(ms))):
            return p.Window(0 if mode == "within" else ms, ms)
        case p.Arithmetic("..", (p.Literal_(p.Duration(lo)), p.Literal_(p.Duration(hi)))):
            return p.Window(lo, hi)
    return None


def _function_kind(name: str, kinds: list[str]) -> str | None:
    if name in ("round_up", "round_down"):
        return "count" if kinds[0] in ("amount", "percent", "count") and kinds[1] == "count" else None
    if name == "power":
        return "count" if kinds == ["count", "count"] else None
    if set(kinds) <= {"duration", "window"}:
        return "window" if "window" in kinds else "duration"
    return "count" if set(kinds) == {"count"} else None


def _arithmetic_kind(op: str, kinds: tuple[str, str]) -> str | None:
    if op == "*":
        if kinds[0] == "count":
            return kinds[1] if kinds[1] in ("count", "duration", "window") else None
        return kinds[0] if kinds[1] == "count" and kinds[0] in ("duration", "window") else None
    if set(kinds) <= {"duration", "window"}:
        return "window" if "window" in kinds else "duration"
    return "count" if kinds == ("count", "count") else None


def listed(words: object) -> str:
    names = [f"`{w}`" for w in words]  # type: ignore[attr-defined]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


__all__ = ["Terms", "bad", "duration_text"]
