"""Every mistake is shown as the golden file says, and every code of the catalogue is shown by one of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Golden
from verifier.language.catalogue import CATALOGUE
from verifier.language.diagnostics import render
from verifier.language.load import load

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "golden" / "diagnostics"
CASES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".rollout", ".model"))


@pytest.mark.parametrize("case", CASES)
def test_mistakes_are_shown_as_expected(case: str, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    loaded = load([FOLDER.relative_to(ROOT) / case])
    shown = render(loaded.diagnostics, loaded.sources)
    assert loaded.diagnostics
    assert not loaded.programs
    golden(f"diagnostics/{case}.txt", shown)


def test_every_code_has_a_golden() -> None:
    shown = {
        code for path in FOLDER.glob("*.txt") for code in re.findall(r"\[(HL\d+)\]$", path.read_text("utf-8"), re.M)
    }
    # HL107: files that cannot be read, below. HL313: found once values are known, in tests/test_time_stops.py.
    assert shown | {"HL107", "HL313"} == set(CATALOGUE)


@pytest.mark.parametrize("make", ["missing", "folder", "binary", "huge", "no permission"])
def test_files_that_cannot_be_read(make: str, tmp_path: Path) -> None:
    path = tmp_path / "a.rollout"
    if make == "folder":
        path.mkdir()
    elif make == "binary":
        path.write_bytes(bytes(range(256)) * 10)
    elif make == "huge":
        path.write_bytes(b"a" * 3_000_000)
    elif make == "no permission":
        path = tmp_path / "nul\0name.rollout"
    loaded = load([path])
    assert [d.code for d in loaded.diagnostics] == ["HL107"]
    assert render(loaded.diagnostics, loaded.sources)


def test_a_used_model_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "part.model").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "a.rollout").write_text("use part\nverify something\n", "utf-8")
    loaded = load([tmp_path / "a.rollout"])
    assert {d.code for d in loaded.diagnostics} >= {"HL107"}
    assert "HL211" not in {d.code for d in loaded.diagnostics}


def test_the_undeclared_name_is_reported_once() -> None:
    text = (FOLDER / "unknown-name-five-times.model.txt").read_text("utf-8")
    assert text.count("[HL") == 1


def test_three_mistakes_print_three_carets() -> None:
    text = (FOLDER / "three-mistakes.rollout.txt").read_text("utf-8")
    assert len(re.findall(r"^ +\| +\^+$", text, re.M)) == 3


def test_diagnostics_of_several_files_are_sorted() -> None:
    loaded = load([FOLDER / "words.rollout", FOLDER / "units.rollout"])
    places = [(d.span, d.code) for d in loaded.diagnostics]
    assert places == sorted(places)
    assert {d.span.file for d in loaded.diagnostics} == {str(FOLDER / "words.rollout"), str(FOLDER / "units.rollout")}
