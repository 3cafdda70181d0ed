"""Whatever a manifest looks like: it is read, refused or verified, and never an error of ours."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.manifests.texts import BUDGET, WEB
from verifier.fleet.run import _question
from verifier.language.assemble import assembled
from verifier.language.diagnostics import render
from verifier.manifests.load import Ask, load
from verifier.report.fleet import one_line

EXAMPLES = Path(__file__).parents[2] / "examples" / "manifests"
TEXTS = [f"{WEB}---\n{BUDGET}", *(path.read_text("utf-8") for path in sorted(EXAMPLES.glob("*.yaml")))]
ODD = [
    *(
        "",
        " ",
        "\t",
        "\0",
        "{{ x }}",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a",
        "<<: ",
        "'",
        '"',
        "|",
        ">",
        "!!x ",
        "~",
        "-1",
    ),
    *(
        "0",
        "1e9",
        "99999999999999999999",
        "yes",
        "null",
        "---\n",
        "...\n",
        "% ",
        ": ",
        "#",
        "\u2028",
        "0x_",
        "é",
        "-",
        "1.5",
    ),
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A real manifest with lines dropped, doubled, moved or changed, and odd pieces put in."""
    lines = draw(st.sampled_from(TEXTS)).splitlines(keepends=True)
    start = draw(st.integers(0, max(0, len(lines) - 80)))
    lines = lines[start : start + 80]
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        match draw(st.integers(0, 6)):
            case 0:
                lines[at] = ""
            case 1:
                lines[at] = line + line
            case 2:
                lines[at] = draw(st.sampled_from(ODD)) + line
            case 3:
                key, colon, _ = line.partition(":")
                lines[at] = f"{key}{colon} {draw(st.sampled_from(ODD))}\n"
            case 4:
                lines[at] = line.replace("  ", " ", 1)
            case 5:
                cut = draw(st.integers(0, len(line)))
                lines[at] = line[:cut] + draw(st.sampled_from(ODD)) + line[cut:]
            case 6:
                other = draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], lines[at]
    return "".join(lines)


def survives(text: str, **ask: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.yaml"
        path.write_text(text, "utf-8")
        found = load(Ask((str(path),), **ask))  # type: ignore[arg-type]
        for diagnostic in (*found.errors, *found.warnings):
            assert "\n" not in one_line(diagnostic)
            assert diagnostic.span.line >= 1
        render((*found.errors, *found.warnings), found.sources)
        for case in found.cases:
            for way in case.paths:
                assert way.why_not or way.scenario is not None
                if way.scenario is not None:
                    _question(way, case, 1.0)
                    programs, mistakes = assembled(way.scenario, way.modules, str(path))
                    assert programs or mistakes


@settings(max_examples=150, deadline=None)
@given(mutated(), st.sampled_from([None, "ack-clb", "eks-nlb-ip", "kube-proxy"]))
def test_mutated_manifests(text: str, on: str | None) -> None:
    survives(text, **({} if on is None else {"on": on}))


@settings(max_examples=60, deadline=None)
@given(mutated())
def test_mutated_manifests_as_the_old_state(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / "old.yaml"
        old.write_text(text, "utf-8")
        survives(WEB, old=str(old))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    survives(text.encode("utf-8", "ignore").decode("utf-8"))
