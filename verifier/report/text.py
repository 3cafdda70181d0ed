"""The report for a terminal: one screen for each check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from verifier.analysis.verdict import Verdict
from verifier.language.text import duration_text
from verifier.report.report import Bound, CheckReport, Reason, Report, Violation
from verifier.trace import TraceEvent

_TIMETABLE_LINES = 12
_COLOURS = {Verdict.SAFE: "green", Verdict.UNSAFE: "red", Verdict.STUCK: "red"}


def text(report: Report, *, colour: bool, explain: bool) -> str:
    """The whole report; `explain` unfolds every event and every bound."""
    return "\n".join("\n".join(_check(check, colour, explain)) + "\n" for check in report.checks)


def _check(check: CheckReport, colour: bool, explain: bool) -> Iterator[str]:
    verdict = f"{check.verdict.value:<7}"
    if colour:
        verdict = click.style(verdict, fg=_COLOURS.get(check.verdict, "yellow"), bold=True)
    yield f"{verdict} {check.workload}: {check.name}   {_claim(check)}"
    yield f"        {check.doc}   {check.file}, {check.seconds:.2f} s"
    if check.reason:
        yield f"        {check.reason}"
    if check.violation is not None:
        yield ""
        yield from _violation(check.violation, explain)
        for other in check.also_violated:
            yield f"  also: {other}"
    for threshold in check.thresholds:
        yield f"  safe if {threshold}"
    if check.rests_on or check.lemmas:
        yield ""
        yield "  it rests on"
        yield from _columns(_bound(bound) for bound in check.rests_on)
        for lemma in check.lemmas:
            yield f"    and: {lemma}"


def _claim(check: CheckReport) -> str:
    if check.verdict is Verdict.SAFE:
        return f"for {check.scope}"
    return check.violation.grade if check.violation is not None else ""


def _violation(violation: Violation, explain: bool) -> Iterator[str]:
    trace = violation.trace
    yield f"  {violation.text}"
    if trace.lasts_ms:
        yield f"  from {_clock(trace.since_ms)} to {_clock(trace.end_ms)} in this run"
    else:
        yield f"  at {_clock(trace.since_ms)} in this run"
    yield ""
    yield from _timetable(violation, explain)
    yield ""
    yield "  why it can happen"
    links = violation.why if explain else tuple(r for r in violation.why if _telling(r))
    yield from _columns(_reason(reason) for reason in links)


def _timetable(violation: Violation, explain: bool) -> Iterator[str]:
    """The events that explain the violation; runs of others are folded into one line each."""
    events = violation.trace.events
    shown = set(range(len(events))) if explain else _worth_showing(events)
    rows: list[tuple[str, ...]] = []
    folded: list[TraceEvent] = []

    def fold() -> None:
        if folded:
            first, last = folded[0].at_ms, folded[-1].at_ms
            when = _clock(first) if first == last else f"{_clock(first)}-{_clock(last)}"
            rows.append((when, "..", f"{len(folded)} more, among them: {folded[-1].label}"))
            folded.clear()

    marked = False
    for i, event in enumerate(events):
        if i in shown:
            fold()
            rows.append((_clock(event.at_ms), event.component, event.label))
        else:
            folded.append(event)
        over = i + 1 == len(events) or events[i + 1].at_ms > violation.trace.since_ms
        if over and not marked and event.at_ms <= violation.trace.since_ms:
            fold()
            rows.append((_clock(violation.trace.since_ms), "LOST", violation.text))
            marked = True
    fold()
    yield from _columns(rows)


def _worth_showing(events: tuple[TraceEvent, ...]) -> set[int]:
    """The last events that are close to the check, as many as fit."""
    close = [i for i, event in enumerate(events) if event.close]
    return set(close[-(_TIMETABLE_LINES - 3) :])


def _telling(reason: Reason) -> bool:
    """A wait of no time that no scenario asked for tells nothing."""
    return reason.took_ms > 0 or any(bound.given for bound in reason.bounds)


def _reason(reason: Reason) -> tuple[str, ...]:
    took = duration_text(reason.took_ms)
    waited = f"after {took}" if reason.happened else f"not yet after {took}"
    bounds = "; ".join(f"{b.setting} = {b.value}{_default(b)}, {b.place}" for b in reason.bounds)
    return (reason.label, waited, bounds)


def _default(bound: Bound) -> str:
    return "" if bound.given else " (default)"


def _bound(bound: Bound) -> tuple[str, ...]:
    notes = [note for note in ("assumed" if bound.assumed else "", bound.because) if note]
    end = {"lo": "at least ", "hi": "at most ", "": ""}[bound.end] if ".." in bound.value else ""
    return (bound.setting, f"{end}{bound.value}{_default(bound)}", bound.place, ": ".join(notes))


def _clock(ms: int) -> str:
    return duration_text(ms)


def _columns(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    table = list(rows)
    if not table:
        return
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        yield ("    " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
