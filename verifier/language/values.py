"""What a scenario's values must fulfil: ranges by kind, and the `require` statements of the models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from verifier.language import program as p
from verifier.language.diagnostics import Collector, Diagnostic
from verifier.language.evaluate import Unknown, evaluate
from verifier.language.program import Span
from verifier.language.reads import walk
from verifier.language.text import duration_text

if TYPE_CHECKING:
    from verifier.language.scenario import Said
    from verifier.language.workloads import Workload


def check_values(program: p.Program, workload: Workload, shared: Said, report: Collector) -> None:
    """Reports values out of range and requirements that do not hold. Values with mistakes of type are left alone."""
    wrong = {d.span for d in report.found}
    for (path, cls), given in program.values.items():
        if given.span not in wrong:
            _check_value(program.settings[path], cls, given, program, report)
    if not any(d.span == given.span for d in report.found for given in program.values.values()):
        for require in not_met(program):
            place, note = _place_of(require.at, program, workload, shared)
            report.add(
                "HL407",
                place,
                require.text,
                why=note,
                fix=f"write {_quoted(require.write)}" if require.write else "",
                secondary=((require.span, "required here"),),
            )


def not_met(program: p.Program) -> Iterator[p.Requirement]:
    """The requirements of the models that the program's values do not fulfil."""
    for require in program.requirements:
        try:
            holds = evaluate(require.condition, program, {})
        except (Unknown, ArithmeticError, AttributeError, KeyError, TypeError):
            continue  # a value it needs is missing, which is reported there
        if not holds:
            yield require


def out_of_range(program: p.Program) -> tuple[Diagnostic, ...]:
    """What is wrong with the program's values, one by one."""
    report = Collector()
    for (path, cls), given in program.values.items():
        _check_value(program.settings[path], cls, given, program, report)
    return tuple(report.found)


def _quoted(text: str) -> str:
    return text if "`" in text or ", " in text else f"`{text}`"


def _place_of(path: str, program: p.Program, workload: Workload, shared: Said) -> tuple[Span, str]:
    """Where the scenario says `path`: its value, its block, or the block where it would stand."""
    for (name, _), given in program.values.items():
        if name == path:
            return given.span, ""
    for said in (workload.now, workload.own, shared):
        if path in said.places:
            return said.places[path], ""
    note = f"`{path}` has its default here" if path in program.settings else ""
    top = path.partition(".")[0]
    block = workload.blocks.get(top) or next(iter(workload.blocks.values()), None) or workload.running
    assert block is not None, "a workload has a block"
    return block.name.span, note


def _check_value(setting: p.Setting, cls: str | None, given: p.Given, program: p.Program, report: Collector) -> None:
    env = {"*": cls} if cls else {}
    try:
        value = evaluate(given.value, program, env)
        typical = evaluate(given.typical, program, env) if given.typical is not None else None
    except (Unknown, ArithmeticError, AttributeError, KeyError, TypeError):
        return
    except RecursionError:
        report.add("HL208", given.span, f"the value of `{setting.path}` needs itself", fix="write a number")
        return
    name = setting.path.rpartition(".")[2]
    for window in _windows(value, given.value):
        if window.lo_ms < 0:
            literal = given.text.startswith("-") and " " not in given.text
            fix = f"write `{name} = {given.text[1:]}`" if literal else ""
            report.add("HL408", given.span, f"`{name}` would be negative", fix=fix)
            return
        if window.hi_ms is not None and window.lo_ms > window.hi_ms:
            fix = f"write `{duration_text(window.hi_ms)}..{duration_text(window.lo_ms)}`"
            report.add("HL409", given.span, "this window ends before it begins", fix=fix)
            return
    problem = _number_problem(setting.kind, value)
    if problem:
        report.add("HL408", given.span, f"`{name}` {problem[0]}", fix=f"write `{name} = {problem[1]}`")
    elif given.typical is not None and isinstance(value, p.Window) and isinstance(typical, p.Window):
        hi, typical_hi = value.hi_ms, typical.hi_ms
        if hi is not None and typical_hi is not None and not value.lo_ms <= typical_hi <= hi:
            message = f"the typical value {duration_text(typical_hi)} is outside of the window"
            report.add("HL408", given.typical.span, message, fix="write one within it")


def _windows(value: Any, source: p.Static) -> list[p.Window]:
    match value:
        case p.Duration(ms):
            return [p.Window(ms, ms)]
        case p.Window():
            inner = [n for n in walk(source) if isinstance(n, p.Literal_) and isinstance(n.value, p.Duration)]
            return [*(p.Window(n.value.ms, n.value.ms) for n in inner if isinstance(n.value, p.Duration)), value]
        case p.Choice(_, time):
            return [time]
    return []


def _number_problem(kind: str, value: Any) -> tuple[str, str] | None:
    """(what is wrong, what to write)."""
    match kind, value:
        case "size" | "count", int() if value < 1:
            return "is at least 1", "1"
        case "size" | "count" | "size or percent", int() if value > 1_000_000:
            return "is more than a million", "1000"
        case "size or percent", int() if value < 0:
            return "would be negative", "0"
        case "percent" | "size or percent", p.Percent(number) if number < 0:
            return "would be negative", "0%"
        case "percent", p.Percent(number) if number > 100:
            return "is more than the whole", "100%"
    return None
