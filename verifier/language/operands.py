"""Values, words, names and settings: the operands of expressions, with what a place asks of them."""

from __future__ import annotations

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.kinds import FUNCTIONS, bad, constant_window, kind_name, listed
from verifier.language.program import Span
from verifier.language.scope import TRUTHS, IndexVariable, NumberVariable, Scope, Typed, World
from verifier.language.text import UNITS, read_duration, read_version


class Operands:
    """Operands as typed expressions of the program. What is made of them comes from the classes that extend this."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.report = world.report

    # -- what a place asks for -----------------------------------------------------------------------------------------

    def static(
        self, node: s.Expression, scope: Scope, kind: str, words: tuple[tuple[str, str | None], ...] = ()
    ) -> p.Static:
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
        if kind == "flag" and isinstance(node, s.Reference) and scope.scenario and "." not in node.path:
            self.report.unknown("HL206", node.span, "this is `yes` or `no`, not", node.path, ("no", "yes"))
            return bad(node.span)
        if kind in ("duration", "window") and isinstance(node, s.Constant) and node.kind == "number":
            self.unit_missing(node)
            return bad(node.span)
        if kind == "version" and isinstance(node, s.Constant) and node.kind == "number":
            self.report.add(
                "HL304",
                node.span,
                f"a version is due here, not the number {node.text}",
                why="1.30 is not 1.3",
                fix=f"write `v{node.text}`",
            )
            return bad(node.span)
        typed = self.term(node, scope)
        if kind in ("duration", "window") and typed.kind == "count":
            self.unit_missing(node)
            return bad(node.span)
        return typed

    def unit_missing(self, node: s.Expression) -> None:
        if isinstance(node, s.Constant):
            text = node.text
            fix = f"write `{text}s` for seconds, `{text}ms` or `{text}m`"
            self.report.add("HL301", node.span, f"a duration needs a unit: {text} of what?", fix=fix)
        else:
            self.report.add("HL301", node.span, "a duration is due here, not a number", fix="multiply it by `1s`")

    def mismatch(self, node: s.Expression, typed: Typed, wanted: str) -> None:
        name = {"size": "a number", "size or percent": "a number or a percentage"}.get(wanted, kind_name(wanted))
        if typed.kind == "condition" and wanted not in TRUTHS:
            self.report.add("HL302", node.span, f"{name} is due here, not a condition")
        elif typed.kind == "condition":
            self.report.add(
                "HL305",
                node.span,
                "this reads the state, but must be known before the search",
                fix="use settings, versions and classes only",
            )
        else:
            self.report.add("HL302", node.span, f"{name} is due here, not {kind_name(typed.kind)}")

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
            self.report.add("HL302", node.span, f"one of {listed(words)} is due here, not {kind_name(typed.kind)}")
            return bad(node.span)
        return typed

    def _word(
        self, word: str, call: s.Invocation | None, span: Span, words: dict[str, str | None], scope: Scope
    ) -> Typed:
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
                self.report.add(
                    "HL305",
                    args[0].span,
                    f"the {payload} of `{word}` is written out, not computed",
                    fix=f"write `{word}(30s)`",
                )
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
        self.report.add(
            "HL302",
            node.span,
            f"a condition is due here, not {kind_name(typed.kind)}",
            fix="compare it, or ask `is`",
        )

    # -- operands ----------------------------------------------------------------------------------------------------

    def constant(self, node: s.Constant) -> Typed:
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
                    self.report.add(
                        "HL105", node.span, ms, fix=f"units are {', '.join(UNITS)}: write 30s, 250ms, 1m30s"
                    )
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

    def reference(self, node: s.Reference, scope: Scope) -> Typed:
        if node.member is not None and node.member != "time":
            self.report.add(
                "HL201", node.span, f"nothing has a `.{node.member}`", fix="write `.time` for the window of a choice"
            )
            return bad(node.span)
        wants_time = node.member == "time"
        path = node.path
        if (
            not wants_time
            and path.endswith(".time")
            and path not in self.world.settings
            and path[:-5] in self.world.settings
        ):
            wants_time, path = True, path[:-5]
        typed = self._named(node, path, scope)
        if not wants_time or typed.kind == "bad":
            return typed
        if typed.kind != "choice":
            self.report.add("HL302", node.span, f"only a choice has a `.time`, not {kind_name(typed.kind)}")
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
        if path in self.world.let_nodes and not node.index and not scope.scenario:
            return self.call(s.Name(path, node.span), (), node.span, scope)
        if path in ("true", "false") and not node.index:
            return Typed(p.Literal_(path == "true", node.span), "flag")
        if (path in self.world.machine_nodes or path in self.world.view_nodes) and not scope.scenario:
            self.report.add(
                "HL302", node.span, f"`{path}` alone is no condition", fix=f"ask for its state: `{path}[..] is ..`"
            )
            return bad(node.span)
        self.unknown_name(path, node.span, scope)
        return bad(node.span)

    def unknown_name(self, name: str, span: Span, scope: Scope) -> None:
        world = self.world
        known = {*FUNCTIONS, *world.settings}
        if not scope.scenario:
            known |= {*scope.variables, *world.let_nodes, *world.machine_nodes, *world.view_nodes}
        same_end = [path for path in world.settings if path.rpartition(".")[2] == name]
        fix = f"write `{same_end[0]}`" if same_end else ""
        self.report.unknown("HL201", span, "nothing is called", name, known, fix=fix, listing=False)

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
                self.report.add(
                    "HL303",
                    node.span,
                    f"`{setting.path}` has a value for each class of {setting.per}: of which is it?",
                    fix=f"write `{setting.path}[p]`, with p: {setting.per}",
                )
                return bad(node.span)
            index = names[0]
            if index != scope.scenario_class and not self.index_argument(
                s.Name(index, node.span), setting.per, None, scope
            ):
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
        if isinstance(variable, IndexVariable) and not {variable.type, type_name} <= self.world.index_nodes.keys():
            return False  # the type itself is unknown, and reported
        if not isinstance(variable, IndexVariable) or variable.type != type_name:
            actual = variable.type if isinstance(variable, IndexVariable) else "number"
            self.report.add("HL306", name.span, f"`{name.text}` is a {actual}; a {type_name} is due here")
            return False
        if cls is not None and variable.cls != cls:
            self.report.add(
                "HL307",
                name.span,
                f"this exists for {cls} {type_name}s only, and `{name.text}` is {variable.cls or 'of any class'}",
                fix=f"bind it as `{name.text}: {type_name} {cls}`",
                secondary=((variable.span, f"`{name.text}` is bound here"),),
            )
            return False
        return True

    # -- given by the classes that extend this ----------------------------------------------------------------------

    def term(self, node: s.Expression, scope: Scope) -> Typed:
        raise NotImplementedError

    def call(self, name: s.Name, args: tuple[s.Expression, ...], span: Span, scope: Scope) -> Typed:
        raise NotImplementedError
