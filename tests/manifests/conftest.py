"""A fixture for tests of what is asked, where the answers do not matter."""

from __future__ import annotations

from typing import Any

import pytest

from verifier.analysis.verdict import Verdict
from verifier.fleet import questions
from verifier.fleet import run as fleet
from verifier.fleet.questions import Answer
from verifier.report.fleet import PathReport


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """No question is decided for real; what was asked is kept."""
    asked: list[Any] = []

    def answer(question: Any) -> Answer:
        asked.append(question)
        return questions.Answer(refused=())

    monkeypatch.setattr(fleet, "answer", answer)
    monkeypatch.setattr(fleet, "_path", lambda path, case, found: _undecided(path))
    return asked


def _undecided(path: Any) -> Any:
    return PathReport(path.name, Verdict.NOT_VERIFIED, path.why_not or "not decided")
