"""Where `grammar/` and `models/` are: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def resource(name: str) -> Path:
    """The folder `name` (`grammar`, `models`). Raises FileNotFoundError if the installation is broken."""
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        folder = root / name
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"hitless is not installed completely: no folder `{name}` in {_PACKAGE / '_data'}")


@cache
def shown(file: str) -> str:
    """`file` as reports name it: a shipped model as `models/..`, wherever hitless is installed and run from."""
    models = resource("models")
    path = Path(file).resolve()
    return str(path.relative_to(models.parent)) if path.is_relative_to(models) else file


def starter() -> str:
    """The text of the scenario that `hitless new` writes."""
    return (resource("models") / "starter.rollout").read_text(encoding="utf-8")
