"""What names mean while models are checked: the declarations, and the variables bound around an expression."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.diagnostics import Collector
from verifier.language.program import Span
from verifier.records import dataclass

# Types of expressions. "flag": a truth value known before the search; "condition": one that reads the state; "counts":
# a sum of `count`; "amount": a number or a percentage; "bad": already reported, fits everything.
Kind = str
TRUTHS = frozenset({"flag", "condition"})


@dataclass(frozen=True, slots=True)
class Counts:
    """A sum of `count .. (..)` and of numbers."""

    terms: tuple[p.Counted, ...]
    number: p.Static
    span: Span


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression and its type. `choices`: the words of a choice."""

    node: p.Static | p.Condition | Counts
    kind: Kind
    choices: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class IndexVariable:
    type: str
    cls: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class NumberVariable:
    lo: int
    hi: int
    span: Span


@dataclass(frozen=True, slots=True)
class Scope:
    """Variables bound here. In a scenario `scenario_class` is the variable of settings that have a value a class."""

    variables: Mapping[str, IndexVariable | NumberVariable] = field(default_factory=dict)
    scenario: bool = False
    scenario_class: str | None = None

    def bind(self, name: str, variable: IndexVariable | NumberVariable) -> Scope:
        return replace(self, variables={**self.variables, name: variable})


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a settings block. `inside`: the block it stands in, if it is not a block of its own."""

    path: str
    shared: bool
    inside: str | None
    optional: bool
    doc: str
    span: Span


@dataclass(slots=True)
class World:
    """Everything declared. Filled by `declare`, read by everyone."""

    report: Collector
    headers: dict[str, Header] = field(default_factory=dict)
    settings: dict[str, p.Setting] = field(default_factory=dict)
    setting_nodes: dict[str, tuple[s.SettingDeclaration, s.SettingsDeclaration]] = field(default_factory=dict)
    blocks: dict[str, p.Block] = field(default_factory=dict)
    index_nodes: dict[str, s.IndexDeclaration] = field(default_factory=dict)
    indices: dict[str, p.IndexType] = field(default_factory=dict)
    let_nodes: dict[str, s.LetDeclaration] = field(default_factory=dict)
    lets: dict[str, tuple[p.Let, Typed]] = field(default_factory=dict)
    lets_open: list[str] = field(default_factory=list)
    machine_nodes: dict[str, s.MachineDeclaration] = field(default_factory=dict)
    families: dict[str, dict[str, p.StateFamily]] = field(default_factory=dict)
    machine_parameters: dict[str, tuple[p.Parameter, ...]] = field(default_factory=dict)
    machines: dict[str, p.MachineTemplate] = field(default_factory=dict)
    view_nodes: dict[str, s.ViewDeclaration] = field(default_factory=dict)
    view_parameters: dict[str, tuple[p.Parameter, ...]] = field(default_factory=dict)
    views: dict[str, p.ViewTemplate] = field(default_factory=dict)
    summary_nodes: dict[str, s.SummaryDeclaration] = field(default_factory=dict)
    summaries: dict[str, p.Summary] = field(default_factory=dict)
    check_nodes: dict[str, s.CheckDeclaration] = field(default_factory=dict)
    checks: dict[str, p.CheckGroup] = field(default_factory=dict)
    lemma_nodes: dict[str, s.LemmaDeclaration | s.LullDeclaration] = field(default_factory=dict)
    lemmas: dict[str, p.Lemma] = field(default_factory=dict)
    lulls: dict[str, p.Lull] = field(default_factory=dict)
    requirements: list[p.Requirement] = field(default_factory=list)
    comparison_nodes: dict[str, s.ComparisonDeclaration] = field(default_factory=dict)
    comparisons: dict[str, p.Comparison] = field(default_factory=dict)

    @property
    def program_lets(self) -> dict[str, p.Let]:
        """The lets that were checked so far, as a program has them."""
        return {name: let for name, (let, _) in self.lets.items()}

    def classes(self, type_name: str) -> tuple[str, ...]:
        node = self.index_nodes.get(type_name)
        return tuple(name.text for name, _ in node.classes) if node else ()

    def type_parameters(self, binders: Iterable[s.Binder]) -> tuple[p.Parameter, ...]:
        """Parameters with their types and classes looked up."""
        found = []
        for binder in binders:
            self.known_type(binder)
            found.append(p.Parameter(binder.name.text, binder.type.text, binder.cls.text if binder.cls else None))
        return tuple(found)

    def known_type(self, binder: s.Binder) -> None:
        if binder.type.text not in self.index_nodes:
            self.report.unknown("HL204", binder.type.span, "there is no index type", binder.type.text, self.index_nodes)
        elif binder.cls is not None and binder.cls.text not in self.classes(binder.type.text):
            self.report.unknown(
                "HL204",
                binder.cls.span,
                f"`{binder.type.text}` has no class",
                binder.cls.text,
                self.classes(binder.type.text),
            )

    def scope(self, binders: Iterable[s.Binder]) -> Scope:
        """The variables of parameters; a name that is bound twice is reported."""
        scope = Scope()
        for binder in binders:
            if binder.name.text in scope.variables:
                self.report.add(
                    "HL205",
                    binder.name.span,
                    f"`{binder.name.text}` is bound twice",
                    fix="give one of them another name",
                    secondary=((scope.variables[binder.name.text].span, "first here"),),
                )
            scope = scope.bind(binder.name.text, index_variable(binder))
        return scope


def index_variable(binder: s.Binder) -> IndexVariable:
    return IndexVariable(binder.type.text, binder.cls.text if binder.cls else None, binder.name.span)
