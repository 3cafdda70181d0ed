"""Text -> syntax tree and the mistakes in it. All of a file's mistakes are found in one run: where the parser cannot go
on, the statement is set aside and the rest is parsed again (panic mode by statements)."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import lark
from lark.exceptions import UnexpectedToken
from lark.lexer import Token

from verifier.language.build import Builder
from verifier.language.diagnostics import Diagnostic, arranged
from verifier.language.expected import describe, explanation
from verifier.language.program import Span
from verifier.language.recovery import balanced, begins_declaration, declaration_start, set_aside, unclosed
from verifier.language.syntax import Model, Scenario
from verifier.language.tokens import NoLexer, Tokenizer, span_of
from verifier.records import dataclass
from verifier.resources import resource

MISTAKES_MAX = 25  # of syntax, a file; after that what is found is noise


@dataclass(frozen=True, slots=True)
class Parsed:
    """`tree`: what could be read, None if nothing. `damaged`: the names in what could not."""

    tree: Model | Scenario | None
    diagnostics: tuple[Diagnostic, ...]
    damaged: frozenset[str]


@dataclass(frozen=True, slots=True)
class Machinery:
    lark: lark.Lark
    builder: Builder
    tokenizer: Tokenizer


@functools.cache
def machinery() -> Machinery:
    """The parser: from the cache folder, or built and stored there; a folder that cannot be written does no harm."""
    grammar = (resource("grammar") / "hitless.lark").read_text("utf-8")
    builder = Builder()
    options: dict[str, Any] = {
        "parser": "lalr",
        "lexer": NoLexer,
        "strict": True,
        "start": ["model", "scenario"],
        "keep_all_tokens": True,
        "transformer": builder,
    }
    cache = _cache_file(grammar)
    if cache is not None:
        options["cache"] = str(cache)
    parser = lark.Lark(grammar, **options)
    return Machinery(parser, builder, Tokenizer(parser.terminals))


def _cache_file(grammar: str) -> Path | None:
    stamp = f"{grammar}\0{lark.__version__}\0{sys.version}".encode()
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(base) / "hitless"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder / f"grammar-{hashlib.sha256(stamp).hexdigest()[:16]}"


@functools.lru_cache(maxsize=256)
def parse(text: str, file: str, *, scenario: bool) -> Parsed:
    """The tree of one file, with diagnostics. Never raises, whatever `text` is."""
    tools = machinery()
    tokens, problems = tools.tokenizer.read(text, file, scenario=scenario)
    unreadable = {problem.span.line for problem in problems}  # what follows on these lines is a consequence
    tokens, open_ = balanced(tokens, scenario)
    problems += [_never_closed(token, file) for token in open_]
    damaged: set[str] = set()
    start = "scenario" if scenario else "model"
    tools.builder.file = file
    for _ in range(MISTAKES_MAX):
        try:
            tree = _attempt(tools, tokens, start)
        except UnexpectedToken as error:
            at = next((i for i, t in enumerate(tokens) if t is error.token), len(tokens))
            mistake = _mistake(tools, tokens, at, file, start)
            if mistake.span.line not in unreadable:
                problems.append(mistake)
            tokens, lost = set_aside(tokens, at, scenario)
            damaged |= {str(t) for t in lost if t.isidentifier()}
        else:
            return Parsed(tree, arranged(problems), frozenset(damaged))
    return Parsed(None, arranged(problems), frozenset(damaged))


def _attempt(tools: Machinery, tokens: list[Token], start: str) -> Model | Scenario:
    parser = tools.lark.parse_interactive(start=start)
    for token in tokens:
        parser.feed_token(token)
    last = tokens[-1] if tokens else Token("END", "", 0, 1, 1, 1, 1, 0)
    result: Model | Scenario = parser.feed_token(Token.new_borrow_pos("$END", "", last))
    return result


def _accepted(tools: Machinery, tokens: list[Token], start: str) -> frozenset[str]:
    """What may follow `tokens`."""
    parser = tools.lark.parse_interactive(start=start)
    for token in tokens:
        parser.feed_token(token)
    accepted: set[str] = parser.accepts()  # type: ignore[no-untyped-call]
    return frozenset(accepted)


def _mistake(tools: Machinery, tokens: list[Token], at: int, file: str, start: str) -> Diagnostic:
    accepted = _accepted(tools, tokens[:at], start)
    fix = f"write {describe(accepted, tools.tokenizer.texts)} here"
    if at >= len(tokens):
        opener = unclosed(tokens)
        if opener is not None:
            return _never_closed(opener, file)
        end = span_of(tokens[-1], file)
        place = Span(file, end.end_line, max(end.end_column - 1, 1), end.end_line, end.end_column)
        return Diagnostic("HL101", place, "the file ends too early", fix=fix)
    token = tokens[at]
    span = span_of(token, file)
    if start == "model" and begins_declaration(tokens, at):
        opener = unclosed(tokens[declaration_start(tokens, at) : at])
        if opener is not None:
            return _never_closed(opener, file)
        return Diagnostic(
            "HL101", span_of(tokens[at - 1], file), "this ends too early", fix=fix.replace(" here", " after it")
        )
    special = explanation(tokens, at, accepted, start == "scenario")
    if special is not None:
        return Diagnostic("HL101", span, *special)
    if token.type == "END":
        found = "the line ends too early" if str(token) != ";" else "`;` comes too early"
        return Diagnostic("HL101", span, found, fix=fix)
    return Diagnostic("HL101", span, f"`{token}` cannot stand here", fix=fix)


def _never_closed(opener: Token, file: str) -> Diagnostic:
    close = {"{": "}", "(": ")", "[": "]"}[str(opener)]
    span = span_of(opener, file)
    return Diagnostic("HL104", span, f"this `{opener}` is never closed", fix=f"write `{close}` where it ends")
