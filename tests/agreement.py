"""Compares an engine's answers with the oracle's, and replays its witnesses: wrong verdicts and refused runs
counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from oracle import TooLarge, violated

from verifier.engines import events
from verifier.interpreter import Refusal, replay
from verifier.system.ir import System
from verifier.system.run import Answer, Budget


@dataclass
class Tally:
    """`wrong` and `refused` name the system and check, so that a failure can be looked at."""

    decided: int = 0
    held: int = 0
    unknown: int = 0
    skipped: int = 0
    wrong: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def compare(
    systems: Iterable[tuple[str, System]], *, once: bool, seconds: float = 20.0, states_max: int = 4000
) -> Tally:
    """Every check of every system, decided twice."""
    tally = Tally()
    for label, system in systems:
        for check in system.checks:
            name = f"{label}/{check.name}/once={once}"
            try:
                expected = violated(system, check, states_max)
            except TooLarge:
                tally.skipped += 1
                continue
            try:
                outcome = events.check(system, check, Budget(seconds), once=once)
            except AssertionError as error:  # the engine noticed that its model is no run
                tally.refused.append(f"{name}: {error}")
                continue
            if outcome.answer is Answer.UNKNOWN:
                tally.unknown += 1
                continue
            tally.decided += 1
            tally.held += outcome.answer is Answer.HOLDS
            if (outcome.answer is Answer.VIOLATED) != expected:
                tally.wrong.append(f"{name}: {outcome.answer.value}, but the oracle says violated={expected}")
            if outcome.run is not None:
                replayed = replay(system, check, outcome.run)
                if isinstance(replayed, Refusal):
                    tally.refused.append(f"{name}: {replayed.reason}")
                elif (replayed.since, replayed.end) != (outcome.run.since, outcome.run.end):
                    tally.refused.append(f"{name}: since {outcome.run.since}, replayed {replayed.since}")
    return tally
