"""Runs that violate a check, found among few members or otherwise, and shown on the whole slice."""

from __future__ import annotations

from dataclasses import field, replace

from verifier.analysis.both import answered
from verifier.analysis.completion import completed
from verifier.analysis.questions import Deadline, WitnessRefused
from verifier.analysis.stages import Stage, leaders_of, part_of
from verifier.analysis.symmetry import orders
from verifier.analysis.verdict import Witness
from verifier.interpreter import Interpreter, Refusal, replay
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.lower import Lowered
from verifier.system.run import Answer, Outcome, Run
from verifier.system.values import Member

# There is a run among few members, which the others do not let happen.
MISSED = Outcome(Answer.UNKNOWN, reason="the others do not let it happen")


@dataclass
class Runs:
    """Looks for runs; `worked`: how much work that has been."""

    deadline: Deadline
    worked: int = 0
    _interpreted: Interpreter = field(default_factory=lambda: Interpreter(ir.System(1, (), (), ())))

    def meaning(self, system: ir.System) -> Interpreter:
        """The interpreter of a system, made once."""
        if system is not self._interpreted.system:
            self._interpreted = Interpreter(system)
        return self._interpreted

    def of_stage(
        self, exact: Lowered, system: ir.System, stage: Stage, own: list[Member], *, best: bool, work: int | None = None
    ) -> Witness | Outcome | None:
        """A replayed violation, or HOLDS if everybody was free to move; MISSED; None: nothing known yet.

        Without `best`, the first violation will do. Who is held still moves only where the run forces it.
        """
        everybody = stage.frees(exact)
        leaders = leaders_of(exact, stage) if stage.lockstep else {}
        few = part_of(exact, system, stage, leaders)
        left = replace(self.deadline.left(), work=work)
        order = () if leaders else orders(exact, few, own)
        outcome = answered(few, left, best=best, core=best and everybody, proof=everybody, order=order)
        self.worked += outcome.statistics.get("work", 0)
        if outcome.run is None:
            return outcome if everybody or self.deadline.over else None
        lasting = exact.check.when if best and exact.check.kind == "never" else None
        meaning = self.meaning(exact.system)
        run = completed(outcome.run, few, meaning, leaders, lasting)
        replayed = replay(exact.system, exact.check, run, meaning)
        if isinstance(replayed, Refusal):
            refusal, run = replayed, _cut(run, replayed.at)
            replayed = replay(exact.system, exact.check, run, meaning)
            if isinstance(replayed, Refusal):
                if everybody:
                    raise WitnessRefused(exact.system, run, refusal)
                return MISSED
            return Witness(exact.system, exact.check, run, replayed, _names(few), cut=True, outcome=outcome)
        return Witness(exact.system, exact.check, run, replayed, _names(few), outcome=outcome)

    def of_whole(self, exact: Lowered, run: Run, outcome: Outcome | None) -> Witness:
        """A violation by a run in which everybody took part."""
        replayed = replay(exact.system, exact.check, run, self.meaning(exact.system))
        if isinstance(replayed, Refusal):
            raise WitnessRefused(exact.system, run, replayed)
        return Witness(exact.system, exact.check, run, replayed, _names(exact.system), outcome=outcome)


def _cut(run: Run, at: int) -> Run:
    """The run up to a moment at which time could not pass."""
    return Run(tuple(e for e in run.events if e.at <= at), at, min(run.since, at))


def _names(system: ir.System) -> frozenset[str]:
    return frozenset((*system.machine, *system.view))
