"""The report as one JSON object (docs/reference/report-json.md): an interface."""

from __future__ import annotations

from typing import Any

from verifier.report.report import Bound, CheckReport, Report, Violation, searched_json
from verifier.trace import TraceEvent

FORMAT = "hitless-report/1"


def as_json(report: Report) -> dict[str, Any]:
    """The whole report. Times of the run itself (`seconds`) are the only values that differ between two runs."""
    return {
        "format": FORMAT,
        "verdict": report.verdict.value,
        "seconds": round(report.seconds, 3),
        "checks": [check_json(check) for check in report.checks],
    }


def check_json(check: CheckReport) -> dict[str, Any]:
    found: dict[str, Any] = {
        "file": check.file,
        "workload": check.workload,
        "name": check.name,
        "verdict": check.verdict.value,
        "scope": check.scope,
        "seconds": round(check.seconds, 3),
        "rests_on": [_bound(bound) for bound in check.rests_on],
        "lemmas": list(check.lemmas),
    }
    if check.reason:
        found["reason"] = check.reason
    if check.searched is not None:
        found["exhaustive_search"] = searched_json(check.searched)
    if check.certified is not None:
        told = check.certified
        found["certified"] = {"solver": told.solver, "repeated": told.repeated, "of": told.of}
    if check.typically_ms is not None:
        found["typically_ms"] = check.typically_ms
    if check.thresholds:
        found["safe_if"] = list(check.thresholds)
    if check.violation is not None:
        found |= _violation(check.violation)
        found["also_violated"] = list(check.also_violated)
    return found


def _violation(violation: Violation) -> dict[str, Any]:
    trace = violation.trace
    return {
        "violated": violation.part,
        "text": violation.text,
        "grade": violation.grade,
        "in_every_run": violation.in_every_run,
        "trace": {
            "since_ms": trace.since_ms,
            "end_ms": trace.end_ms,
            "events": [_event(event) for event in trace.events],
            "late": [_event(event) for event in trace.late],
            "waits_for": [
                {"label": step.label, "component": step.component, "state": step.state, "origin": step.origin}
                for step in trace.awaited
            ],
        },
        "why": [
            {
                "label": reason.label,
                "took_ms": reason.took_ms,
                "happened": reason.happened,
                "bounds": [_bound(bound) for bound in reason.bounds],
            }
            for reason in violation.why
        ],
    }


def _event(event: TraceEvent) -> dict[str, Any]:
    return {
        "at_ms": event.at_ms,
        "component": event.component,
        "from": event.source,
        "to": event.target,
        "label": event.label,
        "waited_ms": event.waited_ms,
        "origin": event.origin,
    }


def _bound(bound: Bound) -> dict[str, Any]:
    return {
        "setting": bound.setting,
        "value": bound.value,
        "end": bound.end,
        "place": bound.place,
        "because": bound.because,
        "assumed": bound.assumed,
        "given": bound.given,
    }
