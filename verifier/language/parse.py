"""Text -> syntax tree and the mistakes in it. All of a file's mistakes are found in one run: where the parser cannot go on,
the statement is set aside and the rest is parsed again (panic mode by statements)."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lark
from lark.exceptions import UnexpectedToken
from lark.lexer import Token

from verifier.language.build import Builder
from verifier.language.diagnostics import Diagnostic, arranged
from verifier.language.expected import describe, explanation
from verifier.language.program import Span
from verifier.language.syntax import Model, Scenario
from verifier.language.tokens import NoLexer, Tokenizer, span_of
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
    """The parser, from the cache folder if it is there; built and stored if not; a folder that cannot be written is none."""
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


def parse(text: str, file: str, *, scenario: bool) -> Parsed:
    """The tree of one file, with diagnostics. Never raises, whatever `text` is."""
    tools = machinery()
    tokens, problems = tools.tokenizer.read(text, file, scenario=scenario)
    damaged: set[str] = set()
    start = "scenario" if scenario else "model"
    tools.builder.file = file
    for _ in range(MISTAKES_MAX):
        try:
            tree = _attempt(tools, tokens, start)
        except UnexpectedToken as error:
            at = next((i for i, t in enumerate(tokens) if t is error.token), len(tokens))
            problems.append(_mistake(tools, error, tokens, at, file, scenario))
            tokens, lost = _set_aside(tokens, at, scenario)
            damaged |= {str(t) for t in lost if t.type == "NAME"}
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


def _mistake(
    tools: Machinery, error: UnexpectedToken, tokens: list[Token], at: int, file: str, scenario: bool
) -> Diagnostic:
    accepted = frozenset(error.interactive_parser.accepts()) if error.interactive_parser else frozenset()
    texts = tools.tokenizer.texts
    if at >= len(tokens):
        opener = _unclosed(tokens)
        last = tokens[-1]
        end = span_of(last, file)
        place = Span(file, end.end_line, max(end.end_column - 1, 1), end.end_line, end.end_column)
        if opener is not None:
            close = {"{": "}", "(": ")", "[": "]"}[str(opener)]
            return Diagnostic(
                "HL104", span_of(opener, file), f"this `{opener}` is never closed", fix=f"write `{close}` where it ends"
            )
        return Diagnostic("HL101", place, "the file ends too early", fix=f"expected {describe(accepted, texts)}")
    token = tokens[at]
    span = span_of(token, file)
    before = tokens[at - 1] if at else None
    special = explanation(token, before, accepted, scenario)
    if special is not None:
        return Diagnostic("HL101", span, *special)
    if token.type == "END":
        found = "the line ends too early" if str(token) != ";" else "`;` comes too early"
        return Diagnostic("HL101", span, found, fix=f"expected {describe(accepted, texts)}")
    return Diagnostic("HL101", span, f"`{token}` cannot stand here", fix=f"expected {describe(accepted, texts)}")


def _unclosed(tokens: list[Token]) -> Token | None:
    open_: list[Token] = []
    for token in tokens:
        if token.type in ("LBRACE", "LPAR", "LSQB"):
            open_.append(token)
        elif token.type in ("RBRACE", "RPAR", "RSQB") and open_:
            open_.pop()
    return open_[-1] if open_ else None


def _set_aside(tokens: list[Token], at: int, scenario: bool) -> tuple[list[Token], list[Token]]:
    """Takes the damaged statement out (or closes what the end of the file left open); always makes progress."""
    if at >= len(tokens):
        opener = _unclosed(tokens)
        if opener is not None and opener.type == "LBRACE" and tokens[-1].type in ("RBRACE", "LBRACE", "NUMBER", "DURATION", "STRING", "NAME"):
            last = tokens[-1]
            closed = [*tokens, Token("RBRACE", "}", last.end_pos, last.end_line, last.end_column, last.end_line, last.end_column, last.end_pos)]
            return closed, []
        start = _statement_start(tokens, len(tokens) - 1, scenario)
        return tokens[:start], tokens[start:]
    if tokens[at].type == "RBRACE" and _depth(tokens, at) == 0:
        return tokens[:at] + tokens[at + 1 :], []
    start = _statement_start(tokens, at, scenario)
    end = _statement_end(tokens, max(at, start), scenario)
    end = max(end, at if tokens[at].type == "RBRACE" and start < at else start + 1)
    return tokens[:start] + tokens[end:], tokens[start:end]


def _depth(tokens: list[Token], at: int) -> int:
    depth = 0
    for token in tokens[:at]:
        depth += (token.type == "LBRACE") - (token.type == "RBRACE" and depth > 0)
    return depth


def _first_of_line(tokens: list[Token], at: int) -> bool:
    return at == 0 or tokens[at - 1].line != tokens[at].line


def _starts(tokens: list[Token], at: int, scenario: bool) -> bool:
    """Whether a statement begins at `at`: after an END in a scenario; in a model a declaration or an entry on its own line."""
    if at == 0 or tokens[at - 1].type == "LBRACE":
        return True
    if scenario:
        return tokens[at - 1].type == "END"
    if tokens[at].type in _DECLARATIONS and _first_of_line(tokens, at):
        return True
    following = tokens[at + 1].type if at + 1 < len(tokens) else ""
    return _first_of_line(tokens, at) and tokens[at].type in ("NAME", "NO", "LBRACE", "ANY_SOURCE") and following in _ENTRY


_DECLARATIONS = frozenset("USE SETTINGS INDEX MACHINE VIEW LET REQUIRE CHECK LEMMA STATES INITIALLY NEVER ENDS".split())
_ENTRY = frozenset("COLON ARROW LPAR NAME ANY_SOURCE".split())


def _statement_start(tokens: list[Token], at: int, scenario: bool) -> int:
    index, depth = at, 0
    if scenario and tokens[at].type == "END":
        index -= 1
    while index > 0:
        if depth == 0 and index <= at and _starts(tokens, index, scenario):
            return index
        before = tokens[index - 1].type
        if before == "RBRACE":
            depth += 1
        elif before == "LBRACE":
            if depth == 0:
                return index
            depth -= 1
        index -= 1
    return 0


def _statement_end(tokens: list[Token], at: int, scenario: bool) -> int:
    depth = 0
    for index in range(at, len(tokens)):
        kind = tokens[index].type
        if depth == 0 and index > at and _starts(tokens, index, scenario):
            return index
        if kind == "LBRACE":
            depth += 1
        elif kind == "RBRACE":
            if depth == 0:
                return index
            depth -= 1
    return len(tokens)
