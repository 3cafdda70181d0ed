"""`hitless compare`: each case is what `verify` says of it, and a remedy that is printed is enough, no shorter one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import BLOG, blog, program, programs, verdicts
from click.testing import CliRunner, Result

from verifier.analysis.verdict import Verdict
from verifier.cli import main
from verifier.fleet.compared import NothingToCompare, compared
from verifier.language.comparisons import changes_nothing, refusal, varied
from verifier.language.load import load
from verifier.language.program import Program
from verifier.report.comparison import CaseReport, Cell, ComparisonReport
from verifier.report.comparison_text import text

# Two ways of one lamp: quick to decide, and every entry of a comparison is in it.
LAMPS = """
settings lamp of b: Bulb "a lamp" {
  patience: duration = 3s      "how long it burns on"
  place:    inside | outside = inside   "where it hangs"
  bulbs:    count = 2          "bulbs"
  on_stop:  none | waits(duration) = none   "what it waits for"
}
settings store "where lamps are kept" { size: size = 1 "how many" }
index Bulb = here: store.size
machine Lamp[b: Bulb] {
  states on, off
  initially on
  on -> off "{b} goes out"  within lamp.patience[b] + lamp.on_stop[b].time
}
machine Walk[b: Bulb] {
  states away, home
  initially away
  away -> home "they come home"  within if lamp.place[b] is inside then 0s..5s else 0s..9s
}
check light "somebody is home before the lamp goes out" {
  never dark[b: Bulb] "{b} is out and they are not home" when Lamp[b] is off and Walk[b] is away
}
check dry "the lamp stays dry" {
  never wet[b: Bulb] "{b} gets wet" when lamp.place[b] is outside and Lamp[b] is on
}
require no b: Bulb (lamp.place[b] is outside and lamp.bulbs[b] > 3)
  at lamp.bulbs "too many bulbs for outside" write "bulbs = 3"
comparison places "where the lamp hangs" {
  under "In"  "in the house"   with lamp.place = inside
  under "Out" "in the garden"  with lamp.place = outside
  verify light "light"
  verify dry   "water" is "dry" or "wet"
  show "pieces" = store.size * 2
  remedy lamp.patience = least of 1s..30s   for light
  remedy lamp.on_stop = waits(least of 1s..30s)   for light
  remedy lamp.bulbs = 2
}
"""
HOME = "use lamps\nstore home { size = 1 }\nlamp home { place = inside; bulbs = 3 }\nverify light\n"


def lamps(folder: Path, scenario: str = HOME) -> ComparisonReport:
    (folder / "lamps.model").write_text(LAMPS, "utf-8")
    found = compared([("home", of) for of in programs(scenario, folder)], 60.0, lambda *_: None, processes=1)
    (only,) = found.comparisons
    return only


def cell(found: ComparisonReport, case: str, title: str) -> Cell:
    (column,) = (c for c in found.cases if c.name == case)
    (one,) = (c for c in column.cells if c.title == title)
    return one


def test_each_case_is_decided_with_its_settings(tmp_path: Path) -> None:
    found = lamps(tmp_path)
    assert [(case.name, case.own) for case in found.cases] == [("In", True), ("Out", False)]
    assert [cell(found, case.name, "light").check.verdict.value for case in found.cases] == ["UNSAFE", "UNSAFE"]
    assert [cell(found, case.name, "water").check.verdict.value for case in found.cases] == ["SAFE", "UNSAFE"]
    assert [case.values for case in found.cases] == [(("pieces", 2),), (("pieces", 2),)]
    assert found.verdict is Verdict.UNSAFE, "by the checks of loss"


def test_the_shortest_duration_that_is_enough_is_found(tmp_path: Path) -> None:
    """They are home after 5 s inside and 9 s outside; a tie is not enough. What waits is added to what burns on."""
    found = lamps(tmp_path)
    assert [mend.settings for mend in cell(found, "In", "light").mends] == [
        ("lamp.patience = 6s",),
        ("lamp.on_stop = waits(3s)",),
    ]
    assert [mend.settings for mend in cell(found, "Out", "light").mends] == [
        ("lamp.patience = 10s",),
        ("lamp.on_stop = waits(7s)",),
    ]
    assert cell(found, "Out", "water").mends == ()
    assert cell(found, "Out", "water").all_tried


def test_a_case_that_the_models_do_not_allow_is_refused(tmp_path: Path) -> None:
    found = lamps(tmp_path, HOME.replace("bulbs = 3", "bulbs = 4"))
    inside, outside = found.cases
    assert (inside.refused, outside.refused) == ("", "too many bulbs for outside")
    assert (inside.cells[0].title, outside.cells) == ("light", ())
    assert "not possible: too many bulbs" in shown(found)


def shown(found: ComparisonReport) -> str:
    from verifier.report.comparison import ComparedReport

    return " ".join(text(ComparedReport((found,), 0.0), colour=False).split())


def test_no_comparison_is_said(tmp_path: Path) -> None:
    (tmp_path / "lamps.model").write_text(LAMPS.partition("comparison")[0], "utf-8")
    with pytest.raises(NothingToCompare):
        compared([("home", of) for of in programs(HOME, tmp_path)], 9.0, lambda *_: None, processes=1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("lamp.place = outside", "lamp.place = garden"), "HL206"),
        (("lamp.place = outside", "lamp.plaec = outside"), "HL202"),
        (("lamp.patience = least of", "lamp.bulbs = least of"), "HL315"),
        (("waits(least of", "none(least of"), "HL315"),
        (("with lamp.place = outside", "with lamp.patience = least of 1s..2s"), "HL315"),
        (("verify light \"light\"", "verify lihgt \"light\""), "HL211"),
        (("least of 1s..30s   for light", "least of 1s..30s   for lihgt"), "HL211"),
        (("  under \"Out\" \"in the garden\"  with lamp.place = outside\n", ""), "HL315"),
        (("show \"pieces\" = store.size * 2", "show \"pieces\" = 3s"), "HL302"),
        (("\"Out\"", "\"In\""), "HL205"),
    ],
)  # fmt: skip
def test_mistakes_in_a_comparison_are_diagnostics(change: tuple[str, str], code: str, tmp_path: Path) -> None:
    assert LAMPS.count(change[0]) == 1
    (tmp_path / "lamps.model").write_text(LAMPS.replace(*change), "utf-8")
    (tmp_path / "home.rollout").write_text(HOME, "utf-8")
    assert code in {d.code for d in load((tmp_path / "home.rollout",)).diagnostics}


# -- the three ways of a balancer ------------------------------------------------------------------------------------


def cases(of: Program) -> Iterator[tuple[str, Program]]:
    for case in of.comparisons["modes"].cases:
        made = varied(of, case.changes)
        assert made is not None
        yield case.name, made


def test_the_own_case_is_that_of_the_file(tmp_path: Path) -> None:
    for stem, own in (
        ("04a-pre-stop-11", "Cluster"),
        ("08a-local-before-fallback", "Local"),
        ("12d-eni-drain-on", "ENI"),
    ):
        of = program(blog(stem), tmp_path)
        found = [case.name for case in of.comparisons["modes"].cases if changes_nothing(of, case.changes)]
        assert found == [own]


def test_a_case_is_as_if_it_were_written(tmp_path: Path) -> None:
    """Overriding the balancer's way in the program says what a file with that way says."""
    of = program(blog("12d-eni-drain-off"), tmp_path)
    made = dict(cases(of))
    written = blog("12d-eni-drain-off", ("    backends          = pods\n", ""))
    assert verdicts(made["Cluster"]) == verdicts(program(written, tmp_path)) == {"no_interrupted_request": "SAFE"}
    assert verdicts(made["ENI"]) == verdicts(of) == {"no_interrupted_request": "UNSAFE"}


