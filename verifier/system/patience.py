"""How long it may take to build and to shorten a system: long before an engine is asked, that may be too long.

A context, not an argument: what is built is built deep inside of functions of functions.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf

_END: ContextVar[float] = ContextVar("end", default=inf)


class OutOfTime(Exception):
    """Raised by `look` once the time is over; whoever set it makes it a verdict."""


@contextmanager
def patience(end: float) -> Iterator[None]:
    """Inside, `look` raises `OutOfTime` from `end` on (on the clock of `time.monotonic`)."""
    token = _END.set(min(end, _END.get()))
    try:
        yield
    finally:
        _END.reset(token)


def look() -> None:
    """Raise `OutOfTime` if the time is over."""
    if time.monotonic() > _END.get():
        raise OutOfTime
