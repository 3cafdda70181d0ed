"""cvc5 repeats what the events engine answers (`hitless verify --certify`), from the question as text alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cases import BLOG
from click.testing import CliRunner
from oracle import TooLarge, violated
from systems import chained, peers, small

from verifier.analysis.both import EnginesDisagree, certified
from verifier.analysis.verify import verify_program
from verifier.cli import main
from verifier.engines import certifier
from verifier.language.load import load
from verifier.system.ir import System
from verifier.system.run import Answer, Budget

cvc5 = pytest.mark.skipif(not certifier.installed(), reason="needs cvc5 (the extra `certify`)")
CASES = sorted(path.stem for path in BLOG.glob("*.rollout") if "expect: refused" not in path.read_text("utf-8"))
QUICK = [stem for stem in CASES if stem[:3] in ("02a", "03a", "04a", "05a", "05b", "06b", "15b")]
# Cases with placements or many machines: cvc5 needs longer than the budget for some of their answers.
LARGE = [stem for stem in CASES if stem[:2] in ("10", "11", "12", "14", "16") or stem[:3] in ("09a", "09d", "09g")]


def all_is_repeated(stem: str) -> int:
    """Every answer that the verdicts of a case rest on; how many that are."""
    result = CliRunner().invoke(main, ["verify", "--certify", "--format", "json", str(BLOG / f"{stem}.rollout")])
    assert result.exit_code in (0, 1), result.output
    found = json.loads(result.stdout)["checks"]
    for check in found:
        assert check["certified"]["repeated"] == check["certified"]["of"], check["name"]
    return sum(check["certified"]["of"] for check in found)


@cvc5
@pytest.mark.parametrize("stem", QUICK)
def test_a_case_of_the_blog(stem: str) -> None:
    assert all_is_repeated(stem) > 0


@cvc5
@pytest.mark.slow
@pytest.mark.parametrize("stem", [s for s in CASES if s not in (*QUICK, *LARGE) and s[:2] not in ("08", "13")])
def test_a_case_of_the_blog_at_length(stem: str) -> None:
    assert all_is_repeated(stem) > 0


@cvc5
@pytest.mark.slow
@pytest.mark.parametrize("stem", LARGE)
def test_a_large_case_of_the_blog_is_not_contradicted(stem: str) -> None:
    result = CliRunner().invoke(main, ["verify", "--certify", "--format", "json", str(BLOG / f"{stem}.rollout")])
    assert result.exit_code in (0, 1, 4), result.output  # 3: the solvers disagree
    for check in json.loads(result.stdout)["checks"]:
        assert check["certified"]["repeated"] <= check["certified"]["of"]


@cvc5
def test_random_systems() -> None:
    """As an exhaustive search says, or a longer unrolling would be needed."""
    counts = {Answer.HOLDS: 0, Answer.VIOLATED: 0, Answer.UNKNOWN: 0}

    def again(system: System) -> None:
        for check in system.checks:
            try:
                wanted = violated(system, check, 1500)
            except TooLarge:
                continue
            alone = System(system.tick_ms, system.machines, system.views, system.steps, (check,))
            answer = certifier.repeat(alone, Budget(20.0))
            counts[answer] += 1
            assert answer is Answer.UNKNOWN or (answer is Answer.VIOLATED) == wanted

    for seed in range(13_000, 13_012):
        again(small(seed))
        again(chained(seed))
        again(peers(seed))
        again(small(seed, cycles=True))
    assert counts[Answer.HOLDS] > 20
    assert counts[Answer.VIOLATED] > 20
    assert counts[Answer.UNKNOWN] < 10


@cvc5
def test_no_time_is_unknown_and_not_a_proof() -> None:
    [(_, program)] = load((str(BLOG / "05a-blog-49.rollout"),)).programs
    (first, _) = verify_program(program, (), Budget(20.0)).checks
    unsure = certified(first, Budget(0.0))
    assert unsure.certified is not None
    assert unsure.certified.repeated <= unsure.certified.of == 2


@pytest.mark.parametrize("stem", ["05a-blog-49", "03a-no-pre-stop"])
def test_another_answer_is_an_internal_error_with_a_bundle(
    stem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = Answer.VIOLATED if stem == "05a-blog-49" else Answer.HOLDS
    monkeypatch.setattr(certifier, "solver_name", lambda: "cvc5 that lies")
    monkeypatch.setattr(certifier, "repeat", lambda system, budget: wrong)
    result = CliRunner().invoke(main, ["verify", "--certify", str(BLOG / f"{stem}.rollout")])
    assert result.exit_code == 3
    assert EnginesDisagree.__name__ in result.stderr
    (bundle,) = tmp_path.glob("hitless-bundle-*.json")
    assert json.loads(bundle.read_text("utf-8"))["system"]["checks"]


def test_without_cvc5_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cvc5", None)
    result = CliRunner().invoke(main, ["verify", "--certify", str(BLOG / "05a-blog-49.rollout")])
    assert result.exit_code == 2
    assert "hitless[certify]" in result.stderr


def test_it_is_for_scenarios(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("", "utf-8")
    assert CliRunner().invoke(main, ["verify", "--certify", str(tmp_path / "a.yaml")]).exit_code == 2
