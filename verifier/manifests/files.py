"""Where manifests come from: files, folders, standard input, a revision of git."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from verifier.language.diagnostics import Collector
from verifier.language.program import Span

ENDINGS = (".yaml", ".yml", ".json")
STDIN = "-"
BYTES_MAX = 64_000_000
_GIT_SECONDS_MAX = 30


def is_manifest(name: str) -> bool:
    """Is this argument for manifests, not a scenario? Folders and standard input hold manifests."""
    return name == STDIN or name.endswith(ENDINGS) or Path(name).is_dir()


def texts(names: Iterable[str], report: Collector) -> Iterator[tuple[str, str]]:
    """(file, text) of every argument, folders searched through; what cannot be read is reported."""
    for name in dict.fromkeys(names):
        if name == STDIN:
            yield from _decoded("stdin", sys.stdin.buffer.read(BYTES_MAX + 1), report)
            continue
        path = Path(name)
        inside = _within(path) if path.is_dir() else [path]
        if not inside:
            report.add("HL107", _top(name), f"{name} has no file that ends in {', '.join(ENDINGS)}")
        for file in inside:
            try:
                with file.open("rb") as stream:
                    data = stream.read(BYTES_MAX + 1)
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "no such file"
                report.add("HL107", _top(str(file)), f"{file} cannot be read: {reason}")
                continue
            yield from _decoded(str(file), data, report)


def revision_texts(revision: str, names: Iterable[str], report: Collector) -> Iterator[tuple[str, str]]:
    """(file, text) of the same arguments as they were in a revision of the repository that they stand in."""
    for name in names:
        if name == STDIN:
            fix = "name two files, or folders: --from OLD NEW"
            report.add("HL107", _top(STDIN), "standard input has no older revision", fix=fix)
            continue
        path = Path(name)
        folder = path if path.is_dir() else path.parent
        target = "." if path.is_dir() else path.name
        listed = _git(folder, "ls-tree", "-r", "--name-only", revision, "--", target)
        if listed is None:
            fix = "name a file, a folder, or a revision of the repository that the manifests stand in"
            report.add("HL107", _top(name), f"{revision} is neither a file nor a revision that has {name}", fix=fix)
            continue
        for file in listed.decode("utf-8", "replace").splitlines():
            if file.endswith(ENDINGS):
                data = _git(folder, "show", f"{revision}:./{file}")
                yield from _decoded(f"{revision}:{folder / file}", data or b"", report)


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git says, or None if it refuses or is not there."""
    try:
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(command, capture_output=True, check=False, timeout=_GIT_SECONDS_MAX)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    return done.stdout if done.returncode == 0 else None


def _within(folder: Path) -> list[Path]:
    """Manifests in a folder and below, hidden ones left out, in a fixed order."""
    found = []
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.name.endswith(ENDINGS) and not hidden and path.is_file():
            found.append(path)
    return found


def _decoded(file: str, data: bytes, report: Collector) -> Iterator[tuple[str, str]]:
    if len(data) > BYTES_MAX:
        report.add("HL107", _top(file), f"{file} is larger than {BYTES_MAX // 1_000_000} MB")
        return
    try:
        yield file, data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        yield file, "".join(_documents(file, data, report))


def _documents(file: str, data: bytes, report: Collector) -> Iterator[str]:
    """The documents of a file that are text; lines that take the place of one that is not, which is reported."""
    line = 1
    for document in re.split(rb"^(?=---)", data, flags=re.MULTILINE):
        try:
            yield document.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            at = line + document.count(b"\n", 0, error.start)
            text = f"this is no text: byte 0x{document[error.start]:02X} is not UTF-8"
            report.add("HL421", Span(file, at, 1, at, 2), text, fix="save it as UTF-8")
            yield "\n" * document.count(b"\n")
        line += document.count(b"\n")


def _top(file: str) -> Span:
    return Span(file, 1, 1, 1, 2)
