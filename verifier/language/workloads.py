"""A scenario and the models it uses -> one program for each workload."""

from __future__ import annotations

from collections.abc import Set

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.diagnostics import Collector, nearest
from verifier.language.kinds import listed
from verifier.language.names import example_text, native
from verifier.language.program import Span
from verifier.language.reads import reachable_settings, walk
from verifier.language.scenario import RUNNING, Reader, Said
from verifier.language.scope import World
from verifier.language.values import check_values
from verifier.records import dataclass


@dataclass(slots=True)
class Workload:
    """The blocks of one name: what all share, its own, and what runs now."""

    name: str
    blocks: dict[str, s.BlockNode]
    running: s.BlockNode | None
    own: Said
    now: Said


def programs(scenario: s.Scenario, world: World, reader: Reader, file: str) -> list[p.Program]:
    """One program for each workload of the scenario; what is missing or wrong goes to the reader's report."""
    report = reader.report
    asked = _asked(scenario, world, report, file)
    shared = Said()
    workloads = _workloads(scenario, world, reader, shared)
    if not workloads:
        names = _needed_blocks(world)
        if not report.damaged & set(names) and names:
            fix = f"write `{names[0]} web {{ .. }}`"
            report.add("HL403", Span(file, 1, 1, 1, 2), "this scenario describes no workload", fix=fix)
        return []
    found = []
    for workload in workloads:
        program = _program(workload, shared, world, asked)
        if asked:
            _required(workload, shared, program, world, report)
        check_values(program, workload, shared, report)
        found.append(program)
    return found


def _asked(scenario: s.Scenario, world: World, report: Collector, file: str) -> tuple[p.Asked, ...]:
    asked: list[p.Asked] = []
    for item in scenario.items:
        if not isinstance(item, s.Verify):
            continue
        group = world.checks.get(item.check.text)
        if group is None:
            report.unknown("HL211", item.check.span, "there is no check", item.check.text, world.checks)
            continue
        argument = int(item.argument.text.partition(".")[0][:9]) if item.argument else None
        if group.parameter is not None and argument is None:
            fix = f"write `verify {group.name} >= 3`"
            report.add("HL303", item.check.span, f"`{group.name}` needs a number", fix=fix)
        elif group.parameter is None and item.argument is not None:
            report.add(
                "HL303", item.argument.span, f"`{group.name}` takes no number", fix=f"write `verify {group.name}`"
            )
        first = next((a for a in asked if (a.check, a.argument) == (item.check.text, argument)), None)
        if first is not None:
            secondary = ((first.span, "first here"),)
            report.add("HL402", item.span, "this is asked twice", fix="remove one", secondary=secondary)
        asked.append(p.Asked(item.check.text, argument, item.span))
    if not any(isinstance(item, s.Verify) for item in scenario.items) and "verify" not in report.damaged:
        known = sorted(name for name, group in world.checks.items() if group.parameter is None)
        fix = f"write `verify {known[0]}`" if known else ""
        report.add("HL406", Span(file, 1, 1, 1, 2), "nothing is asked of this scenario", fix=fix)
    return tuple(asked)


# -- blocks ------------------------------------------------------------------------------------------------------------


def _needed_blocks(world: World) -> list[str]:
    """Top blocks without which there is no workload: a setting without default, or one that says how many there are."""
    sizes = {read.path for index in world.indices.values() for read in walk(index) if isinstance(read, p.SettingRead)}
    needed: list[str] = []
    for path, setting in world.settings.items():
        block = path.rpartition(".")[0]
        header = world.headers[block]
        if header.shared or header.inside or "." in block or header.optional or block in needed:
            continue
        if setting.default is None or path in sizes:
            needed.append(block)
    return needed


def _workloads(scenario: s.Scenario, world: World, reader: Reader, shared: Said) -> list[Workload]:
    report = reader.report
    tops = {path for path, header in world.headers.items() if "." not in path and header.inside is None}
    found: dict[str, Workload] = {}
    firsts: dict[tuple[str, str], Span] = {}
    for block in scenario.items:
        if not isinstance(block, s.BlockNode):
            continue
        name = block.name.text
        if name != RUNNING and name not in tops:
            _unknown_block(block, world, tops, report)
            continue
        key = (name, "" if name in tops and world.headers[name].shared else block.label.text if block.label else "")
        if key in firsts:
            what = f"`{name} {key[1]}`" if key[1] else f"`{name}`"
            report.add(
                "HL402",
                block.name.span,
                f"{what} is given twice",
                fix="make one block of them",
                secondary=((firsts[key], "first here"),),
            )
            continue
        firsts[key] = block.name.span
        if name in tops and world.headers[name].shared:
            reader.read(block, name, shared)
            continue
        if block.label is None:
            report.add(
                "HL404", block.name.span, f"which workload is this `{name}` of?", fix=f"write `{name} web {{ .. }}`"
            )
            continue
        workload = found.setdefault(block.label.text, Workload(block.label.text, {}, None, Said(), Said()))
        if name == RUNNING:
            workload.running = block
            reader.read_running(block, workload.now)
        else:
            workload.blocks[name] = block
            if name in world.blocks:
                workload.own.given[name] = block.name.span
            reader.read(block, name, workload.own)
    return _complete(list(found.values()), _needed_blocks(world), world, report)


