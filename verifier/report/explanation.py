"""One topic of `hitless explain`, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from verifier.language.explain import Explanation

_WIDTH = 100


def text(found: Explanation) -> str:
    """The topic, what it means, its facts, and what belongs to it."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Explanation) -> Iterator[str]:
    yield f"{found.topic}: {found.title}"
    if found.text:
        yield ""
        yield from wrap(found.text, _WIDTH)
    if found.wrong:
        yield ""
        yield from _columns((("instead of", found.wrong), ("write", found.right)))
    if found.facts:
        yield ""
        yield from _columns(found.facts)
    if found.listing:
        yield ""
        yield from _columns(found.listing)


def _columns(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Two columns; a second one of several lines stays in its place."""
    width = max(len(left) for left, _ in rows)
    for left, right in rows:
        first, *more = right.splitlines() or [""]
        yield f"  {left.ljust(width)}   {first}".rstrip()
        yield from (f"  {' ' * width}   {line}" for line in more)
