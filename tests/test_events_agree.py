"""The events engine and an exhaustive search agree, on random systems of fixed seeds; every witness replays.

The default run takes some hundred systems of each kind, the slow one above two thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from agreement import compare
from systems import chained, forked, small

from verifier.system.ir import System


def cyclic(seed: int) -> System:
    return small(seed, cycles=True)


def drawn(make: Callable[[int], System], seeds: range) -> Iterator[tuple[str, System]]:
    return ((f"{make.__name__}({seed})", make(seed)) for seed in seeds)


def agrees(make: Callable[[int], System], seeds: range, once: bool, seconds: float = 20.0) -> None:
    tally = compare(drawn(make, seeds), once=once, seconds=seconds)
    assert tally.wrong == []
    assert tally.refused == []
    # The comparison must be worth something: most checks are decided, and both answers occur.
    assert tally.decided > len(seeds) / 2
    assert tally.decided / 10 < tally.held < tally.decided * 0.9


@pytest.mark.parametrize("once", [True, False])
@pytest.mark.parametrize("make", [small, chained, forked])
def test_agrees_with_the_oracle(make: Callable[[int], System], once: bool) -> None:
    agrees(make, range(200), once)


def test_agrees_with_the_oracle_where_machines_go_round() -> None:
    agrees(cyclic, range(60), once=True)


@pytest.mark.slow
@pytest.mark.parametrize("once", [True, False])
@pytest.mark.parametrize("make", [small, chained, forked])
@pytest.mark.parametrize("first", [10_000, 10_250, 10_500, 10_750])
def test_agrees_with_the_oracle_at_length(make: Callable[[int], System], once: bool, first: int) -> None:
    agrees(make, range(first, first + 250), once)


@pytest.mark.slow
@pytest.mark.parametrize("first", [10_000, 10_250])
def test_agrees_with_the_oracle_where_machines_go_round_at_length(first: int) -> None:
    agrees(cyclic, range(first, first + 250), once=True, seconds=4.0)
