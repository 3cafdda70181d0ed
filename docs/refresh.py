"""Runs every console block of README.md, docs/ and examples/, and writes what the commands print back into them.

    python docs/refresh.py            # tests/test_docs.py fails where this would change something

A block is fenced as `console`. Its lines that begin with `$ ` are commands, run in order, for each page in a fresh
folder with copies of examples/ and models/; the lines after a command are its output, both streams together. Lines
before the first command are for people to paste, and are not run. `pip install .. && command` runs only the command.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md")))

_BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
_SECONDS = re.compile(r"\b\d+\.\d+ s\b")
_SECONDS_MAX = 120
_VISIBLE = ("examples", "models")

Execute = Callable[[str], str]


def normal(output: str) -> str:
    """An output without what differs between two runs."""
    return _SECONDS.sub("0.00 s", output)


def refreshed(text: str, execute: Execute) -> str:
    """A page with the output of every command as it is now; where only seconds differ, as it was."""

    def block(match: re.Match[str]) -> str:
        lines = match[1].splitlines(keepends=True)
        starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
        made = lines[: starts[0]] if starts else lines
        for start, end in pairwise([*starts, len(lines)]):
            was = "".join(lines[start + 1 : end])
            now = execute(lines[start][2:].strip())
            made += [lines[start], was if normal(was).rstrip() == normal(now).rstrip() else now]
        return "".join(made)

    return _BLOCK.sub(block, text)


@contextmanager
def shell() -> Iterator[Execute]:
    """Runs commands in a fresh folder. `hitless` is the one of this checkout, run by this interpreter."""
    with tempfile.TemporaryDirectory() as made:
        folder, programs = Path(made, "here"), Path(made, "bin")
        folder.mkdir()
        programs.mkdir()
        for name in _VISIBLE:  # copies: no command may write into the checkout
            shutil.copytree(ROOT / name, folder / name)
        command = programs / "hitless"
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m verifier "$@"\n', "utf-8")
        command.chmod(0o755)
        environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "80",
        }

        def execute(line: str) -> str:
            if line.startswith("pip install"):
                line = line.partition(" && ")[2]
            done = subprocess.run(
                ["sh", "-c", line],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                check=False,
                timeout=_SECONDS_MAX,
            )
            if "hitless failed" in done.stdout:  # never what a page should say
                raise RuntimeError(f"{line}: {done.stdout}")
            return done.stdout.replace(f"{ROOT}/", "")

        yield execute


def main() -> None:
    for page in PAGES:
        text = page.read_text("utf-8")
        with shell() as execute:
            found = refreshed(text, execute)
        if found != text:
            page.write_text(found, "utf-8")
            print(f"{page.relative_to(ROOT)}: written")


if __name__ == "__main__":
    main()
