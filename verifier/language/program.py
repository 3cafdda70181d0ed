"""A checked program: models and one scenario with every name resolved, as frozen values.

The front end makes it from text, `verifier.system` makes systems from it. Nothing here can be misspelt, of a wrong
type or of a wrong unit any more; what is left is arithmetic over settings and the filling in of indices.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from verifier.records import dataclass

# -- places and values -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Span:
    """A place in a file, 1-based; `end_column` is the column after the last character."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Duration:
    ms: int


@dataclass(frozen=True)
class Window:
    """`lo..hi` in milliseconds; `hi` None: no upper bound."""

    lo_ms: int
    hi_ms: int | None


@dataclass(frozen=True)
class Percent:
    value: int


@dataclass(frozen=True, order=True)
class Version:
    major: int
    minor: int


@dataclass(frozen=True)
class Choice:
    """One alternative of a setting, such as `none` or `sleep(30s)`; `.time` of one without a payload is 0 s."""

    name: str
    time: Window = Window(0, 0)


# `int` is a count; `bool` a flag.
Value = Duration | Window | Percent | Version | Choice | bool | int


# -- settings --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """One entry of a `settings` block, as the model declares it.

    `kind`: what may be written ("duration", "window", "count", "size", "size or percent", "percent", "version", "flag",
    "choice"); a "size" is a number of replicas or nodes, from which a verdict for any number must be free.
    `per`: the index type of which it has one value a class ("Pod": an old and a new one), else None.
    `block`: the path of the optional block it stands in, if any.
    """

    path: str
    kind: str
    choices: tuple[tuple[str, str | None], ...]  # (word, kind of its payload or None)
    default: Static | None
    per: str | None
    block: str | None
    doc: str
    source: str
    span: Span


@dataclass(frozen=True)
class Given:
    """What the scenario says of a setting: the value, an expression over settings, and where it comes from."""

    value: Static
    span: Span
    text: str  # as written: "0s..8s"
    because: str = ""
    assumed: bool = False
    typical: Static | None = None


@dataclass(frozen=True)
class Block:
    """An optional block (`block.part`), which a scenario gives or leaves out."""

    path: str
    per: str | None
    doc: str
    span: Span


# -- static expressions: known before the search -----------------------------------------------------------------------


@dataclass(frozen=True)
class Literal_:
    value: Value
    span: Span


@dataclass(frozen=True)
class SettingRead:
    """The value of a setting; `index` is the variable whose class selects it (`block.name[x]`)."""

    path: str
    index: str | None
    span: Span


@dataclass(frozen=True)
class TimeOf:
    """`.time` of a choice: the window that its payload says."""

    choice: Static
    span: Span


@dataclass(frozen=True)
class Variable:
    """A number bound around here: the `k` of a state with a range, or of a check's parameter."""

    name: str
    span: Span


@dataclass(frozen=True)
class Arithmetic:
    """`op`: + - * .. min max round_up round_down power earliest latest. `a .. b` makes a window; a duration `d` stands
    for `0s..d` only where a window is due (`WindowOf`)."""

    op: str
    args: tuple[Static, ...]
    span: Span


@dataclass(frozen=True)
class WindowOf:
    """A duration where a window is due: `within d` is 0s..d, `after d` is d..d."""

    mode: Literal["within", "after"]
    body: Static
    span: Span


@dataclass(frozen=True)
class Choose:
    """`if condition then a else b`, all static."""

    condition: Static
    then: Static
    other: Static
    span: Span


@dataclass(frozen=True)
class Compare:
    """`op`: < <= > >= == !=, over counts, durations or versions."""

    op: str
    left: Static
    right: Static
    span: Span


@dataclass(frozen=True)
class ClassTest:
    """`p is old`: the class of the index bound to `var`."""

    var: str
    cls: str
    span: Span


@dataclass(frozen=True)
class SameIndex:
    left: str
    right: str
    span: Span


@dataclass(frozen=True)
class ChoiceTest:
    """`setting is {a, b}`."""

    choice: Static
    names: frozenset[str]
    span: Span


@dataclass(frozen=True)
class GivenTest:
    """`block is given`; `index` as in SettingRead."""

    block: str
    index: str | None
    span: Span


@dataclass(frozen=True)
class StaticBoolean:
    """`op`: and, or, not, over static truth values."""

    op: Literal["and", "or", "not"]
    args: tuple[Static, ...]
    span: Span


@dataclass(frozen=True)
class StaticQuantified:
    """`some`/`every` with a static body (`no x: T (block.name[x] is word)`)."""

    kind: Literal["some", "every"]
    var: str
    type: str
    cls: str | None
    body: Static
    span: Span


@dataclass(frozen=True)
class StaticCall:
    """A call of a `let` whose body is static; `args` are the index variables passed."""

    name: str
    args: tuple[str, ...]
    span: Span


Static = (
    Literal_
    | SettingRead
    | TimeOf
    | Variable
    | Arithmetic
    | WindowOf
    | Choose
    | Compare
    | ClassTest
    | SameIndex
    | ChoiceTest
    | GivenTest
    | StaticBoolean
    | StaticQuantified
    | StaticCall
)

