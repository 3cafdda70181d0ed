"""A report on manifests for a terminal: one screen for one case, a table for many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from textwrap import shorten, wrap

import click

from verifier.analysis.verdict import Verdict
from verifier.language.text import duration_text
from verifier.report.fleet import CaseReport, FleetReport, PathReport, one_line
from verifier.report.report import Bound
from verifier.report.text import details

_COLOURS = {Verdict.SAFE: "green", Verdict.UNSAFE: "red", Verdict.STUCK: "red"}
_WIDTH = 150
# Rows of one cause that a table shows before it counts the others.
_ROWS_MAX = 12
_WARNINGS_MAX = 20
# Ways to one service that have a row each.
_WAYS_MAX = 3


def screen(report: FleetReport, *, colour: bool, explain: bool) -> str:
    """The whole report; `explain`: every run, every bound, every row."""
    lines: list[str] = []
    if len(report.cases) == 1:
        lines += _case(report.cases[0], report, colour)
    elif report.cases:
        lines += _table(report, colour, explain)
    if not report.cases and not report.objects and report.errors:
        return ""
    if not report.cases:
        word = _painted(Verdict.NOT_VERIFIED, colour)
        lines.append(f"{word}  nothing here gets requests that hitless could follow")
    lines += _counts(report)
    if explain:
        for case in report.cases:
            for path in case.paths:
                for check in path.checks:
                    lines += ["", f"{case.title}, {path.name}", *details(check, colour=colour)]
    return "\n".join(lines) + "\n"


def findings(report: FleetReport) -> str:
    """Mistakes, then warnings, a line each; of many warnings the first, and how many there are of each."""
    lines = [one_line(found) for found in report.errors]
    lines += [one_line(found) for found in report.warnings[:_WARNINGS_MAX]]
    more = Counter(found.code for found in report.warnings[_WARNINGS_MAX:])
    lines += [f".. and {count} more of {code} (--explain shows them)" for code, count in sorted(more.items())]
    return "".join(f"{line}\n" for line in lines)


# -- one case ----------------------------------------------------------------------------------------------------------


def _case(case: CaseReport, report: FleetReport, colour: bool) -> Iterator[str]:
    behind = f" -> {case.workload}" if case.workload else ""
    yield f"{_painted(case.verdict, colour)}  {case.title}{behind}   {case.place}, version {report.version}"
    rows = _rows(case)
    width = max(len(name) for name, _ in rows)
    for name, path in rows:
        yield f"  {name.ljust(width)}  {_painted(path.verdict, colour, 12)}  {_said(path)}".rstrip()
    worst = min(case.paths, key=_badness)
    yield from _why(worst, case)
    irrelevant = next((path.irrelevant for path in case.paths if path.checks), ())
    if irrelevant:
        yield f"  does not matter  {', '.join(irrelevant)}"
    if case.taken:
        indent = " " * 19
        yield from wrap("; ".join(case.taken), _WIDTH, initial_indent="  not looked at    ", subsequent_indent=indent)


def _rows(case: CaseReport) -> list[tuple[str, PathReport]]:
    """A row for each way; of many those of which the same is said share one."""
    if len(case.paths) <= _WAYS_MAX:
        return [(_named(path), path) for path in case.paths]
    same: dict[tuple[str, Verdict, str], list[PathReport]] = {}
    for path in case.paths:
        same.setdefault((path.event, path.verdict, _said(path)), []).append(path)
    groups = same.values()
    return [(_named(replace(g[0], name=" and ".join(path.name for path in g))), g[0]) for g in groups]


def _named(path: PathReport) -> str:
    """The way, and what happens, if that was asked for."""
    return f"{path.name}, {path.event}" if path.event else path.name


def _said(path: PathReport) -> str:
    if path.ignored:
        return f"{path.grade}; ignored: {path.ignored}"
    return shorten(path.reason or path.grade + _typically(path), _WIDTH - 30, placeholder=" ..")


def _typically(path: PathReport) -> str:
    ms = path.typically_ms
    return "" if ms is None or ms == path.lasts_ms else f", typically {duration_text(ms)}"


def _why(path: PathReport, case: CaseReport) -> Iterator[str]:
    """The violation, the inequality that decides, what to write instead; for a proof, what it rests on."""
    violation = next((check.violation for check in path.checks if check.violation is not None), None)
    if violation is not None:
        yield f"  lost             {violation.text}{_of(path, case)}"
    if path.cause:
        yield f"  because          {path.cause} ({path.cause_at})"
    if path.slow:
        yield f"  late meanwhile   {', '.join(path.slow)}"
    for threshold in path.thresholds[:2]:
        yield f"  safe if          {threshold}"
    if path.fix is not None:
        yield f"  fix              {path.fix.text}"
        yield f"                   then SAFE for {path.fix.scope}, once the running ones have it too"
    bounds = [bound for check in path.checks for bound in check.rests_on]
    rests_on = dict.fromkeys(_resting(b) for b in sorted(bounds, key=lambda b: not b.assumed) if b.given)
    for text in list(rests_on)[:4]:
        yield f"  rests on         {text}"
    if path.survives:
        yield f"  survive          {path.survives}"
    if path.older:
        yield f"  older versions   {path.older}"


def _of(path: PathReport, case: CaseReport) -> str:
    """Which way it is, where the others have other verdicts."""
    return "" if len({each.verdict for each in case.paths}) == 1 else f" ({_named(path)})"


def _resting(bound: Bound) -> str:
    """A number that a proof needs: assumed, or with the place that says it."""
    return f"{bound.setting.partition('[')[0]} = {bound.value} ({'assumed' if bound.assumed else bound.place})"


def _badness(path: PathReport) -> tuple[int, int, int]:
    """Those with a run or a proof to show first."""
    return (not path.checks, path.verdict.rank, -path.lasts_ms)


# -- many cases --------------------------------------------------------------------------------------------------------


def _table(report: FleetReport, colour: bool, explain: bool) -> Iterator[str]:
    groups = _grouped(report.cases)
    if len(report.events) > 1:
        yield from _by_event(report, explain)
    for (verdict, cause), rows in groups:
        fixes = Counter(path.fix.text for _, path in rows if path.fix is not None)
        titles = len({case.title for case, _ in rows})
        yield f"{_painted(verdict, colour)}  {titles} of {len(report.cases)}: {cause}"
        if fixes:
            text, count = fixes.most_common(1)[0]
            some = "" if count == len(rows) else f"   (shown for {count} of {len(rows)}; -k NAME for each)"
            yield f"  fix  {text}{some}"
        shown = rows if explain else rows[:_ROWS_MAX]
        yield from _columns(_row(case, path) for case, path in shown)
        if len(rows) > len(shown):
            yield f"  .. and {len(rows) - len(shown)} more (--explain lists them, -k NAME shows one)"
        yield ""


def _by_event(report: FleetReport, explain: bool) -> Iterator[str]:
    """A row for each way, with the verdict for each event: the worst first."""
    rows: dict[tuple[str, str], dict[str, Verdict]] = {}
    for case in report.cases:
        for path in case.paths:
            rows.setdefault((case.title, path.name), {})[path.event] = path.verdict
    ranks = {key: sorted(verdict.rank for verdict in found.values()) for key, found in rows.items()}
    wanted = sorted(rows, key=lambda key: (ranks[key], key))
    shown = wanted if explain else wanted[:_ROWS_MAX]
    cells = [(*key, *(rows[key][e].value if e in rows[key] else "" for e in report.events)) for key in shown]
    yield from _columns([("", "", *report.events), *cells])
    if len(wanted) > len(shown):
        yield f"  .. and {len(wanted) - len(shown)} more (--explain lists them, -k NAME shows one)"
    yield ""


def _row(case: CaseReport, path: PathReport) -> tuple[str, ...]:
    return (case.title, _named(path), _worst_case(path), path.cause_at or case.place)


def _grouped(cases: Iterable[CaseReport]) -> list[tuple[tuple[Verdict, str], list[tuple[CaseReport, PathReport]]]]:
    """Ways by verdict and cause: the worst first, then what most have in common."""
    groups: dict[tuple[Verdict, str], list[tuple[CaseReport, PathReport]]] = {}
    for case in cases:
        for path in case.paths:
            cause = f"ignored: {path.ignored}" if path.ignored else _cause(path)
            groups.setdefault((path.verdict, cause), []).append((case, path))
    for rows in groups.values():
        rows.sort(key=lambda row: (-row[1].lasts_ms, row[0].title, row[1].name))
    return sorted(groups.items(), key=lambda g: (g[0][0].rank, -len(g[1]), g[0][1]))


def _cause(path: PathReport) -> str:
    if path.reason or path.cause:
        return path.reason or path.cause
    violation = next((check.violation for check in path.checks if check.violation is not None), None)
    return path.grade if violation is None else violation.part.replace("_", " ")


def _worst_case(path: PathReport) -> str:
    if path.thresholds:
        return f"safe if {path.thresholds[0]}"
    if path.lasts_ms:
        most = duration_text(path.lasts_ms)
        return f"{f'up to {most}' if path.longest else f'{most} or more'}{_typically(path)}"
    return "at the edge" if path.grade.startswith("only") else ""


# -- ends --------------------------------------------------------------------------------------------------------------


def _counts(report: FleetReport) -> Iterator[str]:
    """What was read, what was passed over, what was ignored on request."""
    parts = [f"{_many(report.objects, 'object')} read"]
    other = sum(report.other_kinds.values())
    if other:
        parts.append(f"{_many(other, 'object')} of {_many(len(report.other_kinds), 'other kind')} passed over")
    if report.alone:
        parts.append(f"nothing selects {_listed(report.alone)}")
    if report.errors:
        parts.append(_many(len(report.errors), "mistake"))
    if report.warnings:
        parts.append(_many(len(report.warnings), "warning"))
    yield f"{'; '.join(parts)}   {report.seconds:.2f} s"
    for finding, reason in report.ignored:
        yield f"  ignored: {finding.code} at {finding.span.file}:{finding.span.line}: {reason}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _painted(verdict: Verdict, colour: bool, width: int = 0) -> str:
    word = verdict.value.ljust(width)
    return click.style(word, fg=_COLOURS.get(verdict, "yellow"), bold=True) if colour else word


def _columns(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    table = list(rows)
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))] if table else []
    for row in table:
        yield ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
