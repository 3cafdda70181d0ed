"""The budget of one question while it is worked on."""

from __future__ import annotations

import time

from verifier.engines import library as z3


class OutOfBudget(Exception):
    """Raised inside the engine only; `check` turns it into UNKNOWN."""


class Clock:
    """What is left of a budget; asked while building as well as before solving.

    `done`: how much the solvers have worked so far. `work`: how much they may; None: as much as time allows.
    """

    def __init__(self, seconds: float, memory_mb: int, work: int | None = None) -> None:
        self.work, self.done = work, 0
        self.started = time.monotonic()
        self.deadline = self.started + seconds
        self.memory_mb = memory_mb
        # The one setting that Z3 only has for the whole process: above it a search ends in "unknown".
        z3.global_param_set(b"memory_high_watermark_mb", str(max(memory_mb, 1)).encode())

    def left(self) -> float:
        return self.deadline - time.monotonic()

    def spent(self) -> float:
        return time.monotonic() - self.started

    def work_left(self) -> int | None:
        return None if self.work is None else self.work - self.done

    def crowded(self) -> bool:
        """Z3 holds more memory than the budget allows."""
        return bool(z3.allocated_bytes() > self.memory_mb << 20)

    def look(self) -> None:
        """Raise `OutOfBudget` if time or memory has run out."""
        if self.left() <= 0:
            raise OutOfBudget("the time budget ran out")
        if self.work is not None and self.done >= self.work:
            raise OutOfBudget("it took more work than it is worth")
        if self.crowded():
            raise OutOfBudget(f"the memory budget of {self.memory_mb} MB ran out")
