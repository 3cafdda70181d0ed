"""Whatever comes in, the front end answers with programs or with diagnostics, and never raises."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.language.diagnostics import render
from verifier.language.load import Loaded, load
from verifier.resources import resource

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = sorted((ROOT / "examples" / "blog").glob("*.rollout"))[0].read_text("utf-8")
MODELS = {path.stem: path.read_text("utf-8") for path in sorted(resource("models").rglob("*.model"))}
WORDS = sorted({*SCENARIO.split(), *(word for text in MODELS.values() for word in text.split())})
JUNK = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(
        ["{", "}", "(", ")", "[", "]", "\n", ";", '"', "..", "*", "->", "=", "//", "\0", "\ufeff", "é", "((("]
    ),
    st.text(max_size=5),
    st.integers().map(str),
)


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """`text` cut off, or with a few pieces removed, doubled or put in."""
    if draw(st.booleans()):
        return text[: draw(st.integers(0, len(text)))]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        text = text[:start] + draw(st.one_of(st.just(""), st.just(text[start:end] * 2), JUNK)) + text[end:]
    return text


def answered(loaded: Loaded) -> None:
    assert bool(loaded.programs) != bool(loaded.diagnostics)
    render(loaded.diagnostics, loaded.sources)
    for diagnostic in loaded.diagnostics:
        assert diagnostic.span.line >= 1
        assert diagnostic.span.column >= 1
        assert diagnostic.message
        assert "\n" not in diagnostic.message


@settings(max_examples=120, deadline=None)
@given(mutated(SCENARIO))
def test_scenarios(text: str) -> None:
    loaded = load(["a.rollout"], overlay={"a.rollout": text})
    answered(loaded)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(MODELS)).flatmap(lambda name: mutated(MODELS[name])))
def test_models(text: str) -> None:
    load(["a.model"], overlay={"a.model": text})
    overlay = {"a.rollout": "use part\nuse kubernetes\n" + SCENARIO, "part.model": text}
    loaded = load(["a.rollout"], overlay=overlay)
    answered(loaded)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    load(["a.model"], overlay={"a.model": text})
    answered(load(["a.rollout"], overlay={"a.rollout": text}))


@settings(max_examples=40, deadline=None)
@given(st.lists(JUNK, max_size=60).map(" ".join))
def test_any_words(text: str) -> None:
    load(["a.model"], overlay={"a.model": text})
    answered(load(["a.rollout"], overlay={"a.rollout": text}))


def test_deep_nesting() -> None:
    for text in ("(" * 5000, "{" * 5000, "not " * 5000, "if " * 5000, "a + " * 20_000, "a implies " * 5000, "-" * 5000):
        load(["a.model"], overlay={"a.model": f"let a = {text} b"})
        answered(load(["a.rollout"], overlay={"a.rollout": f"cluster {{ nodes = {text} 3 }}"}))
