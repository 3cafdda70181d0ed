"""What a failure of hitless itself leaves behind: one file with which it can be reproduced."""

from __future__ import annotations

import json
import platform
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

FORMAT = "hitless-bundle/1"
_INPUT_BYTES_MAX = 2_000_000
_OWN_FORMS = (".rollout", ".model")


def write_bundle(error: BaseException, arguments: Sequence[str]) -> Path | None:
    """Writes hitless-bundle-<time>.json into the current folder (else the temporary one), over no existing file.

    Returns where it is, or None if it could be written nowhere. Never raises.
    """
    try:
        text = json.dumps(contents(error, arguments), indent=2, ensure_ascii=False, default=str)
    except Exception as second:  # the bundle must not hide the failure that it is about
        text = json.dumps({"format": FORMAT, "error": repr(error), "bundle_error": repr(second)}, indent=2)
    for path in _places():
        try:
            with path.open("x", encoding="utf-8", errors="backslashreplace") as out:
                out.write(text + "\n")
        except OSError:
            continue
        return path
    return None


def contents(error: BaseException, arguments: Sequence[str]) -> dict[str, Any]:
    """The failure, the version, the input files, and the system and run that the error carries, if it does."""
    return {
        "format": FORMAT,
        "hitless": _version("hitless"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "z3_solver": _version("z3-solver"),
        "arguments": list(arguments),
        "error": f"{type(error).__name__}: {error}",
        "traceback": "".join(traceback.format_exception(error)),
        "inputs": {name: text for name in arguments if (text := _input(name)) is not None},
        "scenario": getattr(error, "scenario", None),
        "system": _system(error),
        "run": _run(error),
    }


def _system(error: BaseException) -> Any:
    from verifier.system.ir import System
    from verifier.system.paper import to_json

    system = getattr(error, "system", None)
    return to_json(system) if isinstance(system, System) else None


def _run(error: BaseException) -> Any:
    from verifier.system.run import Run

    run = getattr(error, "run", None)
    return asdict(run) if isinstance(run, Run) else None


def _input(name: str) -> str | None:
    """The text of a file in one of our own forms. Any other may hold secrets: what was read of it is the scenario."""
    path = Path(name)
    try:
        if not path.is_file() or path.stat().st_size > _INPUT_BYTES_MAX:
            return None
        text = path.read_bytes().decode("utf-8", "backslashreplace")
    except (OSError, ValueError):
        return None
    return text if name.endswith(_OWN_FORMS) or '"hitless-system/' in text else None


def _places() -> Iterator[Path]:
    """Names that are tried in order: the current folder first, with a number where the second is taken."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for folder in (Path(), Path(tempfile.gettempdir())):
        for number in range(1, 100):
            yield folder / f"hitless-bundle-{stamp}{'' if number == 1 else f'-{number}'}.json"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