def test_a_change_that_the_version_does_not_allow_is_refused(tmp_path: Path) -> None:
    of = program(blog("12d-eni-drain-off"), tmp_path)  # v1.28
    (sleep,) = (r for r in of.comparisons["modes"].remedies if r.changes[0].word == "sleep")
    made = varied(of, sleep.changes, [5000])
    assert made is not None
    assert "needs Kubernetes v1.30" in refusal(made)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["compare", *arguments])


@pytest.mark.slow
def test_the_whole_command() -> None:
    """preStop 10 s is a tie in Cluster mode; 11 s is the least that is enough, for any size."""
    done = run(str(BLOG / "04b-pre-stop-10.rollout"), "--format", "json", "--budget", "120s")
    assert done.exit_code == 1
    made = json.loads(done.stdout)
    assert made["format"] == "hitless-comparison/1"
    (modes,) = made["comparisons"]
    assert [case["name"] for case in modes["cases"]] == ["Cluster", "Local", "ENI"]
    cluster, local, eni = ({check["name"]: check for check in case["checks"]} for case in modes["cases"])
    assert cluster["no_lost_request"]["verdict"] == "UNSAFE"
    assert {"settings": ["deployment.pre_stop = sleep(11s)"], "scope": "any number of replicas and nodes"} in (
        cluster["no_lost_request"]["safe_with"]
    )
    assert local["no_lost_request"]["verdict"] == "UNSAFE"
    assert [c["source_ip_kept"]["verdict"] for c in (cluster, local, eni)] == ["UNSAFE", "SAFE", "SAFE"]
    assert [case["values"][0]["value"] for case in modes["cases"]] == [3, 3, 0]


def test_bad_input_is_said() -> None:
    assert run("nowhere.rollout").exit_code == 2
    assert run(str(BLOG / "05p-blog-as-printed.rollout")).exit_code == 2


def test_settings_are_as_one_would_write_them() -> None:
    case = CaseReport("A", "b", ("service.external_traffic_policy = Local",), own=False)
    line = shown(ComparisonReport("f", "web", "modes", "ways", (case,)))
    assert re.search(r"with external_traffic_policy = Local", line)


@pytest.mark.slow
def test_the_table_of_the_page_on_the_blog(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/explanation/the-blog.md shows what the command prints, but for how long it took."""
    monkeypatch.chdir(BLOG.parent.parent)
    page = Path("docs/explanation/the-blog.md").read_text("utf-8")
    printed = run("examples/blog/05a-blog-49.rollout", "--budget", "400s").output.rpartition("\n\n")[0]
    assert f"```text\n{printed}\n```\n" in page
