"""The numbers of a state graph, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from verifier.analysis.graph import GraphReport

FORMAT = "hitless-graph/1"


def as_json(report: GraphReport) -> dict[str, Any]:
    """Everything but the listing, which has formats of its own. Only seconds (also of the processor) differ between two
    runs.
    """
    found = report.explored
    return {
        "format": FORMAT,
        "file": report.file,
        "check": report.check,
        "kind": report.kind,
        "timed": report.timed,
        "interchangeable": [list(members) for members in found.members],
        "states": found.states,
        "transitions": found.transitions,
        "depth": found.depth,
        "seconds": round(found.seconds, 3),
        "cpu_seconds": round(found.cpu_seconds, 3),
        "bytes_per_state": found.bytes_per_state,
        "states_per_depth": list(found.per_depth),
        "out_degrees": _degrees(found.out_degrees),
        "in_degrees": _degrees(found.in_degrees),
        "terminal": found.terminal,
        "violating": found.violating,
        "violating_depth": found.violating_depth,
        "complete": not found.cut,
        "reason": found.cut,
        "time_stops": list(found.stops),
    }


def _degrees(degrees: dict[int, int] | None) -> dict[str, int] | None:
    return None if degrees is None else {str(degree): count for degree, count in degrees.items()}


def text(report: GraphReport) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: GraphReport) -> Iterator[str]:
    found = report.explored
    yield f"{report.file}: {report.check} ({report.kind.replace('_', ' ')})"
    yield f"  its slice: {report.machines} machines, {report.views} views, {report.steps} steps; {_how(report)}"
    for members in found.members:
        yield f"  interchangeable: {', '.join(members)}"
    if report.others:
        yield f"  other parts of this check (--part): {', '.join(report.others)}"
    yield ""
    if found.cut:
        yield f"  NOT COMPLETE: {found.cut}; the numbers are of what was seen"
    if found.stops:
        yield f"  TIME CAN STOP: {', '.join(found.stops)} go round for ever without a tick; this is no system"
    yield f"  states       {found.states:,}"
    yield f"  transitions  {found.transitions:,}"
    yield f"  depth        {found.depth:,}"
    yield f"  terminal     {found.terminal:,}"
    yield f"  violating    {found.violating:,}{_first(report)}"
    yield f"  {found.seconds:.2f} s"
    yield ""
    yield from _table("depth", "states", list(enumerate(found.per_depth)))
    for title, degrees in (("moves out", found.out_degrees), ("moves in", found.in_degrees)):
        if degrees is None:
            yield f"  {title}: not counted, there are too many transitions"
        else:
            yield from _table(title, "states", list(degrees.items()))


def _how(report: GraphReport) -> str:
    if report.timed:
        return "with its delays, a tick is a move"
    return "every order of its steps, whatever the delays"


def _first(report: GraphReport) -> str:
    found = report.explored
    return "" if found.violating_depth is None else f", the nearest after {found.violating_depth} moves"


def _table(title: str, what: str, rows: list[tuple[int, int]], most: int = 16) -> Iterator[str]:
    """Two columns; of a long table the middle is left out."""
    yield f"  {title:>9}  {what:>12}"
    shown: list[tuple[int, int] | None] = list(rows)
    if len(rows) > most:
        shown[most // 2 : -most // 2] = [None]
    for row in shown:
        yield "  ........." if row is None else f"  {row[0]:>9,}  {row[1]:>12,}"
    yield ""