# -- conditions: read the state ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Each:
    """`each N` in an initial state: the k-th member of the machine's class begins at the (k mod N)-th of the index
    type."""

    number: Static
    span: Span


@dataclass(frozen=True)
class StatePattern:
    """`running`, `starting(k)` (a static number), `starting(*)` (None), `on(n)` (the name of an index variable)."""

    name: str
    args: tuple[Static | Each | str | None, ...] = ()


@dataclass(frozen=True)
class InState:
    """`M[p] is {a, b}`."""

    machine: str
    index: tuple[str, ...]
    states: tuple[StatePattern, ...]
    span: Span


@dataclass(frozen=True)
class When:
    """A static truth value where a condition is due."""

    value: Static
    span: Span


@dataclass(frozen=True)
class Boolean:
    """`op`: and, or, not, implies."""

    op: Literal["and", "or", "not", "implies"]
    args: tuple[Condition, ...]
    span: Span


@dataclass(frozen=True)
class IfStatic:
    """`if c then A else B` with a static `c` and conditions as branches."""

    condition: Static
    then: Condition
    other: Condition
    span: Span


@dataclass(frozen=True)
class Quantified:
    """`some x: T c (P)`, `every x: T c (P)`; `no` is the negation of `some`. `cls` None: every class."""

    kind: Literal["some", "every"]
    var: str
    type: str
    cls: str | None
    body: Condition
    span: Span


@dataclass(frozen=True)
class Counted:
    """`count x: T c (P)`, as a term with its sign (+1 or -1)."""

    sign: int
    var: str
    type: str
    cls: str | None
    body: Condition
    span: Span


@dataclass(frozen=True)
class CountCompare:
    """sum of `terms` >= `bound` (every comparison of counts is brought to this form by the front end)."""

    terms: tuple[Counted, ...]
    bound: Static
    span: Span


@dataclass(frozen=True)
class SeenBy:
    """`(P seen by V[n])`."""

    view: str
    index: tuple[str, ...]
    body: Condition
    span: Span


@dataclass(frozen=True)
class Call:
    """A call of a `let` whose body reads the state."""

    name: str
    args: tuple[str, ...]
    span: Span


Condition = InState | When | Boolean | IfStatic | Quantified | CountCompare | SeenBy | Call

# -- declarations ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameter:
    """`p: Pod old`; `cls` None: every class."""

    name: str
    type: str
    cls: str | None = None


@dataclass(frozen=True)
class IndexType:
    """`index T = old: block.size, new: block.size`."""

    name: str
    classes: tuple[tuple[str, Static], ...]
    span: Span


@dataclass(frozen=True)
class Let:
    name: str
    parameters: tuple[Parameter, ...]
    body: Condition | Static
    static: bool
    span: Span


@dataclass(frozen=True)
class StateFamily:
    """`running`, `starting(k: 0..2)`, `on(n: Node)`: each argument is a range of numbers or an index type."""

    name: str
    args: tuple[tuple[str, int, int] | tuple[str, str], ...]
    span: Span


@dataclass(frozen=True)
class StepTemplate:
    """`{sources} -> target "label" when guard within delay`. Names bound by a source pattern (`starting(k)`) hold in
    all of the step. `delay` None: at any time, or never."""

    sources: tuple[StatePattern, ...]  # an empty tuple is `*`: every state but the target
    bound: tuple[str, ...]  # number variables bound by the source patterns
    target: StatePattern
    label: str
    guard: Condition
    delay: Static | None
    span: Span


@dataclass(frozen=True)
class MachineTemplate:
    """`initially`: the first entry whose condition holds (None: always) where the others begin."""

    name: str
    parameters: tuple[Parameter, ...]
    states: tuple[StateFamily, ...]
    initially: tuple[tuple[StatePattern, Condition | None], ...]
    steps: tuple[StepTemplate, ...]
    doc: str
    span: Span


@dataclass(frozen=True)
class ViewTemplate:
    """`sources`: machine and view families, every instance of each. `label`: what a refresh is to people. `stale` None:
    unbounded."""

    name: str
    parameters: tuple[Parameter, ...]
    sources: tuple[str, ...]
    label: str
    stale: Static | None
    span: Span


@dataclass(frozen=True)
class Summary:
    """What the members of a type are taken together: in the first of `aspects` in which some member is, else `none`.

    `aspects`: (state, the condition of a member `var`, how long a member at least stays in it or None). Read by way of
    the lets `summary_let(name, state)`. A proof may put a machine of these states in place of all the members, if what
    that machine may do is shown of each single member (verifier/analysis/summaries.py).
    """

    name: str
    parameters: tuple[Parameter, ...]
    var: str
    type: str
    aspects: tuple[tuple[str, Condition, Static | None], ...]
    span: Span


def summary_let(summary: str, state: str) -> str:
    """The name of the let that says that a summary is in a state."""
    return f"{summary} is {state}"


def joined_let(summary: str) -> str:
    """The name of the let that says of a member that it satisfies the condition of the first state of a summary."""
    return f"{summary} is joined"


