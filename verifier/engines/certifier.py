"""An answer of the events engine, asked again of cvc5: another solver, by another team, from the question as text.

The text is what `hitless export --format smtlib` prints, so anybody can repeat it with any solver. cvc5 is an extra
(`pip install 'hitless[certify]'`).
"""

from __future__ import annotations

from importlib.util import find_spec

from verifier.engines.events.smtlib import smtlib
from verifier.system.ir import System
from verifier.system.run import Answer, Budget


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


def repeat(system: System, budget: Budget) -> Answer:
    """Whether some run of `system` violates its one check, by cvc5; UNKNOWN if it gave up, if its time ran out, or if a
    longer unrolling would be needed. Raises `NotInstalled`.
    """
    solver_name()
    said = _said(smtlib(system, system.checks[0]), budget)
    if said and said[0] == "sat":
        return Answer.VIOLATED
    return Answer.HOLDS if said and all(word == "unsat" for word in said) else Answer.UNKNOWN


def _said(text: str, budget: Budget) -> list[str]:
    """What cvc5 says to each `check-sat` of a text, in order."""
    import cvc5

    solver = cvc5.Solver()
    solver.setOption("incremental", "true")
    solver.setOption("tlimit-per", str(max(int(budget.seconds * 1000), 1)))
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    said = []
    while not (command := parser.nextCommand()).isNull():
        word = command.invoke(solver, parser.getSymbolManager()).strip()
        if word:
            said.append(word)
    return said
