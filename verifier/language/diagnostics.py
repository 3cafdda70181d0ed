"""Diagnostics: what is wrong in a file, as values. Collected, sorted, shown; never raised."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import field

from verifier.language.program import Span
from verifier.records import dataclass


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: `message` says what is wrong, `why` the reason, `fix` what to write instead (or empty).
    `secondary`: other places that matter, each with its note. The catalogue explains `code`."""

    code: str
    span: Span
    message: str
    why: str = ""
    fix: str = ""
    secondary: tuple[tuple[Span, str], ...] = ()


@dataclass(slots=True)
class Collector:
    """Gathers diagnostics. `damaged`: names from text that could not be read; what misses them is a cascade."""

    found: list[Diagnostic] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    incomplete: bool = False  # a model is missing: any name may be its
    _unknown: set[tuple[str, str, str]] = field(default_factory=set)

    def add(
        self,
        code: str,
        span: Span,
        message: str,
        *,
        why: str = "",
        fix: str = "",
        secondary: tuple[tuple[Span, str], ...] = (),
    ) -> None:
        self.found.append(Diagnostic(code, span, message, why, fix, secondary))

    def unknown(
        self, code: str, span: Span, what: str, name: str, known: Iterable[str], *, fix: str = "", listing: bool = True
    ) -> None:
        """An undeclared name: once a file, with the nearest known one or (`listing`) all;
        nothing if its declaration may be damaged."""
        key = (code, span.file, name)
        if self.incomplete or key in self._unknown or name in self.damaged or name.split(".")[0] in self.damaged:
            return
        self._unknown.add(key)
        candidates = sorted(known)
        near = nearest(name, candidates)
        if not fix and near:
            fix = f"write `{near}`"
        elif not fix and listing and 0 < len(candidates) <= 12:
            fix = f"one of: {', '.join(candidates)}"
        self.add(code, span, f"{what} `{name}`", fix=fix)

    def sorted(self) -> tuple[Diagnostic, ...]:
        return arranged(self.found)


def arranged(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By place, then code; each once."""
    kept: dict[tuple[Span, str, str], Diagnostic] = {}
    for diagnostic in diagnostics:
        kept.setdefault((diagnostic.span, diagnostic.code, diagnostic.message), diagnostic)
    return tuple(sorted(kept.values(), key=lambda d: (d.span, d.code, d.message)))


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The known name that is most like `name`, if one is like it at all."""
    by_lower = {candidate.lower(): candidate for candidate in sorted(candidates, reverse=True)}
    found = difflib.get_close_matches(name.lower(), sorted(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str]) -> str:
    """Plain text: file:line:column, the source line, a caret, what is wrong, why, and what to write instead."""
    return "\n".join(render_one(diagnostic, sources) for diagnostic in diagnostics)


def render_one(diagnostic: Diagnostic, sources: Mapping[str, str]) -> str:
    span = diagnostic.span
    lines = [f"{span.file}:{span.line}:{span.column}: {diagnostic.message} [{diagnostic.code}]"]
    lines += excerpt(span, sources)
    if diagnostic.why:
        lines.append(f"  why: {diagnostic.why}")
    for place, note in diagnostic.secondary:
        lines.append(f"  {place.file}:{place.line}:{place.column}: {note}")
        lines += excerpt(place, sources)
    if diagnostic.fix:
        lines.append(f"  fix: {diagnostic.fix}")
    return "\n".join(lines) + "\n"


def excerpt(span: Span, sources: Mapping[str, str]) -> list[str]:
    """The line of `span` with carets under it; nothing where there is no such line."""
    text = sources.get(span.file, "").split("\n")
    if not 1 <= span.line <= len(text):
        return []
    source = text[span.line - 1].rstrip("\r")
    if not source.strip() or len(source) > 400 or not source.replace("\t", " ").isprintable():
        return []
    end = span.end_column if span.end_line == span.line else len(source) + 1
    width = max(1, min(end, len(source) + 1) - span.column)
    padding = "".join("\t" if c == "\t" else " " for c in source[: span.column - 1])
    number = str(span.line)
    return [f"  {number} | {source}", f"  {' ' * len(number)} | {padding}{'^' * width}"]
