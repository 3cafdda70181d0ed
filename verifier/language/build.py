"""Grammar rules -> syntax tree: one method a rule. Children hold every token; what is optional and absent is None."""

from __future__ import annotations

from typing import Any, Literal

from lark.lexer import Token

from verifier.language import syntax as s
from verifier.language.build_comparisons import Comparisons
from verifier.language.program import Span

_KINDS: dict[str, Literal["number", "duration", "percent", "version", "text"]] = {
    "NUMBER": "number",
    "DURATION": "duration",
    "PERCENT": "percent",
    "VERSION": "version",
    "STRING": "text",
}


class Builder(Comparisons):
    """Methods are called bottom-up while the parser reduces. `file` is set before each parse."""

    # -- files -------------------------------------------------------------------------------------------------------

    def model(self, c: list[Any]) -> s.Model:
        return s.Model(tuple(c))

    def scenario(self, c: list[Any]) -> s.Scenario:
        return s.Scenario(tuple(x for x in c if x is not None and not isinstance(x, Token)))

    def use(self, c: list[Any]) -> s.Use:
        return s.Use(c[1].text, c[1].span)

    def module(self, c: list[Any]) -> s.Name:
        return s.Name("".join(c), self._span(c))

    # -- scenarios ---------------------------------------------------------------------------------------------------

    def block(self, c: list[Any]) -> s.BlockNode:
        entries = tuple(x for x in c[3:] if x is not None and not isinstance(x, Token))
        return s.BlockNode(self._name(c[0]), c[1], entries, self._span(c))

    def label(self, c: list[Any]) -> s.Name:
        return s.Name(str(c[0]).strip('"'), self._span(c))

    def set(self, c: list[Any]) -> s.Assignment:
        because, typical, assumed = "", None, False
        for kind, payload in c[3:]:
            if kind == "because":
                because = payload
            elif kind == "typically":
                typical = payload
            else:
                assumed = True
        return s.Assignment(self._name(c[0]), c[2], because, typical, assumed, self._span(c[:3]))

    def because(self, c: list[Any]) -> tuple[str, Any]:
        return "because", self._text(c[1])

    def typically(self, c: list[Any]) -> tuple[str, Any]:
        return "typically", c[1]

    def assumed(self, c: list[Any]) -> tuple[str, Any]:
        return "assumed", None

    def switch(self, c: list[Any]) -> s.Switch:
        return s.Switch(self._name(c[0]), self._name(c[1]), self._span(c))

    def flag(self, c: list[Any]) -> s.Reference:
        return s.Reference("no", (), None, self._span(c))

    def verify(self, c: list[Any]) -> s.Verify:
        return s.Verify(self._name(c[1]), self._name(c[3]) if c[3] is not None else None, self._span(c))

    # -- settings ----------------------------------------------------------------------------------------------------

    def settings(self, c: list[Any]) -> s.SettingsDeclaration:
        path = c[1]
        entries = tuple(x for x in c[8:] if isinstance(x, s.SettingDeclaration))
        return s.SettingsDeclaration(
            path, c[2] is not None, c[3], c[4], c[5] is not None, self._text(c[6]), entries, self._span(c)
        )

    def inside(self, c: list[Any]) -> s.Name:
        return self._name(c[1])

    def each(self, c: list[Any]) -> s.Binder:
        return self._binder(c[1], c[3], None)

    def setting(self, c: list[Any]) -> s.SettingDeclaration:
        alternatives, either = c[2]
        return s.SettingDeclaration(
            self._name(c[0]), alternatives, either, c[3], self._text(c[4]), c[5] or "", self._span(c[:5])
        )

    def default(self, c: list[Any]) -> Any:
        return c[1]

    def source(self, c: list[Any]) -> str:
        return self._text(c[1])

    def kind(self, c: list[Any]) -> tuple[tuple[tuple[s.Name, s.Name | None], ...], bool]:
        return tuple(x for x in c if not isinstance(x, Token)), False

    def either(self, c: list[Any]) -> tuple[tuple[tuple[s.Name, s.Name | None], ...], bool]:
        return ((c[0], None), (c[2], None)), True

    def alternative(self, c: list[Any]) -> tuple[s.Name, s.Name | None]:
        return c[0], c[1]

    def payload(self, c: list[Any]) -> Any:
        return c[1]

    def kind_word(self, c: list[Any]) -> s.Name:
        return self._name(c[0])

    # -- what there is -----------------------------------------------------------------------------------------------

    def index(self, c: list[Any]) -> s.IndexDeclaration:
        return s.IndexDeclaration(self._name(c[1]), tuple(x for x in c[3:] if isinstance(x, tuple)), self._span(c))

    def class_(self, c: list[Any]) -> tuple[s.Name, Any]:
        return self._name(c[0]), c[2]

    def machine(self, c: list[Any]) -> s.MachineDeclaration:
        steps = tuple(x for x in c[7:] if isinstance(x, s.Step))
        return s.MachineDeclaration(self._name(c[1]), c[2], self._text(c[3]), c[5], c[6], steps, self._span(c))

    def states(self, c: list[Any]) -> tuple[s.Family, ...]:
        return tuple(x for x in c if isinstance(x, s.Family))

    def family(self, c: list[Any]) -> s.Family:
        return s.Family(c[0], tuple(x for x in c if isinstance(x, s.FamilyArgument)), self._span(c))

    def numbered(self, c: list[Any]) -> s.FamilyArgument:
        return s.FamilyArgument(self._name(c[0]), _whole(c[2]), _whole(c[4]), None)

    def indexed(self, c: list[Any]) -> s.FamilyArgument:
        return s.FamilyArgument(self._name(c[0]), 0, 0, self._name(c[2]))

    def initially(self, c: list[Any]) -> tuple[tuple[s.Pattern, Any], ...]:
        return tuple(x for x in c if isinstance(x, tuple))

    def start(self, c: list[Any]) -> tuple[s.Pattern, Any]:
        return c[0], c[2]

    def step(self, c: list[Any]) -> s.Step:
        sources, span = c[0]
        label = s.Name(self._text(c[3]), self._place(c[3], c[3])) if c[3] is not None else None
        last = next(x for x in (c[5], c[4], c[3], c[2]) if x is not None)
        place = Span(self.file, span.line, span.column, *_end(last))
        return s.Step(sources, c[2], label, c[4], c[5], place)

    def one_source(self, c: list[Any]) -> tuple[tuple[s.Pattern, ...], Span]:
        return (c[0],), c[0].span

    def many_sources(self, c: list[Any]) -> tuple[tuple[s.Pattern, ...], Span]:
        return tuple(x for x in c if isinstance(x, s.Pattern)), self._span(c)

    def any_source(self, c: list[Any]) -> tuple[tuple[s.Pattern, ...], Span]:
        return (), self._span(c)

    def guard(self, c: list[Any]) -> Any:
        return c[1]

    def within(self, c: list[Any]) -> s.Delay:
        return s.Delay("within", c[1], self._span(c))

    def after(self, c: list[Any]) -> s.Delay:
        return s.Delay("after", c[1], self._span(c))

    def immediately(self, c: list[Any]) -> s.Delay:
        return s.Delay("immediately", None, self._span(c))

    def pattern(self, c: list[Any]) -> s.Pattern:
        if len(c) < 3 or c[1] is None:
            return s.Pattern(c[0], None, c[0].span)
        args = tuple(None if x == "*" else x for x in c[2:-1] if not (isinstance(x, Token) and x.type == "COMMA"))
        return s.Pattern(c[0], args, self._span(c))

    def star(self, c: list[Any]) -> str:
        return "*"

    def each_of(self, c: list[Any]) -> s.Each:
        return s.Each(c[1], self._span(c))

    def state_name(self, c: list[Any]) -> s.Name:
        return self._name(c[0])

    def parameters(self, c: list[Any]) -> tuple[s.Binder, ...]:
        return tuple(x for x in c if isinstance(x, s.Binder))

    let_parameters = parameters

    def parameter(self, c: list[Any]) -> s.Binder:
        return self._binder(c[0], c[2], c[3])

    def view(self, c: list[Any]) -> s.ViewDeclaration:
        return s.ViewDeclaration(self._name(c[1]), c[2], self._names(c[4:-2]), self._text(c[-2]), c[-1], self._span(c))

    def stale(self, c: list[Any]) -> Any:
        return c[3]

    def summary(self, c: list[Any]) -> s.SummaryDeclaration:
        aspects = tuple(x for x in c if isinstance(x, s.Aspect))
        binder = self._binder(c[4], c[6], None)
        return s.SummaryDeclaration(self._name(c[1]), c[2], binder, self._text(c[7]), aspects, self._span(c))

    def aspect(self, c: list[Any]) -> s.Aspect:
        return s.Aspect(c[0], c[2], c[3], self._span(c))

    def dwell(self, c: list[Any]) -> Any:
        return c[2]

    def let(self, c: list[Any]) -> s.LetDeclaration:
        return s.LetDeclaration(self._name(c[1]), c[2], c[4], self._span(c))

    def require(self, c: list[Any]) -> s.RequireDeclaration:
        return s.RequireDeclaration(c[1], c[3], self._text(c[4]), self._text(c[6]), self._span(c))

    # -- what is asked -----------------------------------------------------------------------------------------------

    def check(self, c: list[Any]) -> s.CheckDeclaration:
        parts = tuple(x for x in c if isinstance(x, s.Part))
        parameter = self._name(c[3]) if c[3] is not None else None
        return s.CheckDeclaration(self._name(c[1]), parameter, self._text(c[4]), parts, self._span(c))

    def never(self, c: list[Any]) -> s.Part:
        return self._part("never", c)

    def ends(self, c: list[Any]) -> s.Part:
        return self._part("ends_with", c)

    def _part(self, kind: Literal["never", "ends_with"], c: list[Any]) -> s.Part:
        covers = tuple(x[1] for x in c[4:-3] if isinstance(x, tuple))
        text = s.Name(self._text(c[3]), self._place(c[3], c[3]))
        lasts, deadline = (c[-1], None) if kind == "never" else (None, c[-1])
        return s.Part(kind, self._name(c[1]), c[2], text, covers, c[-2], lasts, deadline, self._span(c[:4]))

    def covers(self, c: list[Any]) -> tuple[str, Any]:
        return "covers", c[1]

    def lasting(self, c: list[Any]) -> Any:
        return c[1]

    def deadline(self, c: list[Any]) -> Any:
        return c[1]

    def lemma(self, c: list[Any]) -> s.LemmaDeclaration:
        return s.LemmaDeclaration(self._name(c[1]), c[2], self._text(c[3]), c[4], c[7], self._span(c))

    def following(self, c: list[Any]) -> s.Following:
        return s.Following(self._name(c[1]), c[3], self._span(c))

    def soonest(self, c: list[Any]) -> s.Soonest:
        return s.Soonest(self._name(c[2]), c[4], self._span(c))

    def lull(self, c: list[Any]) -> s.LullDeclaration:
        return s.LullDeclaration(
            self._name(c[1]), c[2], self._text(c[3]), c[6], c[9], c[12], self._name(c[14]), c[15], c[17], self._span(c)
        )

    # -- expressions -------------------------------------------------------------------------------------------------

    def if_(self, c: list[Any]) -> s.If:
        return s.If(c[1], c[3], c[5], self._span(c))

    def seen_by(self, c: list[Any]) -> s.Seen:
        return s.Seen(c[0], self._name(c[3]), c[4], self._span(c))

    def indices(self, c: list[Any]) -> tuple[s.Name, ...]:
        return self._names(c)

    def implication(self, c: list[Any]) -> s.Operation:
        return s.Operation("implies", (c[0], c[2]), self._span(c))

    def or_(self, c: list[Any]) -> s.Operation:
        return s.Operation("or", tuple(c[::2]), self._span(c))

    def and_(self, c: list[Any]) -> s.Operation:
        return s.Operation("and", tuple(c[::2]), self._span(c))

    def negation(self, c: list[Any]) -> s.Operation:
        return s.Operation("not", (c[1],), self._span(c))

    def compare(self, c: list[Any]) -> s.Operation:
        return s.Operation(str(c[1]), (c[0], c[2]), self._span(c))

    def arithmetic(self, c: list[Any]) -> s.Operation:
        return s.Operation(str(c[1]), (c[0], c[2]), self._span(c))

    range = arithmetic

    def is_(self, c: list[Any]) -> s.Is:
        return s.Is(c[0], c[2] is not None, c[3], self._span([c[0], *c[3]]))

    def one_pattern(self, c: list[Any]) -> tuple[s.Pattern, ...]:
        return (c[0],)

    def many_patterns(self, c: list[Any]) -> tuple[s.Pattern, ...]:
        return tuple(x for x in c if isinstance(x, s.Pattern))

    def parenthesis(self, c: list[Any]) -> Any:
        return c[1]

    def literal(self, c: list[Any]) -> s.Constant:
        kind = _KINDS[c[0].type]
        return s.Constant(kind, self._text(c[0]) if kind == "text" else str(c[0]), self._span(c))

    def negative(self, c: list[Any]) -> s.Constant:
        return s.Constant(_KINDS[c[1].type], f"-{c[1]}", self._span(c))

    def reference(self, c: list[Any]) -> s.Reference:
        return s.Reference(c[0].text, self._names(c[1:]), c[-1], self._span(c))

    def member(self, c: list[Any]) -> str:
        return str(c[1])

    def call(self, c: list[Any]) -> s.Invocation:
        args = tuple(x for x in c[2:-1] if x is not None and not isinstance(x, Token))
        return s.Invocation(self._name(c[0]), args, self._span(c))

    def quantified(self, c: list[Any]) -> s.Quantifier:
        return s.Quantifier(str(c[0]), None, self._binder(c[1], c[3], c[4]), c[6], self._span(c))  # type: ignore[arg-type]

    def at_least(self, c: list[Any]) -> s.Quantifier:
        return s.Quantifier("at least", c[2], self._binder(c[3], c[5], c[6]), c[8], self._span(c))

    def counted(self, c: list[Any]) -> s.Quantifier:
        return s.Quantifier("count", None, self._binder(c[1], c[3], c[4]), c[6], self._span(c))

    def path(self, c: list[Any]) -> s.Name:
        return s.Name("".join(c), self._span(c))


for _rule in ("class", "if", "or", "and", "is"):  # rules whose names are words of Python
    setattr(Builder, _rule, getattr(Builder, f"{_rule}_"))


def _whole(token: Token) -> int:
    return int(str(token).partition(".")[0][:9])


def _end(node: Any) -> tuple[int, int]:
    if isinstance(node, Token):
        return node.end_line or 1, node.end_column or 1
    return node.span.end_line, node.span.end_column
