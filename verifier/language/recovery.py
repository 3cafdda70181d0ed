"""Where the parser goes on after a mistake: which tokens are set aside with it."""

from __future__ import annotations

from lark.lexer import Token

_TOP = frozenset({"USE", "SETTINGS", "INDEX", "MACHINE", "VIEW", "LET", "REQUIRE", "CHECK", "LEMMA"})
_DECLARATIONS = _TOP | {"STATES", "INITIALLY", "NEVER", "ENDS"}
_ENTRY = frozenset({"COLON", "ARROW", "LPAR", "NAME", "ANY_SOURCE"})


def balanced(tokens: list[Token], scenario: bool) -> tuple[list[Token], list[Token]]:
    """Closes blocks that are never closed: where a line begins that, by its column and first words, is outside of them.
    Returns the tokens and the `{` that were open."""
    if sum((t.type == "LBRACE") - (t.type == "RBRACE") for t in tokens) <= 0:
        return tokens, []
    made: list[Token] = []
    open_: list[tuple[Token, int]] = []  # with the column where its line begins
    unclosed_: list[Token] = []
    indent = 1
    for index, token in enumerate(tokens):
        if _first_of_line(tokens, index):
            indent = token.column or 1
            while open_ and indent <= open_[-1][1] and _begins_outside(tokens, index, scenario):
                unclosed_.append(open_.pop()[0])
                end = made.pop() if made[-1].type == "END" else None
                made += [_closing(made[-1]), *([end] if end is not None else [])]
        if token.type == "LBRACE":
            open_.append((token, indent))
        elif token.type == "RBRACE" and open_:
            open_.pop()
        made.append(token)
    for opener, _ in reversed(open_):
        unclosed_.append(opener)
        made.append(_closing(made[-1]))
    return made, unclosed_


def _begins_outside(tokens: list[Token], at: int, scenario: bool) -> bool:
    if not scenario:
        return tokens[at].type in _TOP
    if tokens[at].type in ("VERIFY", "USE"):
        return True
    following = [token.type for token in tokens[at + 1 : at + 3]]
    return tokens[at].type == "NAME" and following[:1] != ["EQUAL"] and "LBRACE" in following


def _closing(last: Token) -> Token:
    line, column = last.end_line or 1, last.end_column or 1
    return Token("RBRACE", "}", last.end_pos, line, column, line, column, last.end_pos)


def unclosed(tokens: list[Token]) -> Token | None:
    open_: list[Token] = []
    for token in tokens:
        if token.type in ("LBRACE", "LPAR", "LSQB"):
            open_.append(token)
        elif token.type in ("RBRACE", "RPAR", "RSQB") and open_:
            open_.pop()
    return open_[-1] if open_ else None


def set_aside(tokens: list[Token], at: int, scenario: bool) -> tuple[list[Token], list[Token]]:
    """Takes the damaged statement out. Returns what is left, which is always less, and what was taken."""
    left, taken = _cut(tokens, at, scenario)
    return _tidy(left), taken


def _tidy(tokens: list[Token]) -> list[Token]:
    """Without ends of statements that are not there any more."""
    made: list[Token] = []
    for token in tokens:
        if token.type == "END" and (not made or made[-1].type in ("END", "LBRACE")):
            continue
        if token.type == "RBRACE" and made and made[-1].type == "END":
            made.pop()
        made.append(token)
    if made and made[-1].type == "END":
        made.pop()
    return made


def _cut(tokens: list[Token], at: int, scenario: bool) -> tuple[list[Token], list[Token]]:
    if at >= len(tokens):
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
