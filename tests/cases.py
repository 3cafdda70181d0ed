"""The blog's cases as texts to be changed, and their verdicts without the search for the best witness."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from verifier.analysis.decide import Decider
from verifier.analysis.questions import Deadline
from verifier.analysis.verdict import CheckResult
from verifier.engines import events
from verifier.engines.induction import Induction, Reading, Settled
from verifier.language.load import load
from verifier.language.program import Condition, Literal_, Program, Span, When
from verifier.system.run import Budget, Outcome
from verifier.system.scope import Scope
from verifier.system.values import Env, Member, Values

ROOT = Path(__file__).parent.parent
BLOG = ROOT / "examples" / "blog"
_TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(BLOG.glob("*.rollout"))}
# Those that are verified: the rows of Cluster mode, and those with a balancer of their own.
_VERIFIED = [stem for stem, text in _TEXTS.items() if "expect: refused" not in text]
STEMS = [stem for stem in _VERIFIED if "alibaba_clb" not in _TEXTS[stem]]
BALANCED = [stem for stem in _VERIFIED if stem not in STEMS]
ROLLING = [stem for stem in STEMS if stem != "14-recreate"]


def changed(text: str, *changes: tuple[str, str]) -> str:
    """`text` with each replacement done; each must have exactly one place."""
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        text = text.replace(old, new)
    return text


def blog(stem: str, *changes: tuple[str, str]) -> str:
    return changed((BLOG / f"{stem}.rollout").read_text("utf-8"), *changes)


def programs(text: str, folder: Path) -> list[Program]:
    """The programs of a scenario, one a workload; models in `folder` go before those that come with hitless."""
    path = folder / "case.rollout"
    path.write_text(text, "utf-8")
    loaded = load((path,))
    assert not loaded.diagnostics, [d.message for d in loaded.diagnostics]
    return [program for _, program in loaded.programs]


def program(text: str, folder: Path) -> Program:
    (only,) = programs(text, folder)
    return only


class NoLemmas(Induction):
    """Settles nothing."""

    def settled(self, condition: Condition, env: Env) -> Settled | None:
        return None

    def implied(self, members: tuple[Member, ...], one: Reading, other: Reading) -> Settled | None:
        return None


def proven(of: Program) -> dict[str, Scope]:
    """The lemmas that hold, with the widest scope each was shown for."""
    induction = Induction(of)
    nowhere = Span("", 0, 0, 0, 0)
    induction.settled(When(Literal_(True, nowhere), nowhere), {})  # a question: lemmas are proven on demand
    return induction.proven()


def results(of: Program, induction: type[Induction] = Induction, *, best: bool = False) -> list[CheckResult]:
    """As `verify_program`, for scenarios without assumed bounds; without `best` any witness will do."""
    deciding = Decider(Values(of), Deadline(Budget(60)), induction(of))
    with nullcontext() if best else patch.object(events, "check", partial(_any_witness, events.check)):
        return [deciding.check(asked.check, asked.argument) for asked in of.asked]


def _any_witness(check: Callable[..., Outcome], *args: Any, best: bool = True, **more: Any) -> Outcome:
    return check(*args, best=False, **more)


def verdicts(of: Program) -> dict[str, str]:
    return {result.name: result.verdict.value for result in results(of)}
