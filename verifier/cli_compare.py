"""The command that puts several cases of one workload side by side."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

# This command is part of the command line in cli.py, which imports this module at its end.
from verifier.cli import _colour, _fail, _loaded, _print_json, _Progress, _refused, _Seconds, main


@main.command(short_help="the same workload in each mode: what is lost, kept, used, needed")
@click.argument("file")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
@click.option("--budget", type=_Seconds(), default=60.0, metavar="TIME", help="Time for the file (default 60s).")
def compare(file: str, style: str, budget: float) -> NoReturn:
    """Decide a scenario in every mode that the models compare, whichever it is written for: one table.

    Whatever is not SAFE is tried with each change that the models name; those that were shown to be enough are
    printed, each with the shortest durations that were.

    Exit codes as for `verify`, by the worst verdict of the checks of loss in all modes.
    """
    with _Progress() as progress:
        loaded = _loaded((file,))
        from verifier.analysis.verify import BadModel
        from verifier.fleet.compared import NothingToCompare, compared

        def tell(done: int, of: int) -> None:
            progress.what = f"{done} of {of} questions"

        try:
            report = compared(list(loaded.programs), budget, tell)
        except BadModel as error:
            _refused(error.diagnostics, loaded)
        except NothingToCompare:
            _fail(f"{file}: the models that it uses declare no `comparison`")
    if style == "json":
        from verifier.report.comparison_json import as_json

        _print_json(as_json(report))
    else:
        from verifier.report.comparison_text import text

        click.echo(text(report, colour=_colour()), nl=False)
    sys.exit(report.verdict.exit_code)