def _complete(workloads: list[Workload], needed: list[str], world: World, report: Collector) -> list[Workload]:
    """Those with a needed block; the others name a workload that does not exist."""
    anchored = [w for w in workloads if any(name in w.blocks for name in needed)] or workloads
    full = [w for w in anchored if all(name in w.blocks for name in needed)]
    names = [w.name for w in (full or anchored)]
    for workload in workloads:
        blocks = [*workload.blocks.values(), *([workload.running] if workload.running else [])]
        missing = [name for name in needed if name not in workload.blocks and name not in report.damaged]
        if not missing or (full and workload in full):
            continue
        near = nearest(workload.name, [n for n in names if n != workload.name])
        stray = (bool(full) and near is not None) or workload not in anchored
        for block in blocks if stray else blocks[:1]:
            place = block.label.span if block.label and stray else block.name.span
            if stray:
                fix = f"write `{block.name.text} {near}`" if near else f"the workloads are {listed(names)}"
                report.add(
                    "HL403",
                    place,
                    f"no workload is called `{workload.name}`",
                    why=_why(missing, workload.name),
                    fix=fix,
                )
            else:
                examples = "; ".join(_example(name, workload.name, world) for name in missing)
                message = f"workload `{workload.name}` has no {listed(missing)} block"
                report.add("HL403", place, message, fix=f"write {examples}")
    return [w for w in anchored if w in full or not full]


def _why(missing: list[str], name: str) -> str:
    return f"there is no {listed([f'{block} {name}' for block in missing])}"


def _example(block: str, label: str, world: World) -> str:
    entries = [
        f"{path.rpartition('.')[2]} = {example_text(setting.kind, setting.choices)}"
        for path, setting in world.settings.items()
        if path.rpartition(".")[0] == block and setting.default is None
    ]
    return f"`{block} {label} {{ {'; '.join(entries)} }}`" if entries else f"`{block} {label} {{ }}`"


def _unknown_block(block: s.BlockNode, world: World, tops: set[str], report: Collector) -> None:
    name, span = block.name.text, block.name.span
    header = world.headers.get(name)
    spelt = native(name, tops)
    if header is not None and header.inside:
        report.add(
            "HL404",
            span,
            f"`{name}` stands inside `{header.inside}`",
            fix=f"write `{header.inside} .. {{ {name} {{ .. }} }}`",
        )
    elif spelt is not None:
        report.add("HL210", span, f"`{name}` is spelt otherwise here", fix=f"write `{spelt[0]}`")
    else:
        parents = [path for path in world.headers if path.rpartition(".")[2] == name and "." in path]
        fix = f"write it inside `{parents[0].rpartition('.')[0]}`" if parents else ""
        report.unknown("HL202", span, "there is no block", name, {*tops, RUNNING}, fix=fix)


# -- values ------------------------------------------------------------------------------------------------------------


def _program(workload: Workload, shared: Said, world: World, asked: tuple[p.Asked, ...]) -> p.Program:
    values: dict[tuple[str, str | None], p.Given] = {}
    blocks: set[tuple[str, str | None]] = set()
    for said in (shared, workload.own):
        for path, given in said.values.items():
            for cls in _classes(world, world.settings[path].per):
                values[path, cls] = given
        for path in said.given.keys() & world.blocks.keys():
            blocks |= {(path, cls) for cls in _classes(world, world.blocks[path].per)}
    for path, given in workload.now.values.items():
        values[path, _classes(world, world.settings[path].per)[0]] = given
    for path in workload.now.given.keys() & world.blocks.keys():
        blocks.add((path, _classes(world, world.blocks[path].per)[0]))
    for path in workload.now.off:
        blocks.discard((path, _classes(world, world.blocks[path].per)[0]))
    values = {key: given for key, given in values.items() if _there(world.settings[key[0]], key[1], blocks)}
    return p.Program(
        workload=workload.name,
        settings=world.settings,
        blocks=world.blocks,
        values=values,
        given_blocks=frozenset(blocks),
        indices=world.indices,
        lets=world.program_lets,
        machines=world.machines,
        views=world.views,
        checks=world.checks,
        lemmas=tuple(world.lemmas.values()),
        summaries=world.summaries,
        lulls=tuple(world.lulls.values()),
        requirements=tuple(world.requirements),
        comparisons=world.comparisons,
        asked=asked,
    )


def _classes(world: World, per: str | None) -> tuple[str | None, ...]:
    return (world.classes(per) or (None,)) if per is not None else (None,)


def _there(setting: p.Setting, cls: str | None, blocks: Set[tuple[str, str | None]]) -> bool:
    return setting.block is None or (setting.block, cls) in blocks


def _required(workload: Workload, shared: Said, program: p.Program, world: World, report: Collector) -> None:
    """Settings without a default on which an asked check depends, and that nobody gives."""
    roots = [program.checks[asked.check] for asked in program.asked if asked.check in program.checks]
    needed = reachable_settings(program, [*roots, *program.indices.values()])
    for path, setting in program.settings.items():
        block, _, name = path.rpartition(".")
        if path not in needed or setting.default is not None or name in report.damaged:
            continue
        due = [cls for cls in _classes(world, setting.per) if _there(setting, cls, program.given_blocks)]
        if all((path, cls) in program.values for cls in due):
            continue
        place = workload.own.places.get(block) or shared.places.get(block)
        top = block.partition(".")[0]
        if place is None and top in workload.blocks:
            place = workload.blocks[top].name.span
        if place is None and workload.blocks:
            if world.headers[top].inside is None and not world.headers[top].shared:
                continue  # the missing block itself is reported
            place = next(iter(workload.blocks.values())).name.span
        if place is not None:
            example = example_text(setting.kind, setting.choices)
            report.add(
                "HL401",
                place,
                f"`{block}` does not say `{name}`",
                why=setting.doc,
                fix=f"write `{name} = {example}` in `{block}`, with your value",
            )
