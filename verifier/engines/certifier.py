"""An answer of an engine, asked again of cvc5: another solver, by another team, from the question as text.

The text is of the kind that `hitless export --format smtlib` prints. For a run that violates the check it is narrowed
to the steps that each machine makes in that run; when, and what each view shows, is for cvc5 to find. `sat` of the
narrower question is `sat` of the whole one; `unsat` would say nothing, and then the whole one is asked. cvc5 is an
extra (`pip install 'hitless[certify]'`).
"""

from __future__ import annotations

import time
from importlib.util import find_spec

from verifier.engines.clock import OutOfBudget
from verifier.engines.events.smtlib import smtlib
from verifier.system.ir import System
from verifier.system.run import Answer, Budget, Outcome


class NotInstalled(Exception):
    """There is no cvc5 here."""


def solver_name() -> str:
    """Raises `NotInstalled`."""
    try:
        import cvc5
    except ImportError:
        raise NotInstalled("--certify needs cvc5: pip install 'hitless[certify]'") from None
    return f"cvc5 {cvc5.__version__}"


def installed() -> bool:
    return find_spec("cvc5") is not None


def repeat(outcome: Outcome, system: System, budget: Budget) -> Answer:
    """Whether some run of `system` violates its one check, by cvc5; UNKNOWN if it gave up, if its time ran out, or if a
    longer unrolling would be needed. `outcome` is what an engine says. Raises `NotInstalled`.
    """
    solver_name()
    check, until = system.checks[0], time.monotonic() + budget.seconds
    try:
        if outcome.run is not None and said(smtlib(system, check, along=outcome.run, until=until), until) == ["sat"]:
            return Answer.VIOLATED
        words = said(smtlib(system, check, order=outcome.order, until=until), until)
    except OutOfBudget:
        return Answer.UNKNOWN
    if words[:1] == ["sat"]:
        return Answer.VIOLATED
    return Answer.HOLDS if words and all(word == "unsat" for word in words) else Answer.UNKNOWN


def said(text: str, until: float) -> list[str]:
    """What cvc5 says to each `check-sat` of a text, in order, up to the first that is `sat`."""
    import cvc5

    left = until - time.monotonic()
    if left <= 0:
        return []
    solver = cvc5.Solver()
    solver.setOption("incremental", "true")
    solver.setOption("tlimit-per", str(max(int(left * 1000), 1)))
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    words = []
    while not (command := parser.nextCommand()).isNull():
        word = command.invoke(solver, parser.getSymbolManager()).strip()
        if word:
            words.append(word)
        if word == "sat":
            break
    return words
