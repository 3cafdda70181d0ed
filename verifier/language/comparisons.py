"""Comparisons of models, names and types resolved; and a program with some of its settings changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.conditions import Conditions
from verifier.language.evaluate import Unknown, evaluate
from verifier.language.reads import reachable_settings
from verifier.language.schema import duplicate
from verifier.language.scope import Scope, World
from verifier.language.text import value_text
from verifier.language.values import not_met, out_of_range


def compared(world: World, checker: Conditions, node: s.ComparisonDeclaration) -> p.Comparison:
    """The comparison that `node` declares. Mistakes go to the world's report."""
    cases: dict[str, p.Case] = {}
    checks: dict[str, p.ComparedCheck] = {}
    values, remedies = [], []
    for entry in node.entries:
        match entry:
            case s.Under(name, doc, changes, span):
                if name.text in cases:
                    duplicate(world.report, "case", name.text, name.span, cases[name.text].span)
                made = tuple(_change(world, checker, change, searched=False) for change in changes)
                cases[name.text] = p.Case(name.text, doc, _known(made), span)
            case s.Compared(check, title, words, span):
                _check(world, check, checks)
                checks[check.text] = p.ComparedCheck(check.text, title, words, span)
            case s.Show(title, value, span):
                values.append(p.ShownValue(title, checker.static(value, Scope(), "count"), span))
            case s.Remedy(changes, mends, when, span):
                made = tuple(_change(world, checker, change, searched=True) for change in changes)
                for check in mends:
                    if check.text not in world.checks:
                        world.report.unknown("HL211", check.span, "there is no check", check.text, world.checks)
                condition = checker.truth_known(when, Scope()) if when is not None else None
                remedies.append(p.Remedy(_known(made), tuple(check.text for check in mends), condition, span))
    if (len(cases) < 2 or not checks) and not world.report.damaged:
        missing = "`verify ..`" if len(cases) > 1 else '`under "name" "what it is" with ..`'
        message = f"comparison `{node.name.text}` compares nothing"
        world.report.add("HL315", node.name.span, message, fix=f"write {missing} in it")
    found = tuple(cases.values()), tuple(checks.values()), tuple(values), tuple(remedies)
    return p.Comparison(node.name.text, node.doc, *found, node.span)


def _check(world: World, check: s.Name, checks: dict[str, p.ComparedCheck]) -> None:
    group = world.checks.get(check.text)
    if group is None:
        world.report.unknown("HL211", check.span, "there is no check", check.text, world.checks)
    elif group.parameter is not None:
        world.report.add("HL315", check.span, f"`{group.name}` needs a number, and is asked nothing here")
    if check.text in checks:
        duplicate(world.report, "check", check.text, check.span, checks[check.text].span)


def _known(changes: tuple[p.Change | None, ...]) -> tuple[p.Change, ...]:
    return tuple(change for change in changes if change is not None)


def _change(world: World, checker: Conditions, node: s.Change, *, searched: bool) -> p.Change | None:
    """None, with a diagnostic, for a setting that is not known."""
    setting = world.settings.get(node.path.text)
    if setting is None:
        checker.unknown_setting(node.path.text, node.path.span)
        return None
    scope = Scope(scenario=True, scenario_class="it" if setting.per else None)
    if node.value is not None:
        value = checker.static(node.value, scope, setting.kind, setting.choices)
        return p.Change(setting.path, value, "", None, node.span)
    word = node.word.text if node.word is not None else ""
    fits = setting.kind == "duration" if not word else dict(setting.choices).get(word) is not None
    if not searched:
        world.report.add("HL315", node.span, "only a remedy looks for a value", fix=f"write `{setting.path} = ..`")
    elif not fits:
        what = f"`{word}` takes no duration here" if word else f"`{setting.path}` is no duration"
        world.report.add("HL315", node.span, what)
    assert node.among is not None
    return p.Change(setting.path, None, word, checker.static(node.among, scope, "window"), node.span)


# -- a program with other settings -------------------------------------------------------------------------------------


def varied(program: p.Program, changes: Iterable[p.Change], durations: Iterable[int] = ()) -> p.Program | None:
    """`program` with the values of `changes` in all classes; those to be looked for are the `durations`, in
    milliseconds and in order.

    None if the program has no place for one of them: an optional block that is not given.
    """
    values, left = dict(program.values), list(durations)
    for change in changes:
        setting = program.settings[change.path]
        value = change.value
        if value is None:
            ms = left.pop(0)
            found: p.Value = p.Choice(change.word, p.Window(ms, ms)) if change.word else p.Duration(ms)
            value = p.Literal_(found, change.span)
        for cls in _classes(program, setting):
            if setting.block is not None and (setting.block, cls) not in program.given_blocks:
                return None
            given = p.Given(value, change.span, _written(value, program, cls))
            values[setting.path, cls] = given
    return replace(program, values=values)


def refusal(program: p.Program) -> str:
    """Why the models do not allow the values of the program: a range, or a requirement; empty if they do."""
    wrong = [*(d.message for d in out_of_range(program)), *(require.text for require in not_met(program))]
    return wrong[0] if wrong else ""


def written_change(change: p.Change, program: p.Program) -> str:
    """`block.setting = value`, as it stands in the varied `program`."""
    cls = _classes(program, program.settings[change.path])[-1]
    return f"{change.path} = {program.values[change.path, cls].text}"


def changes_nothing(program: p.Program, changes: Iterable[p.Change]) -> bool:
    """Whether all of these fixed changes give the values that `program` has anyway."""
    made = varied(program, changes)
    return made is not None and all(
        _value(program, change.path, cls) == _value(made, change.path, cls)
        for change in changes
        for cls in _classes(program, program.settings[change.path])
    )


def missing(program: p.Program, check: str) -> tuple[str, ...]:
    """The settings without a default that `check` depends on and the program does not give."""
    needed = reachable_settings(program, [program.checks[check], *program.indices.values()])
    return tuple(
        path
        for path in sorted(needed)
        if (setting := program.settings[path]).default is None
        and any((path, cls) not in program.values for cls in _classes(program, setting))
        and (setting.block is None or any(block == setting.block for block, _ in program.given_blocks))
    )


def searched_ms(change: p.Change, program: p.Program) -> tuple[int, int]:
    """The least and the largest duration to be looked at. Raises `Unknown` if `program` does not say."""
    assert change.among is not None
    cls = _classes(program, program.settings[change.path])[-1]
    window = evaluate(change.among, program, {"*": cls} if cls else {})
    if window.hi_ms is None:
        raise Unknown(change.path)
    return window.lo_ms, window.hi_ms


def _value(program: p.Program, path: str, cls: str | None) -> object:
    read = p.SettingRead(path, "it" if cls else None, program.settings[path].span)
    try:
        return evaluate(read, program, {"it": cls or ""})
    except Unknown:
        return None


def _classes(program: p.Program, setting: p.Setting) -> tuple[str | None, ...]:
    if setting.per is None:
        return (None,)
    return tuple(name for name, _ in program.indices[setting.per].classes)


def _written(value: p.Static, program: p.Program, cls: str | None) -> str:
    try:
        return value_text(evaluate(value, program, {"*": cls} if cls else {}))
    except (Unknown, ArithmeticError, AttributeError, KeyError, TypeError):
        return ".."