@dataclass(frozen=True)
class CheckTemplate:
    """One part of a check: `never refused[n: Node, p: Pod] "text" covers .. when .. for ..`, or `ends with`.

    `lasts`: for `never P for d`, else None. `deadline`: for `ends with P within d`, else None."""

    name: str
    kind: Literal["never", "ends_with"]
    parameters: tuple[Parameter, ...]
    text: str
    covers: tuple[Condition, ...]
    when: Condition
    lasts: Static | None
    deadline: Static | None
    span: Span


@dataclass(frozen=True)
class CheckGroup:
    """`check no_lost_request "doc" { .. }`; `parameter`: the name of its number (`capacity >= k`), or None."""

    name: str
    parameter: str | None
    doc: str
    parts: tuple[CheckTemplate, ...]
    span: Span


@dataclass(frozen=True)
class Phases:
    """`following earlier by d`: two phases of a `member`, of each of which a lemma says how many may be in it.

    The earlier one lies between two facts, `begun` and `over`; the later one, `late`, is after the second. `premise`:
    what the earlier lemma holds under. Everybody is in the earlier phase for longer than `by`. `too_many`:
    for the earlier and for the later phase, if those are two numbers.
    """

    earlier: str
    premise: Static | None
    member: Parameter
    begun: Condition
    over: Condition
    late: Condition
    by: Static
    too_many: tuple[Static, Static] | None


@dataclass(frozen=True)
class Lemma:
    """`first`: a parameter and a condition: said only of the member that is the first of its class to satisfy it."""

    name: str
    parameters: tuple[Parameter, ...]
    text: str
    always: Condition
    span: Span
    phases: Phases | None = None
    first: tuple[str, Condition] | None = None


@dataclass(frozen=True)
class Lull:
    """`once (since) for d: no q: T c joins S[n] is s`: while `since` holds and has held for `by`, no `joiner` comes to
    satisfy `joined`, the condition of the first state of `summary`, whose parameters are `index` here.
    """

    name: str
    parameters: tuple[Parameter, ...]
    text: str
    since: Condition
    by: Static
    joiner: Parameter
    joined: Condition
    summary: str
    index: tuple[str, ...]
    span: Span


@dataclass(frozen=True)
class Requirement:
    """`require condition at setting "text" write "what to write instead"`."""

    condition: Static
    at: str
    text: str
    write: str
    span: Span


# -- comparisons -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """Another value of a setting. `value` None: the least duration of the window `among` that will do, as the payload
    of `word` if that is not empty."""

    path: str
    value: Static | None
    word: str
    among: Static | None
    span: Span


@dataclass(frozen=True)
class Case:
    """`under "name" "doc" with ..`: the same workload with other settings."""

    name: str
    doc: str
    changes: tuple[Change, ...]
    span: Span


@dataclass(frozen=True)
class ComparedCheck:
    """A check that every case is asked. `words`: what SAFE and UNSAFE are called; empty: something is lost."""

    check: str
    title: str
    words: tuple[str, ...]
    span: Span


@dataclass(frozen=True)
class ShownValue:
    """A number that is computed from the settings of each case."""

    title: str
    value: Static
    span: Span


@dataclass(frozen=True)
class Remedy:
    """Changes that a case is tried with if one of `checks` is not SAFE there (none: any) and `when` holds."""

    changes: tuple[Change, ...]
    checks: tuple[str, ...]
    when: Static | None
    span: Span


@dataclass(frozen=True)
class Comparison:
    """The same workload in several cases: what is asked of each, computed for each, and may help each."""

    name: str
    doc: str
    cases: tuple[Case, ...]
    checks: tuple[ComparedCheck, ...]
    values: tuple[ShownValue, ...]
    remedies: tuple[Remedy, ...]
    span: Span


@dataclass(frozen=True)
class Asked:
    """`verify capacity >= 3`."""

    check: str
    argument: int | None
    span: Span


@dataclass(frozen=True)
class Program:
    """Models and one workload of a scenario. `values` is keyed by (setting path, class or None); a setting without an
    entry takes its default. `given_blocks` holds (block path, class or None) of the optional blocks that are there."""

    workload: str
    settings: dict[str, Setting]
    blocks: dict[str, Block]
    values: dict[tuple[str, str | None], Given]
    given_blocks: frozenset[tuple[str, str | None]]
    indices: dict[str, IndexType]
    lets: dict[str, Let]
    machines: dict[str, MachineTemplate]
    views: dict[str, ViewTemplate]
    checks: dict[str, CheckGroup]
    lemmas: tuple[Lemma, ...]
    asked: tuple[Asked, ...]
    summaries: dict[str, Summary] = field(default_factory=dict)
    lulls: tuple[Lull, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    comparisons: dict[str, Comparison] = field(default_factory=dict)

    def sizes(self) -> tuple[str, ...]:
        """The paths of the sizes that a scenario chooses; the others are computed from them."""
        return tuple(
            sorted(
                path
                for path, setting in self.settings.items()
                if setting.kind == "size" and ((path, None) in self.values or isinstance(setting.default, Literal_))
            )
        )
