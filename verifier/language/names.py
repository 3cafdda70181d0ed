"""What people write for a name of the models: another spelling, a unit in the name, the wrong block, a slip."""

from __future__ import annotations

import re
from collections.abc import Collection

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_UNITS = {"_milliseconds": "ms", "_seconds": "s", "_minutes": "m"}


def snake_case(name: str) -> str:
    """`holdTime` -> `hold_time`."""
    return _HUMP.sub("_", name).replace("-", "_").lower()


def native(name: str, known: Collection[str]) -> tuple[str, str] | None:
    """(the known name that `name` spells in another convention, the unit that its ending says), or None.

    `holdTimeSeconds` is `hold_time`, in `s`."""
    snake = snake_case(name)
    if snake != name and snake in known:
        return snake, ""
    for ending, unit in _UNITS.items():
        if snake.endswith(ending) and snake.removesuffix(ending) in known:
            return snake.removesuffix(ending), unit
    return None


def example_text(kind: str, choices: tuple[tuple[str, str | None], ...]) -> str:
    """A value that one could write."""
    if kind == "choice":
        word, payload = choices[0]
        return word if payload is None else f"{word}({example_text(payload, ())})"
    return {
        "duration": "30s",
        "window": "1s..5s",
        "count": "3",
        "size": "3",
        "size or percent": "25%",
        "percent": "25%",
        "version": "v1.34",
        "flag": "yes",
    }[kind]
