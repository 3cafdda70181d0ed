"""A comparison as one JSON object (docs/reference/comparison-json.md): an interface."""

from __future__ import annotations

from typing import Any

from verifier.report.comparison import CaseReport, Cell, ComparedReport, ComparisonReport
from verifier.report.json import check_json

FORMAT = "hitless-comparison/1"


def as_json(report: ComparedReport) -> dict[str, Any]:
    """The whole report. Times of the run itself (`seconds`) are the only values that differ between two runs."""
    return {
        "format": FORMAT,
        "verdict": report.verdict.value,
        "seconds": round(report.seconds, 3),
        "comparisons": [_comparison(found) for found in report.comparisons],
    }


def _comparison(found: ComparisonReport) -> dict[str, Any]:
    return {
        "file": found.file,
        "workload": found.workload,
        "name": found.name,
        "verdict": found.verdict.value,
        "cases": [_case(case) for case in found.cases],
    }


def _case(case: CaseReport) -> dict[str, Any]:
    made: dict[str, Any] = {"name": case.name, "doc": case.doc, "settings": list(case.settings), "own": case.own}
    if case.refused:
        return {**made, "refused": case.refused}
    return {
        **made,
        "checks": [_cell(cell) for cell in case.cells],
        "values": [{"title": title, "value": value} for title, value in case.values],
        "defaults": [{"setting": bound.setting, "value": bound.value, "place": bound.place} for bound in case.defaults],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    made = check_json(cell.check)
    return {
        "title": cell.title,
        "words": list(cell.words),
        "lasts_ms": cell.lasts_ms,
        "safe_with": [{"settings": list(mend.settings), "scope": mend.scope} for mend in cell.mends],
        "all_tried": cell.all_tried,
        **made,
    }
