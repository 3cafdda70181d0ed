"""How many states a system will have, before its clocks are looked at: whether it is worth beginning.

Without clocks a system has few states. Each of them stands for as many timed ones as the clocks that run in it can
show, were only one of them to run at a time: one, and the highest number of each. Clocks that run together mostly began
together, or one after another, so the sum is nearer to the truth than the product. On the slices that the blog's cases
are decided on the estimate is 0.5 to 50 times the number of states; it is a guess, and a search that leans on it has a
limit too.
"""

from __future__ import annotations

import numpy as np

from verifier.engines.graph.search import Search, search_of
from verifier.system.ir import Check, System
from verifier.system.run import Budget


def estimated(system: System, check: Check, budget: Budget, most: int) -> int | None:
    """About how many states the timed graph of the system has; None: more than `most`, or nobody knows in time."""
    search = search_of(system, budget, timed=False, symmetry=False, check=check, most=most)
    search.find(None)
    if search.cut:
        return None
    total = sum(_timed(search, depth) for depth in range(len(search.levels)))
    return total if total <= most else None


def _timed(search: Search, depth: int) -> int:
    """About how many timed states the untimed ones of a level stand for."""
    total, layout, moves = 0, search.layout, search.moves
    for _, block in search.blocks(depth):
        count = np.ones(block.size, np.int64)
        for group, enabled in zip(layout.groups, moves.enabled, strict=True):
            if group.top:
                count += np.multiply(enabled(block), group.top)
        for view in layout.system.views:
            if view.stale:
                count += np.multiply(moves.behind[view.name](block), view.stale)
        total += int(count.sum())
    return total
