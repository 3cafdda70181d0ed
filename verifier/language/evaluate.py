"""Static expressions of a program with the numbers of its scenario: for `require`, for ranges, for messages."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from verifier.language import program as p

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class Unknown(Exception):
    """A value that the scenario does not give, or a computation without a result."""


def evaluate(node: p.Static, program: p.Program, env: Mapping[str, str | int]) -> Any:
    """The value of `node`; `env`: the class of each index variable, the number of each number. Raises Unknown."""
    match node:
        case p.Literal_(value):
            return value
        case p.SettingRead(path, index):
            return _setting(path, _class(env, index), program)
        case p.TimeOf(choice):
            return evaluate(choice, program, env).time
        case p.Variable(name):
            if name not in env:
                raise Unknown(name)
            return env[name]
        case p.Arithmetic(op, args):
            return _arithmetic(op, [evaluate(arg, program, env) for arg in args])
        case p.WindowOf(mode, body):
            value = evaluate(body, program, env)
            return value if isinstance(value, p.Window) else p.Window(0 if mode == "within" else value.ms, value.ms)
        case p.Choose(condition, then, other):
            return evaluate(then if evaluate(condition, program, env) else other, program, env)
        case p.Compare(op, left, right):
            return _COMPARE[op](_ordered(evaluate(left, program, env)), _ordered(evaluate(right, program, env)))
        case p.ClassTest(var, cls):
            return _class(env, var) == cls
        case p.ChoiceTest(choice, names):
            return evaluate(choice, program, env).name in names
        case p.GivenTest(block, index):
            return (block, _class(env, index)) in program.given_blocks
        case p.StaticBoolean("not", args):
            return not evaluate(args[0], program, env)
        case p.StaticBoolean(op, args):
            results = (evaluate(arg, program, env) for arg in args)
            return all(results) if op == "and" else any(results)
        case p.StaticQuantified(kind, var, type_, cls, body):
            classes = [name for name, _ in program.indices[type_].classes if cls in (None, name)]
            found = (evaluate(body, program, {**env, var: name}) for name in classes)
            return any(found) if kind == "some" else all(found)
        case p.StaticCall(name, args):
            let = program.lets[name]
            inner = {parameter.name: env[arg] for parameter, arg in zip(let.parameters, args, strict=True)}
            return evaluate(let.body, program, inner)  # type: ignore[arg-type]
        case p.SameIndex():
            raise Unknown("members are known only in the search")


def _class(env: Mapping[str, str | int], index: str | None) -> str | None:
    if index is None:
        return None
    cls = env.get(index, env.get("*"))
    if not isinstance(cls, str):
        raise Unknown(index)
    return cls


def _setting(path: str, cls: str | None, program: p.Program) -> Any:
    setting = program.settings[path]
    given = program.values.get((path, cls))
    source = given.value if given else setting.default
    if source is None:
        raise Unknown(path)
    return evaluate(source, program, {"*": cls} if cls else {})


def _ordered(value: Any) -> Any:
    match value:
        case p.Duration(ms):
            return ms
        case p.Version(major, minor):
            return major, minor
        case p.Percent(number):
            return number
    return value


def _arithmetic(op: str, args: list[Any]) -> Any:
    if op == "..":
        return p.Window(args[0].ms, args[1].ms)
    if op in ("round_up", "round_down"):
        portion, of = args
        if not isinstance(portion, p.Percent):
            return portion
        return portion.value * of // 100 if op == "round_down" else -(-portion.value * of // 100)
    if op in ("earliest", "latest"):
        lo, hi = (0, args[0].ms) if isinstance(args[0], p.Duration) else (args[0].lo_ms, args[0].hi_ms)
        return p.Duration(lo if op == "earliest" else hi)
    if op == "power":
        if not (abs(args[0]) <= 1000 and 0 <= args[1] <= 64):
            raise Unknown("power")
        return args[0] ** args[1]
    total = args[0]
    for arg in args[1:]:
        total = _pair(op, total, arg)
    return total


_NUMBERS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "min": min,
    "max": max,
}


def _pair(op: str, a: Any, b: Any) -> Any:
    if isinstance(a, p.Window) or isinstance(b, p.Window):
        if op == "*":
            window, number = (a, b) if isinstance(a, p.Window) else (b, a)
            return p.Window(window.lo_ms * number, None if window.hi_ms is None else window.hi_ms * number)
        (lo_a, hi_a), (lo_b, hi_b) = _ends(a), _ends(b)
        hi = None if hi_a is None or hi_b is None else _NUMBERS[op](hi_a, hi_b)
        return p.Window(_NUMBERS[op](lo_a, lo_b), hi)
    if isinstance(a, p.Duration) or isinstance(b, p.Duration):
        return p.Duration(_NUMBERS[op](_ordered(a), _ordered(b)))
    return _NUMBERS[op](a, b)


def _ends(value: Any) -> tuple[int, int | None]:
    return (value.lo_ms, value.hi_ms) if isinstance(value, p.Window) else (value.ms, value.ms)
