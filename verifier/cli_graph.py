"""Commands for looking at a system: its state graph, a walk through it, and the same in other checkers' languages."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

# These commands are part of the command line in cli.py, which imports this module at its end.
from verifier.cli import BAD_INPUT, _fail, _loaded, _print_json, _Progress, _refused, _Seconds, _system, main

if TYPE_CHECKING:
    from verifier.analysis.subject import Subject
    from verifier.analysis.walk import Walk

INCOMPLETE = 4
_LISTED = 2000

_check = click.option(
    "--check", "only", metavar="NAME", help="The scenario's check (default: the first one asked for)."
)
_part = click.option("--part", metavar="NAME", help="The part of that check, or the check of a JSON file.")
_budget = click.option("--budget", type=_Seconds(), default=60.0, metavar="TIME", help="Time (default 60s).")


@main.command(short_help="every state that a system can reach: counted, drawn")
@click.argument("file")
@_check
@_part
@click.option("--untimed", is_flag=True, help="Every order of steps, whatever the delays.")
@click.option("--no-symmetry", is_flag=True, help="Keep states apart that differ in interchangeable members only.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
@_budget
@click.option("--memory", type=int, default=4096, metavar="MB", help="Memory for states (default 4096).")
@click.option("--graphml", type=click.Path(), metavar="OUT", help="Write states and moves as GraphML.")
@click.option("--dot", type=click.Path(), metavar="OUT", help="Write states and moves for Graphviz.")
@click.option("--cap", type=int, default=_LISTED, metavar="N", help=f"Write the first N states (default {_LISTED}).")
@click.option("--around-violation", is_flag=True, help="Write only the states on a shortest way to a violation.")
def graph(
    file: str,
    only: str | None,
    part: str | None,
    untimed: bool,
    no_symmetry: bool,
    style: str,
    budget: float,
    memory: int,
    graphml: str | None,
    dot: str | None,
    cap: int,
    around_violation: bool,
) -> NoReturn:
    """Explore the state graph of a check's system, breadth first: a scenario's, or that of a `hitless-system/1` file.

    Exit code 0: all of it was seen. 4: a budget ran out. 2: bad input, or time can stop.
    """
    subject = _subject(file, only, part)
    from verifier.analysis.graph import graph_report, listing_text
    from verifier.engines.graph import explore
    from verifier.report.graph import as_json, text
    from verifier.system.run import Budget

    with _Progress() as progress:
        progress.what = file
        explored = explore(
            subject.system,
            subject.check,
            Budget(budget, memory),
            timed=not untimed,
            symmetry=not no_symmetry,
            listed=max(cap, 1) if graphml or dot else 0,
            around=around_violation,
        )
    report = graph_report(subject.file, subject.system, subject.parts, explored, timed=not untimed)
    if style == "json":
        _print_json(as_json(report))
    else:
        click.echo(text(report), nl=False)
    _draw(graphml, dot, listing_text(report), explored.listing)
    sys.exit(BAD_INPUT if explored.stops else INCOMPLETE if explored.cut else 0)


def _draw(graphml: str | None, dot: str | None, cut: str, listing: object) -> None:
    """Writes the files that were asked for; says what is missing from them."""
    from verifier.engines.graph import Listing
    from verifier.export import drawing

    assert isinstance(listing, Listing)
    makers: tuple[tuple[str | None, Callable[[Listing], str]], ...] = ((graphml, drawing.graphml), (dot, drawing.dot))
    for path, make in makers:
        if path is not None:
            if not listing.nodes:
                _fail(f"{path} is not written: {cut}")
            _write(path, make(listing))
            click.echo(f"{path}: {cut}", err=True)


@main.command(short_help="step by hand through what may happen")
@click.argument("file")
@_check
@_part
@click.option("--choose", metavar="LIST", help="Choices, with commas, instead of asking: `0,2@7s,back,violation`.")
@click.option("--trace", type=click.Path(), metavar="OUT", help="Write the path as JSON at the end.")
@_budget
def walk(file: str, only: str | None, part: str | None, choose: str | None, trace: str | None, budget: float) -> None:
    """Walk through a check's system by hand: where everything is, what may happen next, and when.

    A number lets that happen at its earliest, `2@7s` at seven seconds. `back` takes the last choice back, `violation`
    goes to a state that violates the check, `trace FILE` writes the path, `quit` ends.
    """
    subject = _subject(file, only, part)
    from verifier.analysis.walk import Refused, begin, chosen
    from verifier.report.walk import table
    from verifier.system.run import Budget

    here = begin(subject.system, Budget(budget))
    click.echo(f"{subject.file}: {subject.check.name}; {len(subject.system.machines)} machines, ", nl=False)
    click.echo(f"{len(subject.system.views)} views. A number, `2@7s`, back, violation, trace FILE, quit.")
    script = None if choose is None else [word.strip() for word in choose.split(",") if word.strip()]
    while True:
        click.echo("\n" + table(here.scene()), nl=False)
        if script is None:
            word = _asked()
        elif script:
            word = script.pop(0)
            click.echo(f"> {word}")
        else:
            word = "quit"
        if word in ("quit", "q"):
            break
        if word.startswith("trace "):
            _write(word.removeprefix("trace ").strip(), _trace(here))
            continue
        after: Walk | Refused = chosen(here, word)
        if isinstance(after, Refused):
            if script is not None:
                _fail(after.why)
            click.echo(after.why)
            continue
        here = after
    if trace is not None:
        _write(trace, _trace(here))


def _trace(walk: Walk) -> str:
    from verifier.report.walk import trace_json
    from verifier.trace import trace_of

    return trace_json(trace_of(walk.witness()), walk.scene())


def _asked() -> str:
    """A line from the terminal; its end is `quit`."""
    try:
        return str(click.prompt("", prompt_suffix="> ", default="", show_default=False)).strip()
    except click.Abort:
        return "quit"


@main.command(short_help="the system for SPIN, TChecker, UPPAAL, or any SMT solver")
@click.argument("file")
@_check
@_part
@click.option(
    "--format",
    "style",
    type=click.Choice(["promela", "tchecker", "uppaal", "smtlib"]),
    required=True,
    help="promela: the untimed system. tchecker, uppaal: with clocks. smtlib: the question of one check.",
)
def export(file: str, only: str | None, part: str | None, style: str) -> None:
    """Print a check's system in the language of another checker (see docs/how-to/other-checkers.md)."""
    subject = _subject(file, only, part)
    if style == "smtlib":
        from verifier.analysis.subject import may_stop

        if may_stop(subject.system):
            _fail(
                f"{file}: time might stop, and then nothing is violated after it; `hitless graph` tells whether it can"
            )
        from verifier.engines.events.smtlib import smtlib

        click.echo(smtlib(subject.system, subject.check), nl=False)
        return
    from verifier.export import automata, promela

    write = {"promela": promela.promela, "tchecker": automata.tchecker, "uppaal": automata.uppaal}[style]
    click.echo(write(subject.system), nl=False)


# -- helpers -----------------------------------------------------------------------------------------------------------


def _subject(file: str, only: str | None, part: str | None) -> Subject:
    """The slice that is asked for, of a scenario or of a system in JSON."""
    from verifier.analysis.subject import UnknownPart, subject_of_program, subject_of_system
    from verifier.analysis.verify import BadModel, UnknownCheck

    try:
        if file.endswith(".json"):
            return subject_of_system(file, _system(file), part if part is not None else only)
        loaded = _loaded((file,))
        return subject_of_program(file, loaded.programs[0][1], only, part)
    except (UnknownCheck, UnknownPart) as error:
        raise click.UsageError(str(error)) from None
    except BadModel as error:
        _refused(error.diagnostics, loaded)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        _fail(f"{path} cannot be written: {error.strerror}")
