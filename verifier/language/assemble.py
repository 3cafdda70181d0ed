"""A scenario that another program wrote as a tree -> programs, by the way that text takes after it is parsed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.declare import check_models
from verifier.language.diagnostics import Collector, Diagnostic, arranged
from verifier.language.load import SHIPPED_FOLDER, Files, models_used_by
from verifier.language.parse import Parsed, parse
from verifier.language.program import Span
from verifier.language.scenario import Reader
from verifier.language.scope import World
from verifier.language.steps import Steps
from verifier.language.workloads import programs


class BrokenModels(Exception):
    """The models that come with hitless do not check: our fault, or a changed installation's."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("; ".join(d.message for d in diagnostics[:3]))
        self.diagnostics = diagnostics


@cache
def world_of(modules: tuple[str, ...]) -> World:
    """The shipped models of these names and what they use, checked once a process. Raises `BrokenModels`."""
    report = Collector()
    files = Files({}, report)
    here = Span(f"{SHIPPED_FOLDER}/", 1, 1, 1, 2)
    tree = s.Scenario(tuple(s.Use(module, here) for module in modules))
    models = models_used_by("", Parsed(tree, (), frozenset()), files)
    world = check_models(models.values(), report)
    if report.found:
        raise BrokenModels(arranged(report.found))
    return world


def assembled(
    scenario: s.Scenario, modules: tuple[str, ...], file: str
) -> tuple[list[p.Program], tuple[Diagnostic, ...]]:
    """The programs of a scenario on shipped models, and what is wrong with it. Never raises on bad input."""
    report = Collector()
    world = replace(world_of(modules), report=report)
    found = programs(scenario, world, _Written(world, Steps(world), "", report), file)
    return ([] if report.found else found), arranged(report.found)


def parsed_scenario(text: str, file: str) -> tuple[s.Scenario, tuple[Diagnostic, ...]]:
    """A piece of a scenario as a tree; empty where it cannot be read."""
    found = parse(text, file, scenario=True)
    tree = found.tree if isinstance(found.tree, s.Scenario) else s.Scenario(())
    return tree, tuple(found.diagnostics)


class _Written(Reader):
    """Quotes values from the tree: there is no text."""

    def _given(self, entry: s.Assignment, setting: p.Setting) -> p.Given:
        return replace(super()._given(entry, setting), text=written(entry.value))


def written(expression: s.Expression) -> str:
    """A value as one would write it in a scenario."""
    match expression:
        case s.Constant(kind, text):
            return f'"{text}"' if kind == "text" else text
        case s.Reference(path, index, member):
            shown = path + (f"[{', '.join(n.text for n in index)}]" if index else "")
            return shown if member is None else f"{shown}.{member}"
        case s.Invocation(name, args):
            return f"{name.text}({', '.join(written(a) for a in args)})"
        case s.Operation(op, (left, right)):
            return f"{written(left)}..{written(right)}" if op == ".." else f"{written(left)} {op} {written(right)}"
    raise AssertionError(f"no value of a scenario: {expression}")


def scenario_text(items: Iterable[s.ScenarioItem]) -> str:
    """A scenario as text that reads back to the same tree, its places aside."""
    return "\n".join(line for item in items for line in _item(item)) + "\n"


def _item(item: s.ScenarioItem) -> list[str]:
    match item:
        case s.Use(path):
            return [f"use {path}"]
        case s.Verify(check, argument):
            return [f"verify {check.text}" + (f" >= {argument.text}" if argument else "")]
        case s.BlockNode():
            return ["", *_block(item, 0)]


def _block(block: s.BlockNode, depth: int) -> list[str]:
    pad = "  " * depth
    label = f" {_label(block.label.text)}" if block.label else ""
    lines = [f"{pad}{block.name.text}{label} {{"]
    for entry in block.entries:
        match entry:
            case s.Assignment(name, value, because, typical, assumed):
                notes = "" if typical is None else f"  typically {written(typical)}"
                notes += "  assumed" if assumed else ""
                notes += f'  because "{because}"' if because else ""
                lines.append(f"{pad}  {name.text} = {written(value)}{notes}")
            case s.Switch(name, word):
                lines.append(f"{pad}  {name.text} {word.text}")
            case s.BlockNode():
                lines += _block(entry, depth + 1)
    return [*lines, f"{pad}}}"]


def _label(text: str) -> str:
    return text if text.isidentifier() else f'"{text}"'
