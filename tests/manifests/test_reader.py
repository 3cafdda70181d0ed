"""Documents are read with their places; each that cannot be read is one line, and takes no other with it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from verifier.manifests.reader import read

EXAMPLES = Path(__file__).parents[2] / "examples" / "manifests"
GOOD = "kind: Service\nmetadata:\n  name: web\n"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

BROKEN = {
    "tab": ("a: 1\n\tb: 2", "HL421", 2, "a tab"),
    "duplicate key": ("a: 1\nb: 2\na: 3", "HL422", 3, "`a` is given twice"),
    "NUL": ("a: 1\nb: \0", "HL421", 2, "U+0000"),
    "helm": ("a: 1\nb: {{ .Values.b }}", "HL424", 2, "template"),
    "helm block": ("{{- if .Values.x }}\na: 1\n{{- end }}", "HL424", 1, "template"),
    "jinja": ("a: 1\n{% if x %}\nb: 2", "HL424", 2, "template"),
    "deep": ("a: " + "[" * 300 + "]" * 300, "HL423", 1, "deeper than 128"),
    "laughs": (LAUGHS, "HL423", 5, "aliases"),
    "no anchor": ("a: *x", "HL421", 1, "no anchor `&x`"),
    "itself": ("a: &a [*a]", "HL421", 1, "no anchor"),
    "open bracket": ("a: [1, 2\nb: 3", "HL421", 2, "no YAML"),
    "open quote": ("a: 'x", "HL421", 2, "no YAML"),
    "key": ("? [a]\n: 1", "HL421", 1, "a list cannot be a key"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_document_is_one_line_and_the_others_are_read(name: str) -> None:
    text, code, line, message = BROKEN[name]
    documents, broken = read(f"{GOOD}---\n{text}\n---\n{GOOD}", "f.yaml")
    assert [document.root.line for document in documents] == [1, 7 + text.count("\n")]
    [found] = broken
    assert (found.code, found.span.line) == (code, 4 + line)
    assert message in found.message


def test_places() -> None:
    [document], _ = read("# note\n---\nkind: X\nspec:\n  replicas: 3\n  list: [1, two]\n", "f.yaml")
    root = document.root
    assert (root.at("spec", "replicas").line, root.at("spec", "replicas").column) == (5, 3)
    assert root.at("spec", "replicas").end_column == 14
    assert [(each.value, each.column) for each in root.each("spec", "list")] == [(1, 10), ("two", 13)]
    assert root.at("spec", "missing", "deeper").line == 4


def test_scalars_are_those_of_yaml_1_1() -> None:
    written = ("yes", "'yes'", "010", "1_000", "1e3", "~", "1:30", "2024-01-01", "0x1F", ".5", "-7", ".", "1.2.3")
    text = "".join(f"k{i}: {value}\n" for i, value in enumerate(written))
    [document], _ = read(text, "f.yaml")
    values = [entry.node.value for entry in document.root.entries().values()]
    assert values == [True, "yes", 8, 1000, 1000.0, None, "1:30", "2024-01-01", 31, 0.5, -7, ".", "1.2.3"]


def test_anchors_and_merges() -> None:
    [document], _ = read("base: &b {x: 1, y: 2}\nit:\n  <<: *b\n  y: 3\n", "f.yaml")
    it = document.root.get("it")
    assert it is not None
    assert (it.number("x"), it.number("y")) == (1, 3)
    assert it.at("x").line == 1


def test_json_and_empty_documents() -> None:
    documents, broken = read('---\n---\n{"kind": "List",\n "items": [{"kind": "X"}]}\n---\n# nothing\n', "f.json")
    assert not broken
    assert [document.root.text("kind") for document in documents] == ["List"]


def test_two_megabytes_in_two_seconds() -> None:
    source = (EXAMPLES / "online-boutique.yaml").read_text("utf-8")
    text = "\n---\n".join([source] * (2_000_000 // len(source) + 1))
    started = time.process_time()
    documents, broken = read(text, "big.yaml")
    assert time.process_time() - started < 2.0
    assert len(documents) == 35 * (2_000_000 // len(source) + 1)
    assert not broken
