"""What the parser could have read instead, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lark.lexer import Token

_VALUE = frozenset({"NUMBER", "DURATION", "LPAR", "NAME"})
_EXPRESSION = _VALUE | frozenset(
    {"STRING", "PERCENT", "VERSION", "MINUS", "SOME", "EVERY", "NO", "AT", "COUNT", "NOT", "IF"}
)
_CONTINUES = frozenset({"PLUS", "MINUS", "STAR", "RANGE", "COMPARE", "GE", "IS", "AND", "OR", "IMPLIES", "SEEN"})
_WORDS = {
    "NAME": "a name",
    "STRING": 'a text in "quotes"',
    "NUMBER": "a number",
    "END": "the end of the line",
    "$END": "the end of the file",
}


def describe(accepted: frozenset[str], texts: Mapping[str, str]) -> str:
    """`accepted` terminals as a list for people: `a value`, `{` or `=`."""
    left = set(accepted)
    words: list[str] = []
    if left >= _VALUE:
        left -= _EXPRESSION
        words.append("a value")
    if len(left & _CONTINUES) > 3:
        left -= _CONTINUES | {"LPAR", "DOT", "LSQB"}
    for name in ("NAME", "STRING", "NUMBER"):
        if name in left:
            words.append(_WORDS[name])
    words += sorted(f"`{texts[name]}`" for name in left if name in texts)
    if left & {"END", "$END"}:
        words.append(_WORDS["END" if "END" in left else "$END"])
    if not words:
        return "something else"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def explanation(
    tokens: Sequence[Token], at: int, accepted: frozenset[str], scenario: bool
) -> tuple[str, str, str] | None:
    """(message, why, fix) for the mistakes at `tokens[at]` that people make most."""
    token, before = tokens[at], tokens[at - 1] if at else None
    if scenario and before is not None:
        if token.type == "COLON" and "LBRACE" in accepted:
            ends_line = at + 1 == len(tokens) or tokens[at + 1].line != token.line
            if ends_line or "EQUAL" not in accepted:
                return "a block has braces, and no `:`", "", f"write `{before} {{ .. }}`"
            return "a value is given with `=`, not with `:`", "", f"write `{before} = ...`"
        if token.type == "MINUS" and before.type == "NAME" and "LBRACE" in accepted:
            return "a name with `-` stands in quotes", "", f'write "{_run(tokens, at - 1)}"'
        if token.type in ("NAME", "VERIFY", "USE") and "END" in accepted:
            return f"`{token}` begins a new entry, but the one before has not ended", "", "write `;` before it"
    word = token.type not in ("NAME", "END") and str(token).isidentifier()
    if word and "NAME" in accepted and not accepted >= _VALUE:
        return f"`{token}` is a word of the language and cannot be a name", "", "choose another name"
    return None


def _run(tokens: Sequence[Token], at: int) -> str:
    """The tokens from `at` that stand together without a space."""
    text = str(tokens[at])
    for left, right in zip(tokens[at:], tokens[at + 1 :], strict=False):
        if left.end_pos != right.start_pos:
            break
        text += str(right)
    return text
