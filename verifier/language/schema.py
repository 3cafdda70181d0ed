"""Settings, blocks and index types of the models: the schema of scenario blocks."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.diagnostics import Collector
from verifier.language.program import Span
from verifier.language.reads import walk
from verifier.language.scope import Header, Scope, World
from verifier.language.terms import Terms

KINDS = ("duration", "window", "count", "size", "percent", "version", "flag")
_EITHER = {("size", "percent"): "size or percent"}
_PAYLOADS = ("duration", "window")


def declare_schema(world: World, nodes: list[s.SettingsDeclaration]) -> None:
    """Enters every block and setting; defaults come later (`check_defaults`), when all names are known."""
    for node in nodes:
        path = node.path.text
        per = node.each.type.text if node.each else None
        if node.each:
            world.known_type(node.each)
        if path not in world.headers:
            inside = node.inside.text if node.inside else None
            world.headers[path] = Header(path, node.shared, inside, node.optional, node.doc, node.path.span)
        if node.optional:
            world.blocks[path] = p.Block(path, per, node.doc, node.path.span)
        for entry in node.settings:
            _declare_setting(world, node, entry, f"{path}.{entry.name.text}", per)
    for node in nodes:
        if node.inside is not None and node.inside.text not in world.headers:
            world.report.unknown("HL202", node.inside.span, "there is no block", node.inside.text, world.headers)
        parent = node.path.text.rpartition(".")[0]
        if parent and parent not in world.headers:
            world.report.unknown("HL202", node.path.span, "there is no block", parent, world.headers)


def _declare_setting(
    world: World, node: s.SettingsDeclaration, entry: s.SettingDeclaration, path: str, per: str | None
) -> None:
    if path in world.settings:
        duplicate(world.report, "setting", path, entry.name.span, world.settings[path].span)
        return
    kind, choices = _kind(world, entry)
    block = node.path.text if node.optional else None
    world.settings[path] = p.Setting(path, kind, choices, None, per, block, entry.doc, entry.source, entry.name.span)
    world.setting_nodes[path] = (entry, node)


def _kind(world: World, entry: s.SettingDeclaration) -> tuple[str, tuple[tuple[str, str | None], ...]]:
    words = [word.text for word, _ in entry.alternatives]
    if entry.either:
        kind = _EITHER.get((words[0], words[1]))
        if kind is None:
            world.report.add(
                "HL207",
                entry.alternatives[0][0].span,
                f"there is no kind `{words[0]} or {words[1]}`",
                fix="write `size or percent`, or alternatives with `|`",
            )
        return kind or "bad", ()
    first, payload = entry.alternatives[0]
    if len(words) == 1 and payload is None:
        if first.text in KINDS:
            return first.text, ()
        world.report.unknown("HL207", first.span, "there is no kind", first.text, KINDS)
        return "bad", ()
    for word, inside in entry.alternatives:
        if inside is not None and inside.text not in _PAYLOADS:
            world.report.unknown(
                "HL207", inside.span, f"`{word.text}` can hold a duration or a window, not a", inside.text, _PAYLOADS
            )
        if words.count(word.text) > 1:
            world.report.add("HL205", word.span, f"`{word.text}` is listed twice", fix="remove one")
    return "choice", tuple((word.text, inside.text if inside else None) for word, inside in entry.alternatives)


def check_defaults(world: World, terms: Terms) -> None:
    """Types of defaults; settings whose defaults need each other are reported."""
    for path, (entry, node) in world.setting_nodes.items():
        setting = world.settings[path]
        if entry.default is None or setting.kind == "bad":
            continue
        scope = world.scope((node.each,)) if node.each else Scope()
        default = terms.static(entry.default, scope, setting.kind, setting.choices)
        world.settings[path] = p.Setting(
            path,
            setting.kind,
            setting.choices,
            default,
            setting.per,
            setting.block,
            setting.doc,
            setting.source,
            setting.span,
        )
    needs = {
        path: {read.path for read in walk(setting.default) if isinstance(read, p.SettingRead)}
        for path, setting in world.settings.items()
    }
    report_cycles(
        world.report, needs, {path: setting.span for path, setting in world.settings.items()}, "the default of"
    )


def report_cycles(report: Collector, needs: Mapping[str, set[str]], places: Mapping[str, Span], what: str) -> None:
    """One diagnostic for each cycle of names that need each other."""
    left = {name: {other for other in others if other in needs} for name, others in sorted(needs.items())}
    while left:
        try:
            graphlib.TopologicalSorter(left).prepare()
            return
        except graphlib.CycleError as error:
            cycle = list(dict.fromkeys(error.args[1]))
        start = cycle.index(min(cycle, key=lambda name: places[name]))
        cycle = [*cycle[start:], *cycle[:start]]
        secondary = tuple((places[name], f"`{name}` takes part") for name in cycle[1:])
        report.add(
            "HL208",
            places[cycle[0]],
            f"{what} `{cycle[0]}` needs itself: {' -> '.join([*cycle, cycle[0]])}",
            fix="let one of them not need the others",
            secondary=secondary,
        )
        left = {name: others - set(cycle) for name, others in left.items() if name not in cycle}


def declare_indices(world: World, nodes: list[s.IndexDeclaration]) -> None:
    for node in nodes:
        first = world.index_nodes.get(node.name.text)
        if first is not None:
            duplicate(world.report, "index type", node.name.text, node.name.span, first.name.span)
            continue
        world.index_nodes[node.name.text] = node
        names = [name.text for name, _ in node.classes]
        for name, _ in node.classes:
            if names.count(name.text) > 1:
                world.report.add("HL205", name.span, f"class `{name.text}` is listed twice", fix="give it another name")


def check_indices(world: World, terms: Terms) -> None:
    for name, node in world.index_nodes.items():
        classes = tuple((cls.text, terms.static(size, Scope(), "count")) for cls, size in node.classes)
        world.indices[name] = p.IndexType(name, classes, node.span)


def duplicate(report: Collector, what: str, name: str, span: Span, first: Span) -> None:
    report.add(
        "HL205",
        span,
        f"{what} `{name}` is declared twice",
        fix="remove one, or rename it",
        secondary=((first, "first here"),),
    )
