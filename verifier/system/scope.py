"""For which sizes a verdict holds."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.records import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """`least`: the verdict holds for every value of the sizes from these on; None: for the sizes as given only."""

    least: tuple[tuple[str, int], ...] | None

    @property
    def any_size(self) -> bool:
        return self.least is not None and all(value <= 1 for _, value in self.least)

    def covers(self, other: Scope) -> bool:
        """Does what holds for these sizes hold for those of `other`?"""
        if self.least is None or other.least is None:
            return self.least is not None or other.least is None
        here = dict(self.least)
        return all(value >= here.get(path, 1) for path, value in other.least)


THIS_TOPOLOGY = Scope(None)
ANY_SIZE = Scope(())


def weakest(scopes: Iterable[Scope]) -> Scope:
    """The scope of a verdict that needs all of its parts."""
    least: dict[str, int] = {}
    for scope in scopes:
        if scope.least is None:
            return THIS_TOPOLOGY
        for path, value in scope.least:
            least[path] = max(value, least.get(path, 1))
    return Scope(tuple(sorted((path, value) for path, value in least.items() if value > 1)))
