"""Declarations of models: machines, views, lets, checks, lemmas and requirements, names and types resolved."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.comparisons import compared
from verifier.language.conditions import Conditions
from verifier.language.diagnostics import Collector
from verifier.language.kinds import FUNCTIONS
from verifier.language.phases import phases
from verifier.language.reads import direct_reads, machines_read
from verifier.language.schema import (
    check_defaults,
    check_indices,
    declare_indices,
    declare_schema,
    duplicate,
    report_cycles,
)
from verifier.language.scope import NumberVariable, Scope, World
from verifier.language.steps import Steps

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check_models(models: Iterable[s.Model], report: Collector) -> World:
    """Everything that the models declare. Mistakes go to `report`; a world with mistakes serves only to find more."""
    world = World(report)
    declarations = [d for model in models for d in model.declarations]
    declare_indices(world, _of(declarations, s.IndexDeclaration))
    declare_schema(world, _of(declarations, s.SettingsDeclaration))
    for kind, table, what in (
        (s.LetDeclaration, world.let_nodes, "`let`"),
        (s.MachineDeclaration, world.machine_nodes, "machine"),
        (s.ViewDeclaration, world.view_nodes, "view"),
        (s.SummaryDeclaration, world.summary_nodes, "summary"),
        (s.CheckDeclaration, world.check_nodes, "check"),
        (s.LemmaDeclaration | s.LullDeclaration, world.lemma_nodes, "lemma"),
        (s.ComparisonDeclaration, world.comparison_nodes, "comparison"),
    ):
        for node in _of(declarations, kind):
            _enter(world, node, table, what)
    checker = Steps(world)
    _signatures(world)
    check_indices(world, checker)
    check_defaults(world, checker)
    for node in world.let_nodes.values():
        checker.let(node.name)
    for summary in world.summary_nodes.values():
        _summary(world, checker, summary)
    for view in world.view_nodes.values():
        world.views[view.name.text] = _view(world, checker, view)
    _view_cycles(world)
    for machine in world.machine_nodes.values():
        world.machines[machine.name.text] = checker.machine(machine)
        for step in machine.steps:
            if step.label is not None:
                _placeholders(world, step.label, world.scope(machine.parameters), step)
    _cycles_at_first(world)
    for check in world.check_nodes.values():
        world.checks[check.name.text] = _check(world, checker, check)
    for lemma in world.lemma_nodes.values():
        if isinstance(lemma, s.LullDeclaration):
            _lull(world, checker, lemma)
            continue
        always = checker.condition(lemma.always, world.scope(lemma.parameters))
        parameters = world.type_parameters(lemma.parameters)
        made = p.Lemma(lemma.name.text, parameters, lemma.text, always, lemma.span)
        if isinstance(lemma.how, s.Following):
            made = replace(made, phases=phases(world, checker, lemma.how, made))
        if isinstance(lemma.how, s.Soonest):
            made = replace(made, first=_first(world, checker, lemma, lemma.how))
        world.lemmas[lemma.name.text] = made
    for require in _of(declarations, s.RequireDeclaration):
        if require.at.text not in world.settings and require.at.text not in world.blocks:
            checker.unknown_setting(require.at.text, require.at.span)
        condition = checker.truth_known(require.condition, Scope())
        world.requirements.append(p.Requirement(condition, require.at.text, require.text, require.write, require.span))
    for comparison in world.comparison_nodes.values():
        world.comparisons[comparison.name.text] = compared(world, checker, comparison)
    return world


def _of(declarations: Iterable[Any], kind: Any) -> list[Any]:
    return [d for d in declarations if isinstance(d, kind)]


def _enter(world: World, node: Any, table: dict[str, Any], what: str) -> None:
    """One name, one meaning: machines, views, lets and index types share their names."""
    name, span = node.name.text, node.name.span
    taken: list[dict[str, Any]] = [table]
    shared: list[dict[str, Any]] = [world.let_nodes, world.machine_nodes, world.view_nodes, world.summary_nodes]
    if table in shared:
        taken = [*shared, world.index_nodes]
        if table is world.machine_nodes:  # `machine Worker[w: Worker]`: an index type may have a machine of its name
            taken.remove(world.index_nodes)
    for other in taken:
        if name in other:
            duplicate(world.report, what, name, span, other[name].name.span)
            return
    if name in FUNCTIONS or name in ("true", "false"):
        world.report.add("HL205", span, f"`{name}` is built in", fix="choose another name")
        return
    table[name] = node


def _signatures(world: World) -> None:
    """Parameters and states of machines and views, before anything that reads them."""
    for node in world.machine_nodes.values():
        name = node.name.text
        world.machine_parameters[name] = world.type_parameters(node.parameters)
        families: dict[str, p.StateFamily] = {}
        for family in node.states:
            if family.name.text in families:
                duplicate(world.report, "state", family.name.text, family.span, families[family.name.text].span)
                continue
            families[family.name.text] = p.StateFamily(family.name.text, _family_arguments(world, family), family.span)
        world.families[name] = families
    for view in world.view_nodes.values():
        world.view_parameters[view.name.text] = world.type_parameters(view.parameters)


def _family_arguments(world: World, family: s.Family) -> tuple[tuple[str, int, int] | tuple[str, str], ...]:
    found: list[tuple[str, int, int] | tuple[str, str]] = []
    for arg in family.args:
        if arg.type is not None:
            world.known_type(s.Binder(arg.name, arg.type, None, arg.type.span))
            found.append((arg.name.text, arg.type.text))
            continue
        if arg.lo > arg.hi or arg.hi - arg.lo > 1000:
            fix = (
                f"write `{arg.name.text}: {arg.hi}..{arg.lo}`"
                if arg.lo > arg.hi
                else "a range holds at most 1000 numbers"
            )
            world.report.add("HL310", arg.name.span, f"`{arg.lo}..{arg.hi}` is no range of states", fix=fix)
        found.append((arg.name.text, arg.lo, arg.hi))
    return tuple(found)


def _view(world: World, checker: Conditions, node: s.ViewDeclaration) -> p.ViewTemplate:
    seen: dict[str, s.Name] = {}
    for source in node.sources:
        if source.text in seen:
            duplicate(world.report, "source", source.text, source.span, seen[source.text].span)
        seen[source.text] = source
        if source.text not in world.machine_nodes and source.text not in world.view_nodes:
            known = {*world.machine_nodes, *world.view_nodes}
            world.report.unknown("HL201", source.span, "no machine and no view is called", source.text, known)
    stale = checker.static(node.stale, world.scope(node.parameters), "window") if node.stale else None
    parameters = world.view_parameters[node.name.text]
    return p.ViewTemplate(node.name.text, parameters, tuple(seen), node.label, stale, node.span)


def _summary(world: World, checker: Conditions, node: s.SummaryDeclaration) -> None:
    """One or two aspects, each of the present: a copy changes all at once, a member does not."""
    made = checker.summary(node.name.text)
    if len(node.aspects) > 2:
        span = node.aspects[2].span
        fix = "leave this one out"
        world.report.add("HL314", span, "a summary has one or two states besides `none`", fix=fix)
    lets = world.program_lets
    for (_, when, _), aspect in zip(made.aspects, node.aspects, strict=True):
        for name, place in direct_reads(when, lets).items():
            if name in world.view_nodes:
                fix = f"write `({node.name.text}[..] is ..) seen by {name}` where the summary is read"
                why = f"a summary reads the present, not `{name}`"
                world.report.add("HL314", aspect.span, why, fix=fix, secondary=((place, "it is read here"),))


def _first(world: World, checker: Conditions, lemma: s.LemmaDeclaration, node: s.Soonest) -> tuple[str, p.Condition]:
    name = node.parameter
    mine = tuple(binder for binder in lemma.parameters if binder.name.text == name.text)
    if not mine:
        known = {binder.name.text for binder in lemma.parameters}
        world.report.unknown("HL201", name.span, "no parameter of this lemma is called", name.text, known)
    return name.text, checker.condition(node.satisfies, world.scope(mine or lemma.parameters))


def _lull(world: World, checker: Conditions, node: s.LullDeclaration) -> None:
    scope = world.scope(node.parameters)
    since = checker.condition(node.since, scope)
    told = node.joiner.cls is not None  # one time for all who might join
    by = checker.static(node.by, world.scope((*node.parameters, node.joiner)) if told else scope, "duration")
    name = node.summary.text
    if name not in world.summaries:
        world.report.unknown("HL201", node.summary.span, "no summary is called", name, world.summaries)
        return
    summary = world.summaries[name]
    checker.indices(node.summary, node.index, summary.parameters, scope)
    if node.joiner.type.text != summary.type:
        why = f"`{name}` is of members of `{summary.type}`"
        world.report.add("HL317", node.joiner.type.span, why, fix=f"write `no {node.joiner.name.text}: {summary.type}`")
    first = summary.aspects[0][0] if summary.aspects else "none"
    if node.state.text != first:
        why = f"who joins `{name}` joins its first state, `{first}`"
        world.report.add("HL317", node.state.span, why, fix=f"write `is {first}`")
    *parameters, joiner = world.type_parameters((*node.parameters, node.joiner))
    index = tuple(place.text for place in node.index)
    joined = p.Call(p.joined_let(name), (*index, joiner.name), node.span)
    made = p.Lull(node.name.text, tuple(parameters), node.text, since, by, joiner, joined, name, index, node.span)
    world.lulls[node.name.text] = made


def _view_cycles(world: World) -> None:
    needs = {name: {source for source in view.sources if source in world.views} for name, view in world.views.items()}
    report_cycles(world.report, needs, {n: v.name.span for n, v in world.view_nodes.items()}, "view")


def _cycles_at_first(world: World) -> None:
    """How a machine begins may depend on how others begin, but not in a circle: nobody would begin."""
    lets = world.program_lets
    needs = {
        name: set(machines_read([test for _, test in machine.initially], lets))
        for name, machine in world.machines.items()
    }
    report_cycles(world.report, needs, {n: m.name.span for n, m in world.machine_nodes.items()}, "the initial state of")


def _placeholders(world: World, text: s.Name, scope: Scope, step: s.Step | None = None) -> None:
    known = set(scope.variables)
    for pattern in (*step.sources, step.target) if step else ():
        known |= {arg.path for arg in pattern.args or () if isinstance(arg, s.Reference)}
    for match in _PLACEHOLDER.finditer(text.text):
        if match[1] not in known:
            column = text.span.column + 1 + match.start()
            span = p.Span(text.span.file, text.span.line, column, text.span.line, column + len(match[0]))
            world.report.unknown("HL201", span, "this text names no variable of its place:", match[1], known)


def _check(world: World, checker: Conditions, node: s.CheckDeclaration) -> p.CheckGroup:
    parts = []
    names: dict[str, s.Part] = {}
    for part in node.parts:
        if part.name.text in names:
            duplicate(world.report, "part", part.name.text, part.name.span, names[part.name.text].name.span)
        names[part.name.text] = part
        scope = world.scope(part.parameters)
        if node.parameter is not None:
            scope = scope.bind(node.parameter.text, NumberVariable(0, 10**9, node.parameter.span))
        _placeholders(world, part.text, scope)
        parts.append(
            p.CheckTemplate(
                part.name.text,
                part.kind,
                world.type_parameters(part.parameters),
                part.text.text,
                tuple(checker.condition(cover, scope) for cover in part.covers),
                checker.condition(part.when, scope),
                checker.static(part.lasts, scope, "duration") if part.lasts else None,
                checker.static(part.deadline, scope, "duration") if part.deadline else None,
                part.span,
            )
        )
    if not parts and not world.report.damaged:
        world.report.add(
            "HL312",
            node.name.span,
            f"check `{node.name.text}` asks for nothing",
            fix="write `never ..` or `ends ..` in it",
        )
    parameter = node.parameter.text if node.parameter else None
    return p.CheckGroup(node.name.text, parameter, node.doc, tuple(parts), node.span)
