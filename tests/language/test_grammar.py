"""The grammar has no conflicts, every word of it is documented, and what is in the repository can be read."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import lark
import pytest

from verifier.language import syntax
from verifier.language.build import Builder
from verifier.language.load import load
from verifier.language.parse import machinery, parse
from verifier.language.tokens import NoLexer
from verifier.resources import resource

ROOT = Path(__file__).resolve().parents[2]
GRAMMAR = resource("grammar") / "hitless.lark"
MODELS = sorted(resource("models").rglob("*.model"))
SCENARIOS = sorted((ROOT / "examples").rglob("*.rollout"))


def test_no_conflicts() -> None:
    lark.Lark(GRAMMAR.read_text("utf-8"), parser="lalr", lexer=NoLexer, strict=True, start=["model", "scenario"])


def test_every_rule_is_built() -> None:
    rules = {rule.alias or rule.options.template_source or rule.origin.name for rule in machinery().lark.rules}
    named = {str(rule) for rule in rules if not str(rule).startswith("_")}
    inlined = set(re.findall(r"^\?(\w+):", GRAMMAR.read_text("utf-8"), re.M))
    assert not {name for name in named - inlined if not hasattr(Builder, name)}


def test_every_word_is_documented() -> None:
    reference = (ROOT / "docs" / "reference" / "language.md").read_text("utf-8")
    documented = {word for span in re.findall(r"`([^`\n]+)`", reference) for word in re.findall(r"\w+", span)}
    assert not set(machinery().tokenizer.keywords) - documented


def test_every_diagnostic_is_documented() -> None:
    used = set()
    for path in (ROOT / "verifier" / "language").glob("*.py"):
        if path.name != "catalogue.py":
            used |= set(re.findall(r'"(HL\d{3})"', path.read_text("utf-8")))
    from verifier.language.catalogue import CATALOGUE

    assert used | {"HL313"} == set(CATALOGUE)  # HL313 is found by verifier/analysis/verify.py


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_models_are_read(path: Path) -> None:
    parsed = parse(path.read_text("utf-8"), path.name, scenario=False)
    assert not parsed.diagnostics
    assert isinstance(parsed.tree, syntax.Model)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_spans_lie_within_their_file(path: Path) -> None:
    text = path.read_text("utf-8")
    parsed = parse(text, path.name, scenario=True)
    assert isinstance(parsed.tree, syntax.Scenario)
    lines = text.split("\n")
    for item in parsed.tree.items:
        assert 1 <= item.span.line <= item.span.end_line <= len(lines)
        assert item.span.end_column <= len(lines[item.span.end_line - 1]) + 1


def test_scenarios_are_loaded() -> None:
    """Without diagnostics, but for a requirement and a bare number that are there to show them."""
    loaded = load(SCENARIOS)
    assert {d.code for d in loaded.diagnostics} <= {"HL301", "HL407"}
    assert len(loaded.programs) == len(SCENARIOS) - len({d.span.file for d in loaded.diagnostics})


def test_a_cache_that_cannot_be_written_does_no_harm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    machinery.cache_clear()
    parse.cache_clear()
    assert not parse("verify a", "a.rollout", scenario=True).diagnostics
    machinery.cache_clear()
    parse.cache_clear()


def test_a_damaged_cache_does_no_harm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for _ in range(2):
        machinery.cache_clear()
        parse.cache_clear()
        assert not parse("verify a", "a.rollout", scenario=True).diagnostics
        for path in (tmp_path / "hitless").iterdir():
            path.write_bytes(path.read_bytes()[:1000])
    machinery.cache_clear()
    parse.cache_clear()


def test_the_front_end_knows_no_platform() -> None:
    """Words of the platform stand in the models; the front end has none of their settings, machines or blocks."""
    loaded = load(SCENARIOS[:1])
    assert loaded.programs
    program = loaded.programs[0][1]
    words = {part for path in program.settings for part in path.split(".")} | set(program.machines) | set(program.views)
    words |= {"kubernetes", "kubelet", "pod", "replicas", "deployment"}
    common = {"port", "timeout", "mode", "type", "strategy", "period", "app", "nodes", "cluster", "service"}
    for path in (ROOT / "verifier" / "language").glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        found = {word for text in texts for word in re.findall(r"\w+", text)} & (words - common)
        assert path.name == "program.py" or not found, (path.name, found)


def test_the_reference_is_read() -> None:
    """Every fenced example of the reference is a model or a scenario."""
    reference = (ROOT / "docs" / "reference" / "language.md").read_text("utf-8")
    for block in re.findall(r"^```\n(.*?)^```", reference, re.M | re.S):
        results = [parse(block, "block", scenario=scenario) for scenario in (True, False)]
        assert any(not result.diagnostics for result in results), block
