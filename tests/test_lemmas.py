"""Lemmas by induction: those of the models, wrong variants, small models by hand; random ones against a search."""

from __future__ import annotations

import re
import shutil
from itertools import product
from pathlib import Path

import pytest
from cases import ROOT, changed, program, proven
from lemma_oracle import compare

from verifier.engines.induction import Induction
from verifier.engines.induction.changes import Refresh
from verifier.engines.induction.solver import Relations
from verifier.engines.induction.trees import Trees
from verifier.engines.terms import Term
from verifier.system.ir import FALSE, Expr
from verifier.system.scope import THIS_TOPOLOGY

# -- the lemmas of the models ----------------------------------------------------------------------------------------

REQUESTS = ROOT / "models" / "kubernetes" / "requests.model"
LEMMAS = set(re.findall(r"^lemma (\w+)[^:]*(?:: [A-Z][^:]*)*:\s+always", REQUESTS.read_text("utf-8"), re.MULTILINE))
PROBE = "readiness_probe { period = 3s }"
ROLLOUTS = {
    "default": PROBE,
    "25% and 25%": f"max_surge = 25%; max_unavailable = 25%; {PROBE}",
    "one unavailable": f"max_surge = 0; max_unavailable = 1; {PROBE}",
    "surge of one": f"max_surge = 1; max_unavailable = 0; {PROBE}",
}


def scenario(deployment: str, replicas: int = 3) -> str:
    return (
        "use kubernetes\nuse load_balancers/nodes_cluster\ncluster ack { nodes = 3 }\n"
        "app web { startup_time = 5s..20s; on_sigterm = drains; longest_request = 5s }\n"
        f"deployment web {{ replicas = {replicas}; {deployment} }}\n"
        "service web { external_traffic_policy = Cluster }\nverify no_lost_request\n"
    )


def for_any_number(deployment: str, folder: Path) -> set[str]:
    return {name for name, scope in proven(program(scenario(deployment), folder)).items() if scope.any_size}


@pytest.mark.parametrize("name", ROLLOUTS)
def test_the_lemmas_of_the_models_hold_for_any_number(name: str, tmp_path: Path) -> None:
    assert for_any_number(ROLLOUTS[name], tmp_path) == LEMMAS


def test_recreate_loses_its_pods(tmp_path: Path) -> None:
    missing = LEMMAS - set(proven(program(scenario(f"strategy = Recreate; {PROBE}"), tmp_path)))
    assert missing == {"shares_suffice", "enough_available"}


def test_a_pod_that_is_ready_and_killed_does_not_stay(tmp_path: Path) -> None:
    missing = LEMMAS - set(proven(program(scenario("liveness_probe { initial_delay = 30s }"), tmp_path)))
    assert "new_pods_stay" in missing
    assert "enough_available" in missing
    assert "shares_have_pods" not in missing


@pytest.mark.parametrize(
    ("deployment", "replicas", "least"),
    [
        (ROLLOUTS["surge of one"], 3, 1),
        (ROLLOUTS["25% and 25%"], 3, 1),
        (ROLLOUTS["one unavailable"], 2, 2),
        (ROLLOUTS["one unavailable"], 3, 3),
        (ROLLOUTS["one unavailable"], 1, None),
    ],
)
def test_from_how_many_replicas_on_somebody_is_available(
    deployment: str, replicas: int, least: int | None, tmp_path: Path
) -> None:
    """The induction tries any number first, then from the scenario's own number up."""
    folder = with_models(tmp_path)
    with (folder / "kubernetes" / "requests.model").open("a", encoding="utf-8") as file:
        file.write('\nlemma somebody "x": always some p: Pod (available(p))\n')
    of = program(scenario(deployment, replicas), folder)
    known = Induction(of).settled(of.lemmas[-1].always, {})
    scope = None if known is None else known.scope
    assert (None if scope is None or scope.least is None else dict(scope.least)["deployment.replicas"]) == least
    assert known is None or known.value


def test_what_one_takes_is_no_other_ones(tmp_path: Path) -> None:
    """A lemma that needs time holds for the values that it was decided for, and only for whoever took it."""
    text = changed(scenario(PROBE), ("nodes_cluster", "alibaba_clb"), ("= Cluster }", "= Local }"))
    first = Induction(program(text, tmp_path))
    one, other = first.apart(), first.apart()
    timed = next(lemma for lemma in one.unproven() if lemma.name == "some_node_is_healthy")
    one.accept(timed, THIS_TOPOLOGY)
    assert timed not in one.unproven()
    assert one.settled(timed.always, {}) is not None
    for without in (first, other, one.apart()):
        assert timed in without.unproven()
        assert without.settled(timed.always, {}) is None
    assert other.proven() == first.proven()


