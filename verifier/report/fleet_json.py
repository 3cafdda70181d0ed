"""A report on manifests as one JSON object (docs/reference/report-json.md): an interface."""

from __future__ import annotations

from typing import Any

from verifier.language.diagnostics import Diagnostic
from verifier.report.fleet import CaseReport, FleetReport, PathReport
from verifier.report.json import check_json

FORMAT = "hitless-fleet/1"


def as_json(report: FleetReport) -> dict[str, Any]:
    """The whole report. `seconds` is the only value that differs between two runs."""
    return {
        "format": FORMAT,
        "verdict": report.verdict.value,
        "exit_code": report.exit_code,
        "version": report.version,
        "seconds": round(report.seconds, 3),
        "services": [_case(case) for case in report.cases],
        "errors": [_finding(found) for found in report.errors],
        "warnings": [_finding(found) for found in report.warnings],
        "ignored": [{**_finding(found), "reason": reason} for found, reason in report.ignored],
        "objects": report.objects,
        "other_kinds": dict(report.other_kinds),
        "alone": list(report.alone),
    }


def _case(case: CaseReport) -> dict[str, Any]:
    return {
        "name": case.title,
        "workload": case.workload,
        "place": case.place,
        "verdict": case.verdict.value,
        "paths": [_path(path) for path in case.paths],
        "taken_as_given": list(case.taken),
    }


def _path(path: PathReport) -> dict[str, Any]:
    found: dict[str, Any] = {"name": path.name, "verdict": path.verdict.value}
    if path.event:
        found["event"] = path.event
    if path.reason:
        found["reason"] = path.reason
    if path.checks:
        found |= {
            "grade": path.grade,
            "longest_loss_ms": path.lasts_ms,
            "late": list(path.slow),
            "safe_if": list(path.thresholds),
            "does_not_matter": list(path.irrelevant),
            "checks": [check_json(check) for check in path.checks],
        }
    if path.cause:
        found |= {"cause": path.cause, "cause_at": path.cause_at}
    if path.survives:
        found["survives"] = path.survives
    if path.older:
        found["older_versions"] = path.older
    if path.fix is not None:
        found["fix"] = {
            "write": path.fix.text,
            "place": path.fix.place,
            "then_safe_for": path.fix.scope,
        }
    if path.ignored:
        found["ignored"] = path.ignored
    return found


def _finding(found: Diagnostic) -> dict[str, Any]:
    return {
        "code": found.code,
        "file": found.span.file,
        "line": found.span.line,
        "column": found.span.column,
        "message": found.message,
        "why": found.why,
        "fix": found.fix,
    }
