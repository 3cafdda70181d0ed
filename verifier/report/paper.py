"""The verdicts on a `hitless-system/1` file, as text and as JSON."""

from __future__ import annotations

from typing import Any

import click

from verifier.analysis.paper import SystemVerdict, SystemVerdicts
from verifier.analysis.verdict import Verdict
from verifier.language.text import duration_text
from verifier.report.json import FORMAT
from verifier.report.report import searched_json, searched_text
from verifier.trace import TraceEvent, trace_of


def text(file: str, verdicts: SystemVerdicts, seconds: float, *, colour: bool) -> str:
    lines = []
    for found in verdicts.checks:
        word = f"{found.verdict.value:<12}"
        if colour:
            word = click.style(word, fg="green" if found.verdict is Verdict.SAFE else "red", bold=True)
        lines.append(f"{word} {found.check}" + (f"   {found.reason}" if found.reason else ""))
        if found.searched is not None:
            lines.append(f"    {searched_text(found.searched)}")
        if found.witness is not None:
            trace = trace_of(found.witness)
            lines += [f"    {duration_text(e.at_ms):<8} {_what(e)}" for e in trace.events]
            lines.append(f"    {duration_text(trace.end_ms):<8} violated")
    lines.append(f"{file}: {len(verdicts.checks)} checks, {seconds:.2f} s")
    return "\n".join(lines) + "\n"


def as_json(file: str, verdicts: SystemVerdicts, seconds: float) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "verdict": verdicts.verdict.value,
        "seconds": round(seconds, 3),
        "checks": [_check(file, found) for found in verdicts.checks],
    }


def _check(file: str, found: SystemVerdict) -> dict[str, Any]:
    made: dict[str, Any] = {
        "file": file,
        "name": found.check,
        "verdict": found.verdict.value,
        "scope": "this system",
        "rests_on": [{"name": name, "end": end} for name, end in found.core],
    }
    if found.reason:
        made["reason"] = found.reason
    if found.searched is not None:
        made["exhaustive_search"] = searched_json(found.searched)
    if found.witness is not None:
        trace = trace_of(found.witness)
        events = [
            {"at_ms": e.at_ms, "component": e.component, "from": e.source, "to": e.target, "label": e.label}
            for e in trace.events
        ]
        made["trace"] = {"since_ms": trace.since_ms, "end_ms": trace.end_ms, "events": events}
    return made


def _what(event: TraceEvent) -> str:
    return f"{event.component}: {event.source} -> {event.target}" if event.source else f"{event.component} refreshes"
