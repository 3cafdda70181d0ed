"""Where the parser goes on after a mistake: which tokens are set aside with it."""

from __future__ import annotations

from lark.lexer import Token

_DECLARATIONS = frozenset(
    {
        "USE",
        "SETTINGS",
        "INDEX",
        "MACHINE",
        "VIEW",
        "LET",
        "REQUIRE",
        "CHECK",
        "LEMMA",
        "STATES",
        "INITIALLY",
        "NEVER",
        "ENDS",
    }
)
_ENTRY = frozenset({"COLON", "ARROW", "LPAR", "NAME", "ANY_SOURCE"})


def unclosed(tokens: list[Token]) -> Token | None:
    open_: list[Token] = []
    for token in tokens:
        if token.type in ("LBRACE", "LPAR", "LSQB"):
            open_.append(token)
        elif token.type in ("RBRACE", "RPAR", "RSQB") and open_:
            open_.pop()
    return open_[-1] if open_ else None


def set_aside(tokens: list[Token], at: int, scenario: bool) -> tuple[list[Token], list[Token]]:
    """Takes the damaged statement out (or closes what the end of the file left open); always makes progress."""
    if at >= len(tokens):
        opener = unclosed(tokens)
        if (
            opener is not None
            and opener.type == "LBRACE"
            and tokens[-1].type in ("RBRACE", "LBRACE", "NUMBER", "DURATION", "STRING", "NAME")
        ):
            last = tokens[-1]
            closed = [
                *tokens,
                Token(
                    "RBRACE",
                    "}",
                    last.end_pos,
                    last.end_line,
                    last.end_column,
                    last.end_line,
                    last.end_column,
                    last.end_pos,
                ),
            ]
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
    """Whether a statement begins at `at`: after an END in a scenario; on a line of its own in a model."""
    if at == 0 or tokens[at - 1].type == "LBRACE":
        return True
    if scenario:
        return tokens[at - 1].type == "END"
    if tokens[at].type in _DECLARATIONS and _first_of_line(tokens, at):
        return True
    following = tokens[at + 1].type if at + 1 < len(tokens) else ""
    return (
        _first_of_line(tokens, at) and tokens[at].type in ("NAME", "NO", "LBRACE", "ANY_SOURCE") and following in _ENTRY
    )


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
