"""Which index and number variables a condition depends on."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.language.program import (
    Arithmetic,
    Boolean,
    Call,
    ChoiceTest,
    Choose,
    ClassTest,
    Compare,
    Condition,
    CountCompare,
    Each,
    GivenTest,
    IfStatic,
    InState,
    Quantified,
    SameIndex,
    SeenBy,
    SettingRead,
    StatePattern,
    Static,
    StaticBoolean,
    StaticCall,
    StaticQuantified,
    TimeOf,
    Variable,
    When,
    WindowOf,
)

_Node = Condition | Static | StatePattern | Each | str | None


def free_names(node: _Node) -> frozenset[str]:
    """The names that `node` uses and does not bind itself; a bare string is the name of a variable."""
    match node:
        case str(name) | Variable(name) | ClassTest(name, _):
            return frozenset([name])
        case SettingRead(_, index) | GivenTest(_, index):
            return free_names(index)
        case SameIndex(left, right):
            return frozenset([left, right])
        case Quantified(_, var, _, _, body) | StaticQuantified(_, var, _, _, body):
            return free_names(body) - {var}
        case CountCompare(terms, bound):
            return free_names(bound).union(*(free_names(term.body) - {term.var} for term in terms))
        case Call(_, args) | StaticCall(_, args):
            return frozenset(args)
        case Arithmetic(_, args) | StaticBoolean(_, args) | Boolean(_, args) | StatePattern(_, args):
            return _all(args)
        case InState(_, index, patterns):
            return frozenset(index) | _all(patterns)
        case SeenBy(_, index, body):
            return frozenset(index) | free_names(body)
        case TimeOf(body) | WindowOf(_, body) | ChoiceTest(body, _) | When(body) | Each(body):
            return free_names(body)
        case Choose(condition, then, other) | IfStatic(condition, then, other):
            return _all([condition, then, other])
        case Compare(_, left, right):
            return _all([left, right])
    return frozenset()


def _all(nodes: Iterable[_Node]) -> frozenset[str]:
    return frozenset[str]().union(*map(free_names, nodes))