# -- wrong variants --------------------------------------------------------------------------------------------------


def with_models(folder: Path, *changes: tuple[str, str, str]) -> Path:
    """The models in `folder`, each change (file, old, new) with exactly one place."""
    shutil.copytree(ROOT / "models", folder, dirs_exist_ok=True)
    for name, old, new in changes:
        file = folder / "kubernetes" / f"{name}.model"
        file.write_text(changed(file.read_text("utf-8"), (old, new)), "utf-8")
    return folder


WRONG = {
    "more are available than are asked for": (
        "enough_available",
        ("requests", "count q: Pod (available(q)) >= deployment.replicas - unavailable",
         "count q: Pod (available(q)) >= deployment.replicas - unavailable + 1"),
    ),
    "more shares are left than are kept": (
        "shares_suffice",
        ("requests", "count q: Pod new (available(q)) >= deployment.replicas - unavailable",
         "count q: Pod new (available(q)) >= deployment.replicas - unavailable + 1"),
    ),
    "more pods run than there are shares": (
        "shares_have_pods",
        ("requests", "count q: Pod old (Pod[q] is running) >= count q: Pod old (Share[q] is kept)",
         "count q: Pod old (Pod[q] is running) > count q: Pod old (Share[q] is kept)"),
    ),
    "the shrinking guard asks for too little": (
        "shares_suffice",
        ("deployment", "> deployment.replicas - unavailable", ">= deployment.replicas - unavailable"),
    ),
    "shares go without a guard": ("shares_suffice", ("deployment", "when may_shrink ", "when (true) ")),
    "victims are not counted": (
        "shares_have_pods",
        ("deployment",
         "count q: Pod old (Pod[q] is running) > count q: Pod old (Share[q] is kept) and\n", "true and\n"),
    ),
    "new pods may be deleted too": ("new_pods_stay", ("deployment", "when p is old and victim(p)", "when victim(p)")),
    "available means running": (
        "status_holds",
        ("requests", "always (available(p) seen by Status) implies available(p)",
         "always (Pod[p] is running seen by Status) implies available(p)"),
    ),
    "what is available is called so": (
        "status_holds",
        ("requests", "always (available(p) seen by Status) implies available(p)",
         "always available(p) implies (available(p) seen by Status)"),
    ),
    "old pods serve for ever": (
        "old_pods_serve",
        ("requests", "always Pod[p] is {running, terminating, gone} and (Pod[p] is running implies\n",
         "always Pod[p] is {running, terminating, gone} and (Pod[p] is {running, terminating} implies\n"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_variant_is_not_proven(name: str, tmp_path: Path) -> None:
    lemma, change = WRONG[name]
    of = program(scenario(ROLLOUTS["surge of one"]), with_models(tmp_path, change))
    assert lemma in {known.name for known in of.lemmas}
    assert lemma not in proven(of)


# -- small models by hand --------------------------------------------------------------------------------------------

HEAD = """
settings things "sizes" { size: size = 1 "x"  other: size = 1 "x" }
index P = one: things.size, two: things.other
"""
# Each one starts once some other one is let go: at most one of class two runs for each of class one that has stopped.
RELAY = """
machine M[p: P] {
  states waiting, running, stopped
  initially running if p is one, waiting if p is two
  waiting -> running "x" when p is two and count q: P one (M[q] is stopped) > count q: P two (M[q] is running)
  running -> stopped "x" when p is one
}
"""
# `Mirror` remembers M, and `Far` what Mirror remembered.
VIEWS = """
machine M[p: P] { states a, b  initially a  a -> b "x" }
machine N[p: P] { states a, b  initially a  a -> b "x" when (M[p] is b seen by Mirror) seen by Far }
view Mirror of M
view Far of Mirror
"""
SWITCH = """
machine Switch { states off, on  initially off  off -> on "x" }
machine M[p: P] { states a, b  initially a  a -> b "x" when Switch is on }
"""
LEVELS = """
machine L[p: P] {
  states low(k: 0..2), high(k: 0..2)
  initially low(0)
  low(k) -> high(k)     "x"
  high(k) -> low(k + 1) "x" when k < 2
}
"""
SLOTS = """
machine Slot[p: P] {
  states free, taken
  initially free
  free -> taken "x" when count q: P one (Slot[q] is taken) < round_up(30%, things.size)
}
"""
PAIRS = """
machine Turn { states first, second  initially first  first -> second "x" }
machine Link[p: P one, q: P two] { states down, up  initially down  down -> up "x" when Turn is second and M[p] is b }
machine M[p: P] { states a, b  initially a  a -> b "x" }
"""

BOTH = """
machine M[p: P] { states a, b  initially a  a -> b "x"  b -> a "x" }
machine N[p: P] { states a, b  initially a  a -> b "x"  b -> a "x" }
"""
CHAIN = """
machine M[p: P] { states a, b  initially a  a -> b "x" }
machine N[p: P] { states a, b  initially a  a -> b "x" when M[p] is b }
lemma in_order[p: P] "x": always N[p] is b implies M[p] is b
"""
PARTS = "count p: P one (M[p] is b and N[p] is a) + count p: P one (N[p] is b)"

# (model, lemma, is it an invariant for any number?)
BY_HAND = {
    "counts of two classes": (RELAY, "count p: P two (M[p] is running) <= count p: P one (M[p] is stopped)", True),
    "counts of two classes, too many": (
        RELAY, "count p: P two (M[p] is running) < count p: P one (M[p] is stopped)", False),
    "a sum with signs": (RELAY, "count p: P (M[p] is running) - count p: P two (M[p] is running) <= things.size", True),
    "a sum over both classes, too small": (RELAY, "count p: P (M[p] is running) < things.size", False),
    "a sum over both classes from below": (RELAY, "count p: P (M[p] is running) >= things.size", False),
    "what was seen is so": (VIEWS, "every p: P ((M[p] is b seen by Mirror) implies M[p] is b)", True),
    "what is so was seen": (VIEWS, "every p: P (M[p] is b implies (M[p] is b seen by Mirror))", False),
    "what was seen was seen from far": (
        VIEWS, "every p: P ((M[p] is b seen by Mirror) implies ((M[p] is b seen by Mirror) seen by Far))", False),
    "a copy counts no more than there is": (
        VIEWS, "count p: P (M[p] is b seen by Mirror) <= count p: P (M[p] is b)", True),
    "a copy counts no less than there is": (
        VIEWS, "count p: P (M[p] is b seen by Mirror) >= count p: P (M[p] is b)", False),
    "P is Q, or P and not Q": (
        BOTH, f"count p: P one (M[p] is b) <= {PARTS}", True),
    "P and not Q, and Q, are more than P": (
        BOTH, f"{PARTS} <= count p: P one (M[p] is b)", False),
    "P and not Q, and Q, are no more than P if Q says so": (
        CHAIN, f"{PARTS} <= count p: P one (M[p] is b)", True),
    "through a machine without index": (SWITCH, "some p: P (M[p] is b) implies Switch is on", True),
    "of a machine without index": (SWITCH, "Switch is on implies some p: P (M[p] is b)", False),
    "states with ranges": (LEVELS, "every p: P (L[p] is {low, high(0), high(1), high(2)})", True),
    "states with ranges, the last one": (LEVELS, "every p: P (L[p] is not high(2))", False),
    "a percentage": (SLOTS, "count p: P one (Slot[p] is taken) <= round_up(30%, things.size)", True),
    "a percentage of the other class": (
        SLOTS, "count p: P two (Slot[p] is taken) <= round_up(30%, things.size)", False),
    "a percentage rounded the other way": (
        SLOTS, "count p: P one (Slot[p] is taken) <= round_down(30%, things.size)", False),
    "a nested closed quantifier": (
        SWITCH, "every p: P (M[p] is a or Switch is on or no q: P (M[q] is a))", True),
    "a nested closed quantifier, wrong": (
        SWITCH, "every p: P (M[p] is a or every q: P (M[q] is b))", False),
}  # fmt: skip
NEAR = 'lemma near[p: P] "x": always (M[p] is b seen by Mirror) implies M[p] is b\n'
FAR = 'lemma far[p: P] "x": always ((M[p] is b seen by Mirror) seen by Far) implies M[p] is b\n'
# With parameters: (model, earlier lemmas, parameters, lemma, is it an invariant?)
WITH_MEMBERS = {
    "of one member": (SWITCH, "", "[p: P]", "M[p] is b implies Switch is on", True),
    "a step of another member counts": (
        SWITCH, "", "[p: P one]", "count q: P one (M[q] is b) <= 1 or M[p] is b", False),
    "two of one type": (SWITCH, "", "[p: P, q: P]", "M[p] is a or M[q] is a or Switch is on", True),
    "two of one type, wrong where they differ": (SWITCH, "", "[p: P one, q: P one]", "M[p] is a or M[q] is b", False),
    "two of one type, wrong where they are the same": (
        SWITCH, "", "[p: P one, q: P one]", "p == q implies M[p] is a or M[q] is a", False),
    "two of one type, right where they are the same": (
        SWITCH, "", "[p: P one, q: P one]", "p == q implies (M[p] is a or M[q] is b)", True),
    "a machine of two members": (
        PAIRS, "", "[p: P one, q: P two]", "Link[p, q] is up implies (M[p] is b and Turn is second)", True),
    "a machine of two members, the other way": (
        PAIRS, "", "[p: P one, q: P two]", "(M[p] is b and Turn is second) implies Link[p, q] is up", False),
    "a lemma through a view of a view": (
        VIEWS, NEAR + FAR, "[p: P]", "N[p] is b implies M[p] is b", True),
    "a lemma about two views": (
        VIEWS, NEAR + FAR, "[p: P]",
        "((M[p] is b seen by Mirror) seen by Far) implies (M[p] is b seen by Mirror)", True),
    "a copy is not the present": (
        VIEWS, "", "[p: P]", "M[p] is b implies N[p] is b", False),
}  # fmt: skip


def is_proven(model: str, parameters: str, always: str, folder: Path) -> bool:
    """Whether the last lemma is proven, for any number if a size is in it."""
    (folder / "by_hand.model").write_text(
        f'{HEAD}{model}lemma asked{parameters} "x": always {always}\n'
        'check c "c" { never bad "x" when no p: P (p is one) }\n',
        "utf-8",
    )
    scenario = "use by_hand\nthings a { size = 2; other = 3 }\nverify c\n"
    scope = proven(program(scenario, folder)).get("asked")
    return scope is not None and scope.any_size


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str, tmp_path: Path) -> None:
    model, always, wanted = BY_HAND[name]
    assert is_proven(model, "", always, tmp_path) is wanted


@pytest.mark.parametrize("name", WITH_MEMBERS)
def test_by_hand_with_members(name: str, tmp_path: Path) -> None:
    model, earlier, parameters, always, wanted = WITH_MEMBERS[name]
    assert is_proven(model + earlier, parameters, always, tmp_path) is wanted


# A step's target, and the initial state, may depend on a size; no shipped model does that.
BY_SIZE = {
    "the target of a step": "machine M[p: P] { states low(k: 0..3)  initially low(0)  low(0) -> low(things.size) 'x' }",
    "the initial state": "machine M[p: P] { states low(k: 0..3)  initially low(1) if things.size == 1, low(0) }",
}


@pytest.mark.parametrize("name", BY_SIZE)
def test_a_state_that_depends_on_a_size_is_not_left_out(name: str, tmp_path: Path) -> None:
    assert not is_proven(BY_SIZE[name].replace("'", '"'), "", "every p: P (M[p] is low(0))", tmp_path)


# -- random models ---------------------------------------------------------------------------------------------------


def test_what_is_proven_of_random_models_holds() -> None:
    tally = compare(range(200), [(1, 1), (2, 2)], states_max=300)
    assert tally.wrong == []
    assert tally.proven > 200
    assert tally.asked > 300
    assert tally.refuted > 30  # most lemmas are false, or the test would see nothing


def every_relation(self: Relations, cls: tuple[str, str], a: Expr, b: Expr, fact: Term) -> bool:
    new = (cls, a, b) not in self.trees.solver.related
    self.trees.solver.related.add((cls, a, b))
    self.trees.solver.always(fact)
    return new


BROKEN = {
    "counts are related at will": (Relations, "_fact", every_relation),
    "views are never refreshed": (Refresh, "guard", lambda *_: FALSE),
    "the initial state is not asked": (Trees, "initially", lambda *_: True),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_comparison_bites(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*BROKEN[name])
    assert compare(range(20), [(2, 2)], states_max=300).wrong


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 10_800, 100))
def test_what_is_proven_of_random_models_holds_at_length(first: int) -> None:
    assert compare(range(first, first + 100), list(product((1, 2, 3), repeat=2)), states_max=4000).wrong == []
