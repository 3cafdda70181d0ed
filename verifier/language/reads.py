"""What checked expressions read, found by walking the frozen values."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from verifier.language import program as p
from verifier.language.program import Span


def walk(node: Any) -> Iterator[Any]:
    """Every frozen value inside `node`, itself first, in the order written."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, tuple):
            stack.extend(reversed(current))
        elif dataclasses.is_dataclass(current) and not isinstance(current, Span | type):
            yield current
            stack.extend(getattr(current, field.name) for field in reversed(dataclasses.fields(current)))


def direct_reads(condition: Any, lets: Mapping[str, p.Let]) -> dict[str, Span]:
    """Machines and views that `condition` reads itself or by way of lets; not what it reads through a view."""
    found: dict[str, Span] = {}
    called: set[str] = set()
    stack = [condition]
    while stack:
        current = stack.pop()
        match current:
            case p.InState(machine):
                found.setdefault(machine, current.span)
            case p.SeenBy(view):
                found.setdefault(view, current.span)
                continue
            case p.Call(name) if name not in called:
                called.add(name)
                if name in lets:
                    stack.append(lets[name].body)
        if isinstance(current, tuple):
            stack.extend(current)
        elif dataclasses.is_dataclass(current) and not isinstance(current, Span | p.Call | type):
            stack.extend(getattr(current, field.name) for field in dataclasses.fields(current))
    return found


def compared(value: Any, lets: Mapping[str, p.Let]) -> set[str]:
    """The variables for members that `value` compares with others, itself or by way of static lets."""
    found: set[str] = set()
    for node in walk(value):
        match node:
            case p.SameIndex(left, right):
                found |= {left, right}
            case p.StaticCall(name, args) if name in lets:
                inside = compared(lets[name].body, lets)
                parameters = (parameter.name for parameter in lets[name].parameters)
                found |= {arg for parameter, arg in zip(parameters, args, strict=True) if parameter in inside}
    return found


def machines_read(conditions: Iterable[Any], lets: Mapping[str, p.Let]) -> Iterator[str]:
    """The machines that conditions read, by way of lets and through views too."""
    called: set[str] = set()
    stack = list(conditions)
    while stack:
        for node in walk(stack.pop()):
            match node:
                case p.InState(machine):
                    yield machine
                case p.Call(name) if name in lets and name not in called:
                    called.add(name)
                    stack.append(lets[name].body)


def reachable_settings(program: p.Program, roots: Iterable[Any]) -> set[str]:
    """Paths of all settings on which `roots` depend: through lets, machines, views, sizes and defaults."""
    settings: set[str] = set()
    seen: set[tuple[str, str]] = set()
    stack: list[Any] = list(roots)

    def visit(kind: str, name: str, table: Mapping[str, Any]) -> None:
        if (kind, name) not in seen and name in table:
            seen.add((kind, name))
            stack.append(table[name])

    while stack:
        for node in walk(stack.pop()):
            match node:
                case p.SettingRead(path):
                    settings.add(path)
                    visit("setting", path, program.settings)
                    for (other, _), given in program.values.items():
                        if other == path and ("given", path) not in seen:
                            stack.append(given.value)
                    seen.add(("given", path))
                case p.InState(machine):
                    visit("machine", machine, program.machines)
                case p.SeenBy(view):
                    visit("view", view, program.views)
                case p.Call(name) | p.StaticCall(name):
                    visit("let", name, program.lets)
                case p.Parameter(_, type_):
                    visit("index", type_, program.indices)
                case p.ViewTemplate():
                    for source in node.sources:
                        visit("machine", source, program.machines)
                        visit("view", source, program.views)
    return settings
