"""The command line: arguments in, one function call, a view out. Heavy imports wait until a command needs them."""

from __future__ import annotations

import atexit
import gc
import json
import os
import re
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from verifier.language.diagnostics import Diagnostic
    from verifier.language.load import Loaded

_FIRST = ("verify", "compare", "new", "explain", "profiles")
BAD_INPUT, INTERNAL, INTERRUPTED, PIPE_CLOSED = 2, 3, 130, 141


class _Commands(click.Group):
    """Lists the commands that people need first, the others under `more`; turns our own failures into a bundle."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.obj = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except KeyboardInterrupt:  # 1 would say that the change is unsafe
            sys.exit(INTERRUPTED)
        except BrokenPipeError:  # whoever reads us has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(PIPE_CLOSED)
        except Exception as error:
            _internal(error, ctx.obj)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in (("Commands", _FIRST), ("More", sorted(set(self.commands) - set(_FIRST)))):
            rows = [(name, self.commands[name].get_short_help_str(100)) for name in names if name in self.commands]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


class _Seconds(click.ParamType[float]):
    """A budget of time: `60s`, `2m`, `500ms`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m)", str(value))
        if match is None:
            self.fail(f"{value!r} is no time; write `60s`, `2m` or `500ms`", param, ctx)
        return float(match[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0}[match[2]]


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hitless")
def main() -> None:
    """Prove that a change to a cluster loses no request, or see the second in which it does."""
    # Much is made and little of it goes in circles. To look for circles less often, and not at the end, saves a fifth
    # of the time.
    gc.set_threshold(200_000, 50, 100)
    atexit.register(gc.freeze)


@main.command(short_help="is the change safe? a proof, or the run that loses a request")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", "only", multiple=True, metavar="NAME", help="Only this check (may be given several times).")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
@click.option("--budget", type=_Seconds(), default=60.0, metavar="TIME", help="Time for one file (default 60s).")
@click.option("--explain", is_flag=True, help="Every event of the run, and every bound.")
@click.option("--certify", is_flag=True, help="Of scenarios: another solver, cvc5, repeats every answer.")
@click.option("--on", metavar="PROFILE", help="The platform (`hitless profiles`), if the manifests do not tell.")
@click.option("--from", "old", metavar="OLD", help="What runs now: a file, a folder, or a revision of git.")
@click.option(
    "--what-if", "events", multiple=True, metavar="EVENT", help="rollout (the default), drain, .. (may be given often)."
)
@click.option("--kubernetes", "version_given", metavar="VERSION", help="Its version, such as 1.29.")
@click.option("--strict", is_flag=True, help="DEPENDS ends with exit code 1.")
@click.option("--only", "verdicts", multiple=True, metavar="VERDICT", help="Show only these, such as UNSAFE.")
@click.option("-k", "name", metavar="NAME", help="Only services whose name contains NAME.")
def verify(
    files: tuple[str, ...],
    only: tuple[str, ...],
    style: str,
    budget: float,
    explain: bool,
    certify: bool,
    **manifests: Any,
) -> NoReturn:
    """Decide what is asked of each scenario, or every way of requests to the workloads of manifests.

    A scenario ends in .rollout. Manifests are YAML or JSON, a folder of them, or `-` for standard input:
    helm template . | hitless verify -

    Exit code 0: all SAFE. 1: something is lost (UNSAFE) or never completes (STUCK). 4: DEPENDS, VACUOUS,
    INCONCLUSIVE or NOT VERIFIED. 2: bad input. 3: an error of hitless itself.
    """
    from verifier.manifests.files import is_manifest

    kinds = {is_manifest(file) for file in files}
    if certify:
        from verifier.engines.certifier import NotInstalled, solver_name

        if True in kinds:
            raise click.UsageError("--certify is for scenarios")
        try:
            solver_name()
        except NotInstalled as missing:
            raise click.UsageError(str(missing)) from None
    if kinds == {True}:
        _verify_manifests(files, style, budget, explain, **manifests)
    if kinds == {True, False}:
        raise click.UsageError("scenarios and manifests are verified one kind at a time")
    started = time.monotonic()
    with _Progress() as progress:
        loaded = _loaded(files)
        from verifier.analysis.verify import BadModel, UnknownCheck, verify_program
        from verifier.report.report import report_of
        from verifier.system.run import Budget

        results = []
        try:
            for file, program in loaded.programs:
                progress.what = f"{file}: {program.workload}"
                results.append((file, verify_program(program, only, Budget(budget), certify=certify)))
        except UnknownCheck as error:
            raise click.UsageError(str(error)) from None
        except BadModel as error:
            _refused(error.diagnostics, loaded)
        report = report_of(results, time.monotonic() - started)
    if style == "json":
        from verifier.report.json import as_json

        _print_json(as_json(report))
    else:
        from verifier.report.text import text

        click.echo(text(report, colour=_colour(), explain=explain), nl=False)
    sys.exit(report.verdict.exit_code)


@main.command(short_help="the platforms that hitless knows, and their numbers")
@click.argument("action", type=click.Choice(["list", "show"]), default="list")
@click.argument("name", required=False)
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
def profiles(action: str, name: str | None, style: str) -> None:
    """List the profiles for `verify --on`, or show the numbers of one with their sources."""
    from verifier.manifests.listing import listing, shown_profile

    try:
        rows = listing() if action == "list" else shown_profile(name or "")
    except KeyError:
        raise click.UsageError(f"there is no profile {name!r}; `hitless profiles` lists them") from None
    if style == "json":
        _print_json(rows.data)
    else:
        click.echo(rows.text, nl=False)


@main.command(short_help="what a diagnostic, a setting or a check means")
@click.argument("topic")
def explain(topic: str) -> None:
    """Explain a diagnostic (`HL101`), a setting (`deployment.max_surge`), a block of settings, or a check."""
    from verifier.language.explain import explain as look_up
    from verifier.language.explain import suggestions
    from verifier.manifests.catalogue import explained
    from verifier.report.explanation import text

    found = explained(topic) or look_up(topic)
    if found is None:
        near = suggestions(topic)
        hint = f"; nearest: {', '.join(near)}" if near else ""
        raise click.UsageError(f"nothing is known of {topic!r}{hint}")
    click.echo(text(found), nl=False)


@main.command(name="compile", short_help="the system that is checked, for other programs")
@click.argument("file")
@click.option(
    "--check", "only", metavar="NAME", help="The check whose system is wanted (default: the first one asked for)."
)
@click.option(
    "--format", "style", type=click.Choice(["json"]), default="json", help="hitless-system/1 is the one there is."
)
def compile_(file: str, only: str | None, style: str) -> None:
    """Print the system of a scenario's check: exact and complete, in the form of docs/reference/system-json.md."""
    from verifier.analysis.verify import BadModel, UnknownCheck, compile_program
    from verifier.system.paper import to_json

    loaded = _loaded((file,))
    try:
        _print_json(to_json(compile_program(loaded.programs[0][1], only)))
    except UnknownCheck as error:
        raise click.UsageError(str(error)) from None
    except BadModel as error:
        _refused(error.diagnostics, loaded)


@main.command(name="check-system", short_help="verdicts on a system in JSON, whoever wrote it")
@click.argument("file")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
@click.option("--budget", type=_Seconds(), default=60.0, metavar="TIME", help="Time for all checks (default 60s).")
def check_system(file: str, style: str, budget: float) -> NoReturn:
    """Read a `hitless-system/1` file and decide its checks. Exit codes as for `verify`."""
    started = time.monotonic()
    from verifier.analysis.paper import TimeStops, decide_system
    from verifier.report.paper import as_json, text
    from verifier.system.run import Budget

    with _Progress() as progress:
        progress.what = file
        try:
            verdicts = decide_system(_system(file), Budget(budget))
        except TimeStops as stops:
            _fail(f"{file}: {stops}")
    seconds = time.monotonic() - started
    if style == "json":
        _print_json(as_json(file, verdicts, seconds))
    else:
        click.echo(text(file, verdicts, seconds, colour=_colour()), nl=False)
    sys.exit(verdicts.verdict.exit_code)


@main.command(short_help="a commented scenario to start from")
@click.argument("file", default="my.rollout")
def new(file: str) -> None:
    """Write a commented scenario to FILE (default my.rollout). An existing file is left alone."""
    from verifier.resources import starter

    text = starter()
    try:
        with open(file, "x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        _fail(f"{file} is there already; nothing was written. Name another file: hitless new other.rollout")
    except OSError as error:
        _fail(f"{file} cannot be written: {error.strerror}")
    click.echo(f"{file} is written. Next: hitless verify {file}")


# -- helpers -----------------------------------------------------------------------------------------------------------


def _verify_manifests(
    files: tuple[str, ...],
    style: str,
    budget: float,
    explain: bool,
    verdicts: tuple[str, ...],
    name: str | None,
    strict: bool,
    events: tuple[str, ...],
    **ask: Any,
) -> NoReturn:
    """Manifests in, a report out; mistakes and warnings are on standard error."""
    started = time.monotonic()
    from verifier.fleet.run import Limits, verified
    from verifier.fleet.selected import BadRequest, checked, selected
    from verifier.manifests.load import Ask, load
    from verifier.report.screen import findings, screen

    try:
        with _Progress() as progress:
            if events:
                ask["events"] = tuple(dict.fromkeys(events))
            asked = checked(Ask(files, **ask), verdicts)
            manifests = selected(load(asked), name)
            progress.what = "verifying"

            def tell(done: int, of: int) -> None:
                progress.what = f"{done} of {of} different settings"

            report = verified(manifests, Limits(budget, strict=strict), tell)
    except BadRequest as error:
        raise click.UsageError(str(error)) from None
    report = report.finished(time.monotonic() - started)
    if style == "json":
        from verifier.report.fleet_json import as_json

        _print_json(as_json(report.only(verdicts)))
    else:
        from verifier.language.diagnostics import render

        found = (*report.errors, *report.warnings)
        click.echo(render(found, manifests.sources) if explain else findings(report), nl=False, err=True)
        click.echo(screen(report.only(verdicts), colour=_colour(), explain=explain), nl=False)
    sys.exit(report.exit_code)


class _Progress:
    """A line on a terminal's standard error while the body runs, once that takes longer than a second."""

    def __init__(self) -> None:
        self.what = "reading"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> _Progress:
        if sys.stderr.isatty():
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _show(self) -> None:
        seconds = 0
        while not self._over.wait(1.0):
            seconds += 1
            click.echo(f"\r\x1b[K{self.what} .. {seconds} s", nl=False, err=True)
        if seconds:
            click.echo("\r\x1b[K", nl=False, err=True)


def _loaded(files: tuple[str, ...]) -> Loaded:
    """The programs of the files; diagnostics are printed, and mistakes end the run."""
    from verifier.language.load import load

    loaded = load(files)
    if loaded.diagnostics:
        _refused(loaded.diagnostics, loaded)
    if not loaded.programs:
        _fail(f"{files[0]} is read without mistakes, but it is no scenario: nothing is asked of it")
    return loaded


def _refused(diagnostics: Iterable[Diagnostic], loaded: Loaded) -> NoReturn:
    from verifier.language.diagnostics import render

    click.echo(render(diagnostics, loaded.sources), nl=False, err=True)
    sys.exit(BAD_INPUT)


def _system(file: str) -> Any:
    """The system of a JSON file; whatever is wrong with it is printed, and ends the run."""
    from verifier.system.ir import System
    from verifier.system.paper import from_json

    try:
        with open(file, encoding="utf-8") as source:
            found = from_json(json.load(source))
    except (OSError, UnicodeDecodeError) as error:
        _fail(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8 text'}")
    except json.JSONDecodeError as error:
        _fail(f"{file}:{error.lineno}:{error.colno}: this is no JSON: {error.msg}")
    except ValueError as error:
        _fail(f"{file} cannot be read: {error}")
    except RecursionError:
        _fail(f"{file}: nested too deeply")
    if not isinstance(found, System):
        for problem in found:
            click.echo(f"{file}: {problem.path}: {problem.message}", err=True)
        sys.exit(BAD_INPUT)
    return found


def _fail(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(BAD_INPUT)


def _internal(error: Exception, arguments: tuple[str, ...]) -> NoReturn:
    """One line for people, everything else in a file; nothing of it is the user's fault."""
    from verifier.bundle import write_bundle

    path = write_bundle(error, arguments)
    summary = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    where = f"what is needed to reproduce it is in {path}" if path else "no folder could be written to keep it"
    click.echo(f"hitless failed, and gives no verdict: {summary}; {where}", err=True)
    sys.exit(INTERNAL)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


import verifier.cli_compare  # noqa: E402  (compare)
import verifier.cli_graph  # noqa: E402, F401  (graph, walk and export)
