"""What `hitless graph`, `walk` and `export` look at: one check, and the part of its system that it can depend on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from verifier.analysis.stages import pruned
from verifier.analysis.verify import compile_program
from verifier.language.program import Program
from verifier.system.ir import FALSE, Check, System
from verifier.system.wellformed import time_stops


class UnknownPart(Exception):
    """A part was named that the system has no check of; the message lists those it has."""


@dataclass(frozen=True, slots=True)
class Subject:
    """`system` has the one check. `parts`: the names of all that could have been asked for."""

    file: str
    system: System
    parts: tuple[str, ...]

    @property
    def check(self) -> Check:
        return self.system.checks[0]


def subject_of_program(file: str, program: Program, only: str | None, part: str | None) -> Subject:
    """The exact system of a scenario's check at its topology, sliced for one of the check's parts (by default the
    first).
    """
    return subject_of_system(file, compile_program(program, only), part)


def subject_of_system(file: str, system: System, part: str | None) -> Subject:
    """A system, sliced for one of its checks (by default the first); whole where time might stop, which a slice may not
    show.
    """
    names = tuple(check.name for check in system.checks)
    if part is not None and part not in names:
        raise UnknownPart(f"there is no {part!r}; there are: {', '.join(names) or 'none'}")
    if not names:
        return Subject(file, replace(system, checks=(Check("everything", "never", FALSE),)), ())
    check = next(check for check in system.checks if part in (None, check.name))
    whole = replace(system, checks=(check,))
    return Subject(file, whole if may_stop(system) else pruned(system, check), names)


def may_stop(system: System) -> bool:
    """Steps could go round without time passing; whether they do, the graph says."""
    return next(iter(time_stops(system)), None) is not None
