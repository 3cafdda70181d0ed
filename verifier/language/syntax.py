"""The syntax tree of models and scenarios: what was written and where, nothing resolved yet."""

from __future__ import annotations

from typing import Literal

from verifier.language.program import Span
from verifier.records import dataclass


@dataclass(frozen=True)
class Name:
    text: str
    span: Span


# -- expressions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Constant:
    """`text` as written, `-` included: `30s`, `25%`, `v1.24`, `3`."""

    kind: Literal["number", "duration", "percent", "version", "text"]
    text: str
    span: Span


@dataclass(frozen=True)
class Reference:
    """`spare`, `store.size`, `Door[w]`, `store.on_stop[w].time`."""

    path: str
    index: tuple[Name, ...]
    member: str | None
    span: Span


@dataclass(frozen=True)
class Invocation:
    name: Name
    args: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True)
class Operation:
    """`op`: + - * .. and or not implies < <= > >= == !=."""

    op: str
    args: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True)
class Each:
    """`each N` in an initial state: the members begin at N members of the index type, in turn."""

    number: Expression
    span: Span


@dataclass(frozen=True)
class Pattern:
    """A state or a choice; `args` None: written without parentheses; an argument None: `*`."""

    name: Name
    args: tuple[Expression | None, ...] | None
    span: Span


@dataclass(frozen=True)
class Is:
    subject: Expression
    negated: bool
    patterns: tuple[Pattern, ...]
    span: Span


@dataclass(frozen=True)
class If:
    condition: Expression
    then: Expression
    other: Expression
    span: Span


@dataclass(frozen=True)
class Binder:
    """`w: Worker old`, as a parameter and in front of a quantified body."""

    name: Name
    type: Name
    cls: Name | None
    span: Span


@dataclass(frozen=True)
class Quantifier:
    """`least`: the number of `at least`, else None."""

    kind: Literal["some", "every", "no", "at least", "count"]
    least: Expression | None
    binder: Binder
    body: Expression
    span: Span


@dataclass(frozen=True)
class Seen:
    body: Expression
    view: Name
    index: tuple[Name, ...]
    span: Span


Expression = Constant | Reference | Invocation | Operation | Is | If | Quantifier | Seen | Each

# -- declarations of models ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Use:
    path: str
    span: Span


@dataclass(frozen=True)
class SettingDeclaration:
    """`alternatives`: (word, kind of its payload); `either`: written `a or b`, a kind of two."""

    name: Name
    alternatives: tuple[tuple[Name, Name | None], ...]
    either: bool
    default: Expression | None
    doc: str
    source: str
    span: Span


@dataclass(frozen=True)
class SettingsDeclaration:
    path: Name
    shared: bool
    inside: Name | None
    each: Binder | None
    optional: bool
    doc: str
    settings: tuple[SettingDeclaration, ...]
    span: Span


@dataclass(frozen=True)
class IndexDeclaration:
    name: Name
    classes: tuple[tuple[Name, Expression], ...]
    span: Span


@dataclass(frozen=True)
class FamilyArgument:
    """`k: 0..2` (lo, hi given) or `n: Node` (type given)."""

    name: Name
    lo: int
    hi: int
    type: Name | None


@dataclass(frozen=True)
class Family:
    name: Name
    args: tuple[FamilyArgument, ...]
    span: Span


@dataclass(frozen=True)
class Delay:
    mode: Literal["within", "after", "immediately"]
    body: Expression | None
    span: Span


@dataclass(frozen=True)
class Step:
    """`sources` empty: `*`."""

    sources: tuple[Pattern, ...]
    target: Pattern
    label: Name | None
    guard: Expression | None
    delay: Delay | None
    span: Span


@dataclass(frozen=True)
class MachineDeclaration:
    name: Name
    parameters: tuple[Binder, ...]
    doc: str
    states: tuple[Family, ...]
    initially: tuple[tuple[Pattern, Expression | None], ...]
    steps: tuple[Step, ...]
    span: Span


@dataclass(frozen=True)
class ViewDeclaration:
    name: Name
    parameters: tuple[Binder, ...]
    sources: tuple[Name, ...]
    label: str
    stale: Expression | None
    span: Span


@dataclass(frozen=True)
class Aspect:
    """One state of a summary: that of a member for which `when` holds, which lasts at least `dwell`."""

    name: Name
    when: Expression
    dwell: Expression | None
    span: Span


