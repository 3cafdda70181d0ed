"""The documentation says what the commands print, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


def _refresh() -> ModuleType:
    """docs/refresh.py, which is no package."""
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "docs" / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


refresh = _refresh()
PAGES: tuple[Path, ...] = refresh.PAGES
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
# Pages whose commands take many seconds.
AT_LENGTH = {"examples/balancers/README.md"}
WITH_MARKS = [
    pytest.param(page, id=name, marks=[pytest.mark.slow] if name in AT_LENGTH else [])
    for page, name in zip(PAGES, IDS, strict=True)
]


@pytest.mark.parametrize("page", WITH_MARKS)
def test_console_blocks_are_what_the_commands_print(page: Path) -> None:
    text = page.read_text("utf-8")
    if "\n$ " not in text:
        return
    with refresh.shell() as execute:
        now = refresh.refreshed(text, execute)
    assert text == now, "run `python docs/refresh.py` and read the diff"


def test_a_wrong_output_is_noticed() -> None:
    page = "```console\nto paste\n$ say a\na 0.10 s\n$ say b\nold\n```\nafter\n```console\nnothing to run\n```\n"
    answers = {"say a": "a 0.99 s\n", "say b": "new\n"}
    assert refresh.refreshed(page, answers.__getitem__) == page.replace("old", "new")


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_has_one_command_for_each_main_job() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for marker in ("<!-- safe -->", "<!-- unsafe -->", "<!-- test -->"):
        assert text.count(marker) == 1
    pasted = re.findall(r"^pip install .*$", text, re.MULTILINE)
    assert len(pasted) == 2
    assert "hitless verify examples/blog/" in pasted[0]
    assert "pytest" in pasted[1]
    assert text.index("<!-- test -->") < text.index(pasted[1])


def test_no_page_names_a_path_of_somebodys_machine() -> None:
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(home|root|tmp|work|Users)/", page.read_text("utf-8")), page
