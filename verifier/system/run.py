"""A run of a system as it leaves an engine, and what an engine answers."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from verifier.records import dataclass
from verifier.system.ir import System


@dataclass(frozen=True, slots=True)
class Event:
    """At tick `at`, the step `name` fires, or (`refresh`) the view `name` takes a new copy. Order in a run is order in
    time.
    """

    at: int
    name: str
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Events in order, then time passes to `end`, where the check is violated.

    `since` is the tick from which the violation holds without a break up to `end` (equal to `end`: it lasts no time).
    """

    events: tuple[Event, ...]
    end: int
    since: int


WORK_A_SECOND = 10_000_000


class Answer(Enum):
    HOLDS = "holds"  # no run violates the check
    VIOLATED = "violated"  # `run` does
    UNKNOWN = "unknown"  # budget, solver or cut; `reason` says which


@dataclass(frozen=True, slots=True)
class Budget:
    """What an answer may cost. Running out is UNKNOWN, never an exception.

    `work` bounds the search itself, in steps of the solver (a second is about WORK_A_SECOND): where it ends is the same
    on every machine, however busy. None: only time and memory count.
    """

    seconds: float = 60.0
    memory_mb: int = 4096
    work: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """An engine's answer to one check. `core`: for HOLDS, the bounds the proof used, as (step or view, "lo" | "hi" |
    "stale"). `asked`: the system that was asked about, with the check as its only one, if that is kept; `order`: rows
    of its machines that are interchangeable, and were taken to change first one after another.
    """

    answer: Answer
    run: Run | None = None
    reason: str = ""
    core: frozenset[tuple[str, str]] = frozenset()
    seconds: float = 0.0
    statistics: dict[str, int] = field(default_factory=dict)
    asked: System | None = None
    order: tuple[tuple[str, ...], ...] = ()