@dataclass(frozen=True)
class SummaryDeclaration:
    name: Name
    parameters: tuple[Binder, ...]
    binder: Binder
    doc: str
    aspects: tuple[Aspect, ...]
    span: Span


@dataclass(frozen=True)
class LetDeclaration:
    name: Name
    parameters: tuple[Binder, ...]
    body: Expression
    span: Span


@dataclass(frozen=True)
class RequireDeclaration:
    condition: Expression
    at: Name
    text: str
    write: str
    span: Span


@dataclass(frozen=True)
class Part:
    """`never` (`when`, `lasts`) or `ends` (`when` is what it ends with, `deadline`)."""

    kind: Literal["never", "ends_with"]
    name: Name
    parameters: tuple[Binder, ...]
    text: Name
    covers: tuple[Expression, ...]
    when: Expression
    lasts: Expression | None
    deadline: Expression | None
    span: Span


@dataclass(frozen=True)
class CheckDeclaration:
    name: Name
    parameter: Name | None
    doc: str
    parts: tuple[Part, ...]
    span: Span


@dataclass(frozen=True)
class Following:
    """`following lemma by duration`."""

    lemma: Name
    by: Expression
    span: Span


@dataclass(frozen=True)
class Soonest:
    """`for soonest parameter (condition)`."""

    parameter: Name
    satisfies: Expression
    span: Span


@dataclass(frozen=True)
class LemmaDeclaration:
    name: Name
    parameters: tuple[Binder, ...]
    text: str
    how: Following | Soonest | None
    always: Expression
    span: Span


@dataclass(frozen=True)
class LullDeclaration:
    """`lemma .. once (since) for duration: no joiner joins summary[index] is state`."""

    name: Name
    parameters: tuple[Binder, ...]
    text: str
    since: Expression
    by: Expression
    joiner: Binder
    summary: Name
    index: tuple[Name, ...]
    state: Name
    span: Span


@dataclass(frozen=True)
class Change:
    """`path = value`; or the least of `among`, a window of durations, as the payload of `word` if there is one."""

    path: Name
    value: Expression | None
    word: Name | None
    among: Expression | None
    span: Span


@dataclass(frozen=True)
class Under:
    """One of the cases that are compared."""

    name: Name
    doc: str
    changes: tuple[Change, ...]
    span: Span


@dataclass(frozen=True)
class Compared:
    """A check that is decided in each case; `words`: what SAFE and UNSAFE are called, empty for a check of loss."""

    check: Name
    title: str
    words: tuple[str, ...]
    span: Span


@dataclass(frozen=True)
class Show:
    """A value that is computed from the settings of each case."""

    title: str
    value: Expression
    span: Span


@dataclass(frozen=True)
class Remedy:
    """Changes that may make a case SAFE, tried on `checks` (none: on all of them) where `when` holds."""

    changes: tuple[Change, ...]
    checks: tuple[Name, ...]
    when: Expression | None
    span: Span


@dataclass(frozen=True)
class ComparisonDeclaration:
    name: Name
    doc: str
    entries: tuple[Under | Compared | Show | Remedy, ...]
    span: Span


Declaration = (
    Use
    | SettingsDeclaration
    | IndexDeclaration
    | MachineDeclaration
    | ViewDeclaration
    | SummaryDeclaration
    | LetDeclaration
    | RequireDeclaration
    | CheckDeclaration
    | LemmaDeclaration
    | LullDeclaration
    | ComparisonDeclaration
)

# -- scenarios -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Assignment:
    """`name = value`, with what follows the value."""

    name: Name
    value: Expression
    because: str
    typical: Expression | None
    assumed: bool
    span: Span


@dataclass(frozen=True)
class Switch:
    """`lamp none`."""

    name: Name
    word: Name
    span: Span


@dataclass(frozen=True)
class BlockNode:
    name: Name
    label: Name | None
    entries: tuple[Assignment | Switch | BlockNode, ...]
    span: Span


@dataclass(frozen=True)
class Verify:
    check: Name
    argument: Name | None
    span: Span


ScenarioItem = Use | BlockNode | Verify


@dataclass(frozen=True)
class Model:
    declarations: tuple[Declaration, ...]


@dataclass(frozen=True)
class Scenario:
    items: tuple[ScenarioItem, ...]
