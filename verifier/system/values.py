"""Settings and arithmetic: what is known before the search, evaluated for one workload.

An evaluation is done in a `Domain`: `Numbers` computes with the scenario's numbers; the proof of a lemma for any
number of replicas computes with symbols instead (verifier/engines/induction/). Every setting that is read is
recorded, so that a bound can name what it was computed from and a reduction can tell whether it depended on a size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from verifier.language.program import (
    Arithmetic,
    Choice,
    ChoiceTest,
    Choose,
    ClassTest,
    Compare,
    Condition,
    Duration,
    Each,
    GivenTest,
    Literal_,
    Percent,
    Program,
    SameIndex,
    SettingRead,
    Static,
    StaticBoolean,
    StaticCall,
    StaticQuantified,
    TimeOf,
    Variable,
    Version,
    Window,
    WindowOf,
)
from verifier.records import dataclass
from verifier.system.names import free_names


@dataclass(frozen=True, slots=True)
class Member:
    """One pod, one node: a member of an index type. Members of one class are interchangeable, but for where they begin
    (`each N` in an initial state). A negative ordinal stands for any member that is not spelt out.
    """

    type: str
    cls: str
    ordinal: int

    @property
    def name(self) -> str:
        return f"{self.cls}-{self.ordinal + 1}" if self.ordinal >= 0 else f"other {self.cls}"

    @property
    def spelt_out(self) -> bool:
        return self.ordinal >= 0


Env = Mapping[str, Member | int]


@dataclass
class Reads:
    """What an evaluation read: settings as (path, class or None), and whether a size was among them."""

    settings: dict[tuple[str, str | None], None] = field(default_factory=dict)
    size: bool = False


class NotGiven(Exception):
    """A setting without a default that the scenario does not give, because no check it asks for depends on it."""


class Numbers:
    """Arithmetic over the scenario's own numbers. A percentage of a count is rounded up or down as the model says."""

    def size(self, path: str, value: int) -> Any:
        return value

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def sub(self, a: Any, b: Any) -> Any:
        return a - b

    def mul(self, a: Any, b: Any) -> Any:
        return a * b

    def minimum(self, a: Any, b: Any) -> Any:
        return min(a, b)

    def maximum(self, a: Any, b: Any) -> Any:
        return max(a, b)

    def floor_percent(self, percent: int, of: Any) -> Any:
        return percent * of // 100

    def ceil_percent(self, percent: int, of: Any) -> Any:
        return -(-percent * of // 100)

    def compare(self, op: str, a: Any, b: Any) -> Any:
        return _COMPARE[op](a, b)

    def choose(self, condition: Any, then: Any, other: Any) -> Any:
        return then if condition else other

    def both(self, parts: list[Any]) -> Any:
        return all(parts)

    def either(self, parts: list[Any]) -> Any:
        return any(parts)

    def negate(self, part: Any) -> Any:
        return not part


_COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


class Values:
    """Evaluates static expressions of one program in one domain.

    `typical`: settings that are assumed take their typical value. `pinned`: settings with another value than the
    program's.
    """

    def __init__(
        self,
        program: Program,
        domain: Numbers | None = None,
        *,
        typical: bool = False,
        pinned: Mapping[str, Static] | None = None,
    ) -> None:
        self.program = program
        self.domain = domain or Numbers()
        self.typical = typical
        self.pinned = dict(pinned or {})
        self._members: dict[tuple[str, str | None], list[Member]] = {}
        self._free: dict[int, tuple[Condition, tuple[str, ...]]] = {}  # with the condition: its id stays its own

    # -- sizes ---------------------------------------------------------------------------------------------------------

    def count(self, type_name: str, cls: str) -> Any:
        """How many members a class has."""
        bound = dict(self.program.indices[type_name].classes)[cls]
        return self.evaluate(bound, {}, Reads())

    def classes(self, type_name: str) -> tuple[str, ...]:
        return tuple(name for name, _ in self.program.indices[type_name].classes)

    def members(self, type_name: str, cls: str | None = None) -> list[Member]:
        if (type_name, cls) not in self._members:
            wanted = self.classes(type_name) if cls is None else (cls,)
            found = [Member(type_name, c, i) for c in wanted for i in range(self.count(type_name, c))]
            self._members[type_name, cls] = found
        return self._members[type_name, cls]

    def place(self, each: Each, type_name: str, member: Member) -> Member:
        """The member of `type_name` at which `member` begins: one after the other, `each.number` of them in turn."""
        pool = self.members(type_name)
        number: int = self.evaluate(each.number, {}, Reads())
        return pool[member.ordinal % min(number, len(pool))]

    def free_names(self, condition: Condition) -> tuple[str, ...]:
        """The names that `condition` uses and does not bind, in order."""
        if id(condition) not in self._free:
            self._free[id(condition)] = condition, tuple(sorted(free_names(condition)))
        return self._free[id(condition)][1]

    # -- evaluation ----------------------------------------------------------------------------------------------------

    def evaluate(self, expr: Static, env: Env, reads: Reads) -> Any:
        """The value of a static expression; what it reads is added to `reads`."""
        match expr:
            case Literal_(value):
                return value
            case SettingRead(path, index):
                return self._setting(path, index, env, reads)
            case TimeOf(choice):
                value = self.evaluate(choice, env, reads)
                assert isinstance(value, Choice)
                return value.time
            case Variable(name):
                return env[name]
            case WindowOf(mode, body):
                return _as_window(mode, self.evaluate(body, env, reads))
            case Choose(condition, then, other):
                return self._choose(condition, then, other, env, reads)
            case Compare(op, left, right):
                a, b = self.evaluate(left, env, reads), self.evaluate(right, env, reads)
                return self.domain.compare(op, *_plain(a, b))
            case ClassTest(var, cls):
                member = env[var]
                assert isinstance(member, Member)
                return member.cls == cls
            case SameIndex(left_var, right_var):
                left_member, right_member = env[left_var], env[right_var]
                assert any(isinstance(m, Member) and m.spelt_out for m in (left_member, right_member)), "two unknown"
                return left_member == right_member
            case ChoiceTest(choice, names):
                value = self.evaluate(choice, env, reads)
                assert isinstance(value, Choice)
                return value.name in names
            case GivenTest(block, index):
                cls = _class_of(env, index)
                reads.settings[(block, cls)] = None
                return (block, cls) in self.program.given_blocks
            case StaticBoolean(op, args):
                return self._boolean(op, args, env, reads)
            case StaticQuantified(kind, var, type_name, cls, body):
                members = [Member(type_name, c, 0) for c in self.classes(type_name) if cls in (None, c)]
                parts = [self.evaluate(body, {**env, var: member}, reads) for member in members]
                return self.domain.either(parts) if kind == "some" else self.domain.both(parts)
            case StaticCall(name, args):
                let = self.program.lets[name]
                inner = {p.name: env[a] for p, a in zip(let.parameters, args, strict=True)}
                return self.evaluate(let.body, inner, reads)  # type: ignore[arg-type]
            case Arithmetic(op, args):
                return self._arithmetic(op, [self.evaluate(a, env, reads) for a in args])
        raise AssertionError(expr)

    def window(self, expr: Static, env: Env, reads: Reads) -> Window:
        """The value of a delay: `lo..hi` in milliseconds; a plain duration d is 0..d."""
        return _as_window("within", self.evaluate(expr, env, reads))

    def _setting(self, path: str, index: str | None, env: Env, reads: Reads) -> Any:
        setting = self.program.settings[path]
        cls = _class_of(env, index)
        reads.settings[(path, cls)] = None
        given = self.program.values.get((path, cls))
        if path in self.pinned:
            source = self.pinned[path]
        elif given is None:
            if setting.default is None:
                raise NotGiven(path)
            source = setting.default
        elif self.typical and given.assumed and given.typical is not None:
            source = given.typical
        else:
            source = given.value
        # A default may read other settings of the same pod, under whatever name its block gives the index.
        value = self.evaluate(source, defaultdict(lambda: member) if (member := env.get(index or "")) else {}, reads)
        if setting.kind.startswith("size"):
            reads.size = True
            if setting.kind == "size":
                return self.domain.size(path, value)
        if setting.kind == "window" and isinstance(value, Duration):
            return _as_window("within", value)
        return value

    def _choose(self, condition: Static, then: Static, other: Static, env: Env, reads: Reads) -> Any:
        holds = self.evaluate(condition, env, reads)
        if isinstance(holds, bool):
            return self.evaluate(then if holds else other, env, reads)
        return self.domain.choose(holds, self.evaluate(then, env, reads), self.evaluate(other, env, reads))

    def _boolean(self, op: str, args: tuple[Static, ...], env: Env, reads: Reads) -> Any:
        if op == "not":
            return self.domain.negate(self.evaluate(args[0], env, reads))
        parts = []
        for arg in args:
            part = self.evaluate(arg, env, reads)
            if isinstance(part, bool) and part is (op == "or"):
                return part
            parts.append(part)
        return self.domain.both(parts) if op == "and" else self.domain.either(parts)

    def _arithmetic(self, op: str, args: list[Any]) -> Any:
        if op == "..":
            return Window(_ms(args[0]), _ms(args[1]))
        if op in ("round_up", "round_down"):
            portion, of = args
            if not isinstance(portion, Percent):
                return portion
            rounded = self.domain.ceil_percent if op == "round_up" else self.domain.floor_percent
            return rounded(portion.value, of)
        if op in ("earliest", "latest"):
            window = _as_window("within", args[0])
            return Duration(window.lo_ms if op == "earliest" else window.hi_ms)  # type: ignore[arg-type]
        if op == "power":
            return args[0] ** args[1]
        total = args[0]
        for arg in args[1:]:
            total = self._pair(op, total, arg)
        return total

    def _pair(self, op: str, a: Any, b: Any) -> Any:
        if isinstance(a, Window) or isinstance(b, Window):
            if op == "*":
                a, b = (a, b) if isinstance(a, Window) else (b, a)
                return Window(a.lo_ms * b, None if a.hi_ms is None else a.hi_ms * b)
            return _windows(op, _exactly(a), _exactly(b))
        durations = isinstance(a, Duration) or isinstance(b, Duration)
        x, y = (a.ms if isinstance(a, Duration) else a), (b.ms if isinstance(b, Duration) else b)
        result = {
            "+": self.domain.add,
            "-": self.domain.sub,
            "*": self.domain.mul,
            "min": self.domain.minimum,
            "max": self.domain.maximum,
        }[op](x, y)
        return Duration(result) if durations else result


def _class_of(env: Env, index: str | None) -> str | None:
    if index is None:
        return None
    member = env[index]
    assert isinstance(member, Member)
    return member.cls


def _ms(value: Any) -> int:
    assert isinstance(value, Duration)
    return value.ms


def _plain(a: Any, b: Any) -> tuple[Any, Any]:
    if isinstance(a, Duration) and isinstance(b, Duration):
        return a.ms, b.ms
    if isinstance(a, Version) and isinstance(b, Version):
        return (a.major, a.minor), (b.major, b.minor)
    return a, b


def _exactly(value: Any) -> Window:
    return value if isinstance(value, Window) else Window(value.ms, value.ms)


def _as_window(mode: str, value: Any) -> Window:
    if isinstance(value, Window):
        return value
    return Window(0 if mode == "within" else value.ms, value.ms)


def _windows(op: str, a: Window, b: Window) -> Window:
    """End by end; an upper end that is open stays open, except in `min`."""
    if op == "min":
        ends = [hi for hi in (a.hi_ms, b.hi_ms) if hi is not None]
        return Window(min(a.lo_ms, b.lo_ms), min(ends) if ends else None)
    open_end = a.hi_ms is None or b.hi_ms is None
    if op == "+":
        return Window(a.lo_ms + b.lo_ms, None if open_end else a.hi_ms + b.hi_ms)  # type: ignore[operator]
    if op == "max":
        return Window(max(a.lo_ms, b.lo_ms), None if open_end else max(a.hi_ms, b.hi_ms))  # type: ignore[type-var]
    assert op == "-", op
    return Window(max(a.lo_ms - b.lo_ms, 0), None if open_end else max(a.hi_ms - b.hi_ms, 0))  # type: ignore[operator]
