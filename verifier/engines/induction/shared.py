"""Proofs of one program that serve another: lemmas are about templates, and read few of a scenario's settings."""

from __future__ import annotations

from typing import Any

from verifier.engines.induction.proof import Induction
from verifier.language.program import GivenTest, Program, SettingRead, Span, Static
from verifier.system.values import Env, NotGiven, Numbers, Reads, Values

_NOWHERE = Span("", 0, 0, 0, 0)


class NotedInduction(Induction):
    """An induction that knows which settings its proofs have read so far."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.read: dict[tuple[str, str | None], None] = {
            (path, None): None for path, setting in program.settings.items() if setting.kind == "size"
        }
        self._note()

    def _note(self) -> None:
        for book in self._books:
            book.values = _Noting(self.program, book.symbols, self.read)

    def _anew(self) -> Induction:
        other = NotedInduction(self.program)
        other.read = self.read
        other._note()
        return other

    def serves(self, program: Program) -> bool:
        """Would all of its proofs so far be the same for `program`, one of the same models?

        Ask again after the proofs have been used: they may have read more by then.
        """
        same = len(program.lemmas) == len(self.program.lemmas) and all(
            a is b for a, b in zip(program.lemmas, self.program.lemmas, strict=True)
        )
        return same and all(_told(self.program, key) == _told(program, key) for key in self.read)


class _Noting(Values):
    def __init__(self, program: Program, domain: Numbers, read: dict[tuple[str, str | None], None]) -> None:
        super().__init__(program, domain)
        self.read = read

    def evaluate(self, expr: Static, env: Env, reads: Reads) -> Any:
        if isinstance(expr, (SettingRead, GivenTest)):
            noted = Reads()
            value = super().evaluate(expr, env, noted)
            self.read.update(noted.settings)
            reads.settings.update(noted.settings)
            reads.size = reads.size or noted.size
            return value
        return super().evaluate(expr, env, reads)


def _told(program: Program, key: tuple[str, str | None]) -> object:
    """What the program says of a setting or an optional block: the value with all that it reads."""
    path, _cls = key
    if path in program.blocks:
        return key in program.given_blocks
    given = program.values.get(key)
    if given is None:
        return None
    try:
        value = Values(program).evaluate(given.value, {}, Reads())
    except (KeyError, NotGiven):
        return given.value
    return value
