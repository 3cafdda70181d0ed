"""A comparison for a terminal: one table, a column for each case."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

import click

from verifier.analysis.verdict import Verdict
from verifier.language.text import duration_text
from verifier.report.comparison import CaseReport, Cell, ComparedReport, ComparisonReport

_WIDTH = 34
_COLOURS = {Verdict.SAFE: "green", Verdict.UNSAFE: "red", Verdict.STUCK: "red"}


def text(report: ComparedReport, *, colour: bool) -> str:
    """Every comparison, one after the other."""
    tables = ["\n".join(_comparison(found, colour)) for found in report.comparisons]
    return "\n\n".join(tables) + f"\n\n{report.seconds:.2f} s\n"


def _comparison(found: ComparisonReport, colour: bool) -> Iterator[str]:
    yield f"{found.workload}: {found.doc}   {found.file}"
    yield ""
    head = max(len(title) for title in _titles(found)) + 2
    yield _line("", [case.name + (" (as in the file)" if case.own else "") for case in found.cases], head)
    yield from _row("", [case.doc for case in found.cases], head)
    yield from _row("with", [", ".join(_short(s) for s in case.settings) or "-" for case in found.cases], head)
    refused = [f"not possible: {case.refused}" if case.refused else "" for case in found.cases]
    if any(refused):
        yield from _row("", refused, head)
    first = next((case for case in found.cases if not case.refused), None)
    if first is None:
        return
    for i, cell in enumerate(first.cells):
        cells = [None if case.refused else case.cells[i] for case in found.cases]
        yield ""
        yield from _verdicts(cell.title, cells, head, colour)
        if any(each is not None and each.check.verdict is not Verdict.SAFE for each in cells):
            yield from _row("  SAFE with", [_mends(each) for each in cells], head)
    yield ""
    for i, (title, _) in enumerate(first.values):
        yield from _row(title, [str(case.values[i][1]) if not case.refused else "" for case in found.cases], head)
    yield from _defaults(found.cases)


def _titles(found: ComparisonReport) -> Iterator[str]:
    yield "  SAFE with"
    for case in found.cases:
        yield from (cell.title for cell in case.cells)
        yield from (title for title, _ in case.values)


def _verdicts(title: str, cells: list[Cell | None], head: int, colour: bool) -> Iterator[str]:
    words = [_word(cell) if cell is not None else "" for cell in cells]
    line = title.ljust(head)
    for word, cell in zip(words, cells, strict=True):
        shown = word
        if colour and cell is not None:
            shown = click.style(word, fg=_COLOURS.get(cell.check.verdict, "yellow"), bold=True)
        line += shown + " " * (_WIDTH - len(word))
    yield line.rstrip()
    yield from _row("", [_claim(cell) if cell is not None else "" for cell in cells], head)


def _word(cell: Cell) -> str:
    """The verdict, or what it is called here."""
    if cell.words and cell.check.verdict in (Verdict.SAFE, Verdict.UNSAFE):
        return cell.words[cell.check.verdict is Verdict.UNSAFE]
    return cell.check.verdict.value


def _claim(cell: Cell) -> str:
    check = cell.check
    if check.violation is not None:
        return f"{check.violation.grade}: {check.violation.text}"
    return check.reason or (f"for {check.scope}" if check.verdict is Verdict.SAFE else "")


def _mends(cell: Cell | None) -> str:
    if cell is None or cell.check.verdict in (Verdict.SAFE, Verdict.NOT_VERIFIED):
        return "-"
    if cell.mends:
        return "; or ".join(", ".join(mend.settings) for mend in cell.mends)
    if not cell.all_tried:
        return "nothing found in the time there was"
    return "no change of those that the models name was shown to be enough"


def _short(setting: str) -> str:
    """`external_traffic_policy = Local` of `service.external_traffic_policy = Local`."""
    return setting.partition(" = ")[0].rpartition(".")[2] + " = " + setting.partition(" = ")[2]


def _defaults(cases: tuple[CaseReport, ...]) -> Iterator[str]:
    """What the file does not say, and the verdicts rest on."""
    found = {bound.setting.partition("[")[0]: bound for case in cases for bound in case.defaults}
    if found:
        yield ""
        yield "not in the file, so its default:"
        for name in sorted(found):
            yield f"  {name} = {found[name].value}   ({found[name].place})"


def _row(title: str, cells: list[str], head: int) -> Iterator[str]:
    """A row of the table, with cells of several lines where they are long."""
    wrapped = [wrap(cell, _WIDTH - 2) for cell in cells]
    for i in range(max((len(lines) for lines in wrapped), default=0)):
        yield _line(title if i == 0 else "", [lines[i] if i < len(lines) else "" for lines in wrapped], head)


def _line(title: str, cells: list[str], head: int) -> str:
    return (title.ljust(head) + "".join(cell.ljust(_WIDTH) for cell in cells)).rstrip()


def lasts(cell: Cell) -> str:
    """The longest loss that was found."""
    return duration_text(cell.lasts_ms)
