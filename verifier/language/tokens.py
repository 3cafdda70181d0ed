"""Text -> tokens, by the terminals of the grammar. Whatever comes in, tokens come out: what is no token is reported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from lark.lexer import Lexer, TerminalDef, Token

from verifier.language.diagnostics import Diagnostic
from verifier.language.program import Span

NESTING_MAX = 64
OPERATORS = frozenset(
    {
        "COMMA",
        "PLUS",
        "MINUS",
        "STAR",
        "RANGE",
        "AND",
        "OR",
        "NOT",
        "IMPLIES",
        "IS",
        "IF",
        "THEN",
        "ELSE",
        "COMPARE",
        "GE",
        "COLON",
    }
)
_NO_END_AFTER = OPERATORS | {"LBRACE", "END"}
_NO_END_BEFORE = OPERATORS - {"NOT", "IF"} | {"LBRACE", "BECAUSE", "TYPICALLY", "ASSUMED"}
_NEXT_ENTRY = re.compile(r"\s*[A-Za-z_]\w*\s*(=(?!=)|\{)")  # a parenthesis left open ends where the next entry begins
_SPACE = r"(?P<_SPACE>[ \t\r\f\ufeff]+|//[^\n]*)|(?P<_NEWLINE>\n)|(?P<_SEMICOLON>;)"
_REST = r'(?P<_OPEN_TEXT>"[^"\r\n]*)|(?P<_BAD>#[^\n]*|[^\s\w"(){}\[\].,;:=<>+*/|%-]+|.)'


class NoLexer(Lexer):
    """Takes the place of lark's own lexer, which stops at the first character it does not know."""

    def __init__(self, _conf: Any) -> None:
        pass

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Token]:
        return iter(())


class Tokenizer:
    def __init__(self, terminals: Iterable[TerminalDef]) -> None:
        literal = {t.name: t.pattern.value for t in terminals if t.pattern.type == "str"}
        self.keywords = {text: name for name, text in literal.items() if text.isidentifier()}
        self.texts = literal
        regexps = sorted((t for t in terminals if t.pattern.type == "re"), key=lambda t: -t.priority)
        signs = sorted((n for n, text in literal.items() if not text.isidentifier()), key=lambda n: -len(literal[n]))
        parts = [f"(?P<{t.name}>{t.pattern.to_regexp()})" for t in regexps]
        parts += [f"(?P<{name}>{re.escape(literal[name])})" for name in signs]
        self._pattern = re.compile("|".join([_SPACE, *parts, _REST]), re.DOTALL)

    def read(self, text: str, file: str, *, scenario: bool) -> tuple[list[Token], list[Diagnostic]]:
        """Tokens of `text`; in a scenario the ends of statements stand as END tokens."""
        tokens: list[Token] = []
        problems: list[Diagnostic] = []
        line, line_start, depth, braces = 1, 0, 0, 0
        pending: Token | None = None
        for match in self._pattern.finditer(text):
            kind = match.lastgroup or "_BAD"
            if kind == "_SPACE":
                continue
            start, end = match.span()
            column = start - line_start + 1
            value = match.group()
            if kind == "_NEWLINE" or kind == "_SEMICOLON":
                if scenario and (depth == 0 or kind == "_SEMICOLON") and pending is None:
                    pending = Token("END", value, start, line, column, line, column + 1, end)
                elif scenario and pending is None and _NEXT_ENTRY.match(text, end):
                    depth = 0
                    pending = Token("END", value, start, line, column, line, column + 1, end)
                if kind == "_NEWLINE":
                    line, line_start = line + 1, end
                continue
            if kind == "_BAD" or kind == "_OPEN_TEXT":
                span = Span(file, line, column, line, column + end - start)
                problems.append(_bad_character(value, span) if kind == "_BAD" else _open_text(value, span))
                if kind == "_BAD" and value != "\u2026":
                    continue
                kind = "RANGE" if kind == "_BAD" else "STRING"
                value += '"' if kind == "STRING" else ""
            elif kind == "NAME":
                kind = self.keywords.get(value, "NAME")
            elif kind in ("LPAR", "LSQB"):
                depth += 1
            elif kind in ("RPAR", "RSQB"):
                depth = max(depth - 1, 0)
            elif kind == "LBRACE":
                braces += 1
            elif kind == "RBRACE":
                braces, depth = max(braces - 1, 0), 0
            if pending is not None:
                before = tokens[-1].type if tokens else "END"
                cut_short = before in OPERATORS and _NEXT_ENTRY.match(text, pending.end_pos or 0)
                inside = before in _NO_END_AFTER or kind in _NO_END_BEFORE or kind == "RBRACE"
                if cut_short or not inside:
                    tokens.append(pending)
                pending = None
            token = Token(kind, value, start, line, column, line, column + end - start, end)
            tokens.append(token)
            if depth > NESTING_MAX or braces > NESTING_MAX:
                problems.append(
                    Diagnostic(
                        "HL106",
                        span_of(token, file),
                        f"nested more than {NESTING_MAX} deep",
                        fix="name parts of it with `let`",
                    )
                )
                return [], problems
        return tokens, problems


def span_of(token: Token, file: str) -> Span:
    line, column = token.line or 1, token.column or 1
    return Span(file, line, column, token.end_line or line, token.end_column or column + 1)


def _bad_character(value: str, span: Span) -> Diagnostic:
    value = "#" if value.startswith("#") else value
    shown = value if value.isprintable() else " ".join(f"U+{ord(c):04X}" for c in value[:4])
    return Diagnostic("HL102", span, f"`{shown[:20]}` is no character of the language", fix=_INSTEAD.get(value[:1], ""))


def _open_text(value: str, span: Span) -> Diagnostic:
    return Diagnostic("HL103", span, "this text does not end", fix=f'close it on the same line: {value[:40].rstrip()}"')


_INSTEAD = {
    "#": "comments begin with `//`",
    "'": 'texts stand in double quotes: "..."',
    "!": "write `not`, or `!=`",
    "&": "write `and`",
    "\u201c": 'write straight quotes: "..."',
    "\u201d": 'write straight quotes: "..."',
    "\u2026": "write `..` (two dots)",
    "\u2013": "write `..` for a window, `-` for a difference",
}
