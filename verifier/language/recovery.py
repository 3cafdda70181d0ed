"""Where the parser goes on after a mistake: which tokens are set aside with it."""

from __future__ import annotations

from lark.lexer import Token

from verifier.language.tokens import OPERATORS

_TOP = frozenset({"USE", "SETTINGS", "INDEX", "MACHINE", "VIEW", "LET", "REQUIRE", "CHECK", "LEMMA", "COMPARISON"})
_ENTRY = frozenset({"NAME", "NO", "LBRACE", "ANY_SOURCE", "NEVER", "ENDS", "UNDER", "VERIFY", "SHOW", "REMEDY"})


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
    if at < len(tokens) and tokens[at].type == "RBRACE" and _depth(tokens, at) == 0:
        return tokens[:at] + tokens[at + 1 :], []
    start, end = _scenario_statement(tokens, at) if scenario else _model_statement(tokens, at)
    return tokens[:start] + tokens[end:], tokens[start:end]


def _depth(tokens: list[Token], at: int) -> int:
    depth = 0
    for token in tokens[:at]:
        depth += (token.type == "LBRACE") - (token.type == "RBRACE" and depth > 0)
    return depth


def _first_of_line(tokens: list[Token], at: int) -> bool:
    return at == 0 or tokens[at - 1].line != tokens[at].line


def _scenario_statement(tokens: list[Token], at: int) -> tuple[int, int]:
    """From the end of the statement before to the end of this one, blocks inside of it included."""
    at = min(at, len(tokens) - 1)
    start, depth = at, 0
    while start > 0:
        before = tokens[start - 1].type
        if depth == 0 and before in ("END", "LBRACE"):
            break
        depth += (before == "RBRACE") - (before == "LBRACE")
        start -= 1
    end, depth = at, 0
    while end < len(tokens) and not (depth == 0 and end > start and tokens[end].type in ("END", "RBRACE")):
        depth += (tokens[end].type == "LBRACE") - (tokens[end].type == "RBRACE")
        end += 1
    return start, max(end, start + 1)


def declaration_start(tokens: list[Token], at: int) -> int:
    """Where the declaration begins that cannot go on at `at`: the one before, if `at` begins one itself."""
    return next((i for i in range(at - 1, -1, -1) if begins_declaration(tokens, i)), 0)


def begins_declaration(tokens: list[Token], at: int) -> bool:
    """Whether a declaration of a model begins at `at`, by its keyword at the beginning of a line."""
    return at < len(tokens) and tokens[at].type in _TOP and _first_of_line(tokens, at)


def _model_statement(tokens: list[Token], at: int) -> tuple[int, int]:
    """The entry of a block around `at` (a step, a setting, a part of a check), or else the whole declaration."""
    top = at if begins_declaration(tokens, at) and at == 0 else declaration_start(tokens, at)
    stop = next((i for i in range(max(at, top + 1), len(tokens)) if begins_declaration(tokens, i)), len(tokens))
    depth, start, ready = 0, None, tokens[top].type != "MACHINE"
    for index in range(top, stop):
        kind = tokens[index].type
        if depth == 1 and ready and _begins_entry(tokens, index):
            if index > at and start is not None:
                return start, index
            start = index
        if index >= at and start is not None and kind == "RBRACE" and depth == 1:
            return start, index
        ready = ready or kind == "INITIALLY"
        depth += (kind == "LBRACE") - (kind == "RBRACE")
    return top, max(stop, top + 1)


def _begins_entry(tokens: list[Token], at: int) -> bool:
    """The first word of a line that does not go on with the line before."""
    return _first_of_line(tokens, at) and tokens[at].type in _ENTRY and tokens[at - 1].type not in OPERATORS
