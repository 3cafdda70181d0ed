"""What the parser could have read instead, in words."""

from __future__ import annotations

from collections.abc import Mapping

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
    words += [_WORDS[name] for name in ("END", "$END") if name in left]
    if not words:
        return "something else"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def explanation(
    token: Token, before: Token | None, accepted: frozenset[str], scenario: bool
) -> tuple[str, str, str] | None:
    """(message, why, fix) for the mistakes that people make most."""
    if token.type == "COLON" and scenario and "EQUAL" in accepted and before is not None:
        return "a value is given with `=`, not with `:`", "", f"write `{before} = ...`"
    word = token.type not in ("NAME", "END") and str(token).isidentifier()
    if word and "NAME" in accepted and not accepted >= _VALUE:
        return f"`{token}` is a word of the language and cannot be a name", "", "choose another name"
    if token.type == "MINUS" and before is not None and before.type == "NAME" and "LBRACE" in accepted:
        return "a name with `-` stands in quotes", "", f'write "{before}-..."'
    return None
