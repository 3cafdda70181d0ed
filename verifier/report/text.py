"""The report for a terminal: one screen for each check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from verifier.analysis.verdict import Verdict
from verifier.language.text import duration_text
from verifier.report.report import Bound, CheckReport, Reason, Report, Violation, certified_text, searched_text
from verifier.trace import Awaited, TraceEvent

_TIMETABLE_LINES = 12
_WHY_LINES = 7
_COLOURS = {Verdict.SAFE: "green", Verdict.UNSAFE: "red", Verdict.STUCK: "red"}


def text(report: Report, *, colour: bool, explain: bool) -> str:
    """The whole report; `explain` unfolds every event and every bound."""
    return "\n".join("\n".join(_check(check, colour, explain)) + "\n" for check in report.checks)


def details(check: CheckReport, *, colour: bool) -> list[str]:
    """One check with every event and every bound."""
    return list(_check(check, colour, True))


def _check(check: CheckReport, colour: bool, explain: bool) -> Iterator[str]:
    verdict = f"{check.verdict.value:<7}"
    if colour:
        verdict = click.style(verdict, fg=_COLOURS.get(check.verdict, "yellow"), bold=True)
    yield f"{verdict} {check.workload}: {check.name}   {_claim(check)}"
    yield f"        {check.doc}   {check.file}, {check.seconds:.2f} s"
    if check.reason:
        yield f"        {check.reason}"
    if check.searched is not None:
        yield f"        {searched_text(check.searched)}"
    if check.certified is not None:
        yield f"        {certified_text(check.certified)}"
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
    if trace.awaited:
        yield "  it waits for"
        yield from _columns(_awaited(step) for step in trace.awaited)
        return
    yield "  why it can happen"
    telling = [reason for reason in violation.why if explain or _telling(reason)]
    most = len(telling) if explain else _WHY_LINES
    longest = sorted(telling, key=lambda reason: reason.took_ms, reverse=True)[:most]
    yield from _columns(row for reason in telling if reason in longest for row in _reason(reason, explain))
    if len(telling) > most:
        yield f"    .. and {len(telling) - most} shorter waits (--explain shows them)"


def _awaited(step: Awaited) -> tuple[str, ...]:
    more = f", or {step.others} more of its kind" if step.others else ""
    return (step.label + more, f"{step.component} is {step.state}", f"({step.origin})")


def _timetable(violation: Violation, explain: bool) -> Iterator[str]:
    """The events that lead to the violation, and what was late at its end; runs of others are one line each."""
    trace = violation.trace
    begun = sum(event.at_ms <= trace.since_ms for event in trace.events)
    before, after = trace.events[:begun], trace.events[begun:]
    rows = _folded(before, explain, _TIMETABLE_LINES - 4)
    rows.append((_clock(trace.since_ms), "STUCK" if trace.awaited else "LOST", violation.text))
    rows += _folded(after, explain, 2)
    if trace.lasts_ms:
        rows += [(_clock(event.at_ms), event.component, f"not yet: {event.label}") for event in trace.late]
    yield from _columns(rows)


def _folded(events: tuple[TraceEvent, ...], explain: bool, rows_max: int) -> list[tuple[str, ...]]:
    """At most `rows_max` rows, for the last events that are close to the check; what lies between is counted."""
    if explain:
        return [(_clock(event.at_ms), event.component, event.label) for event in events]
    close = [i for i, event in enumerate(events) if event.close]
    for count in range(min(rows_max, len(close)), 0, -1):
        rows = list(_rows(events, set(close[-count:])))
        if len(rows) <= rows_max:
            return rows
    return list(_rows(events, set()))


def _rows(events: tuple[TraceEvent, ...], shown: set[int]) -> Iterator[tuple[str, ...]]:
    hidden: list[TraceEvent] = []
    for i, event in enumerate((*events, None)):
        if event is not None and i not in shown:
            hidden.append(event)
            continue
        if hidden:
            first, last = _clock(hidden[0].at_ms), _clock(hidden[-1].at_ms)
            named = next((e for e in reversed(hidden) if e.source), hidden[-1])
            yield (first if first == last else f"{first}..{last}", "..", f"{len(hidden)} more; last: {named.label}")
            hidden = []
        if event is not None:
            yield (_clock(event.at_ms), event.component, event.label)


def _telling(reason: Reason) -> bool:
    """A wait of no time that no scenario asked for tells nothing."""
    return reason.took_ms > 0 or any(bound.given for bound in reason.bounds)


def _reason(reason: Reason, explain: bool) -> Iterator[tuple[str, ...]]:
    """One link: what, how long it took, and the numbers that allowed it: those of the scenario, if there are any."""
    took = duration_text(reason.took_ms)
    begin = (reason.label, f"after {took}" if reason.happened else f"not yet after {took}")
    given = tuple(bound for bound in reason.bounds if bound.given)
    for bound in reason.bounds if explain or not given else given:
        yield (*begin, f"{bound.setting} = {bound.value}{_default(bound)} {_place(bound)}")
        begin = ("", "")


def _place(bound: Bound) -> str:
    """Where the number stands: a short name for what the scenario says, the path of the model for a default."""
    return f"({bound.place.rsplit('/', 1)[-1] if bound.given else bound.place})"


def _default(bound: Bound) -> str:
    return "" if bound.given else ", default"


def _bound(bound: Bound) -> tuple[str, ...]:
    notes = [note for note in ("assumed" if bound.assumed else "", bound.because) if note]
    end = {"lo": "at least ", "hi": "at most ", "": ""}[bound.end] if ".." in bound.value else ""
    return (bound.setting, f"{end}{bound.value}{_default(bound)}", _place(bound), ": ".join(notes))


def _clock(ms: int) -> str:
    return duration_text(ms)


def _columns(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    table = list(rows)
    if not table:
        return
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        yield ("    " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
