"""What the forms of the language become in a program."""

from __future__ import annotations

from pathlib import Path

import pytest

from verifier.language import program as p
from verifier.language.diagnostics import render
from verifier.language.evaluate import evaluate
from verifier.language.load import load
from verifier.language.text import duration_text, read_duration, value_text

MODEL = """
settings hall shared "the hall" {
  workers: size    = 3      "how many"
  release: version = v1.30  "of what"
  lit:     flag    = yes    "whether"
}
settings clock in hall "the clock" {
  slow_by: window = 2s   "how much"
  rate:    percent = 50%  "of all"
}
settings store "a store" {
  spare: size or percent = 25%  "how many more"
  room:  size                   "how large"
}
settings store of w: Worker "a store, by worker" {
  hold:    duration = 5s   "how long"
  takes:   window   = store.hold[w]   "how long"
  on_stop: none | waits(duration) | runs(window) = none  "what it does"
}
settings store.lamp of w: Worker optional "a lamp" {
  power: percent = 50%  "of all"
  delay: duration       "how late"
}
index Worker = old: store.room, new: store.room
index Room = all: hall.workers

machine Door[w: Worker] {
  states shut(k: 0..2), open(k: 0..1), gone
  initially open(0) if w is old, shut(0) if w is new
  shut(k) -> open(k)      "{w} opens, {k}"  when k < 2  within store.takes[w]
  open(k) -> shut(k + 1)  "{w} shuts"       after store.hold[w]
  * -> gone               "{w} goes"        when Place[w] is lost
}
machine Place[w: Worker] {
  states unset, on(r: Room), lost
  initially unset
  unset -> on(r)  "{w} goes to {r}"  when fits(w, r)  immediately
  {on, unset} -> lost
}
view List of Door, Place  stale at most clock.slow_by
view Copy[r: Room] of List

let fits(w: Worker, r: Room) = no v: Worker (Place[v] is on(r) and v == w)
let known(w: Worker, r: Room) = (Door[w] is open seen by List) seen by Copy[r]
let spare = round_up(store.spare, store.room)
let full = count w: Worker old (Door[w] is open) < store.room + spare
let both = count w: Worker (Door[w] is open) + 1 > count w: Worker new (Door[w] is shut) - spare
let same = count w: Worker (Door[w] is open(1)) == 2
let bright = every w: Worker (store.lamp[w] is given)
let late(w: Worker) = if bright then 2 * store.hold[w] else clock.slow_by + 3s

check doors "doors" {
  never shut[w: Worker] "{w} is shut"  covers known(w, r2)  when Door[w] is shut  for 5s
  ends done "all"  with every w: Worker (Door[w] is gone)  within 600s
}
check many >= k "many" { never few "few"  when not at least k w: Worker (Door[w] is open) }
lemma stays[w: Worker old]: always Door[w] is not shut implies hall.lit is yes
"""
MODEL = MODEL.replace("covers known(w, r2)", "covers some r: Room (known(w, r))")
SCENARIO = """use part
hall big { workers = 2; clock { slow_by = 0s..8s typically 1s assumed because "measured" } }
store web { room = 2; hold = 3s; on_stop = waits(4s); lamp { delay = 2 * 3s } }
running web { hold = 1s; lamp none; on_stop = runs(5s) }
verify doors; verify many >= 2
"""


def program_of(scenario: str = SCENARIO, model: str = MODEL) -> p.Program:
    loaded = load(["a.rollout"], overlay={"a.rollout": scenario, "part.model": model})
    assert not loaded.diagnostics, render(loaded.diagnostics, loaded.sources)
    return loaded.programs[0][1]


@pytest.fixture(scope="module")
def program() -> p.Program:
    return program_of()


def test_values_have_a_class_where_the_setting_has(program: p.Program) -> None:
    text = {key: given.text for key, given in program.values.items()}
    assert text["store.hold", "old"] == "1s"
    assert text["store.hold", "new"] == "3s"
    assert text["store.room", None] == "2"
    assert text["store.lamp.delay", "new"] == "2 * 3s"
    assert ("store.lamp.delay", "old") not in text
    assert program.given_blocks == {("store.lamp", "new")}


def test_what_stands_after_a_value(program: p.Program) -> None:
    given = program.values["clock.slow_by", None]
    assert (given.assumed, given.because, given.text) == (True, "measured", "0s..8s")
    assert given.typical is not None
    assert evaluate(given.typical, program, {}) == p.Window(0, 1000)


def test_payloads_are_windows(program: p.Program) -> None:
    assert evaluate(program.values["store.on_stop", "new"].value, program, {}) == p.Choice(
        "waits", p.Window(4000, 4000)
    )
    assert evaluate(program.values["store.on_stop", "old"].value, program, {}) == p.Choice("runs", p.Window(5000, 5000))


def test_delays(program: p.Program) -> None:
    opens, shuts, goes = program.machines["Door"].steps
    assert isinstance(opens.delay, p.SettingRead)
    assert isinstance(shuts.delay, p.WindowOf)
    assert shuts.delay.mode == "after"
    assert goes.delay is None
    assert program.machines["Place"].steps[0].delay == p.Literal_(
        p.Window(0, 0), program.machines["Place"].steps[0].delay.span
    )  # type: ignore[union-attr]


def test_sources(program: p.Program) -> None:
    opens, _, goes = program.machines["Door"].steps
    assert opens.bound == ("k",)
    assert goes.sources == ()
    assert program.machines["Place"].steps[0].target.args == ("r",)
    assert program.machines["Place"].steps[1].sources == (p.StatePattern("on", (None,)), p.StatePattern("unset", ()))


def test_counts_become_sums_above_a_bound(program: p.Program) -> None:
    full, both, same = (program.lets[name].body for name in ("full", "both", "same"))
    assert isinstance(full, p.Boolean)
    assert full.op == "not"
    assert isinstance(full.args[0], p.CountCompare)
    assert [term.sign for term in full.args[0].terms] == [1]
    assert isinstance(both, p.CountCompare)
    assert [term.sign for term in both.terms] == [1, -1]
    assert evaluate(both.bound, program, {}) == -1  # 0 - spare - 1 + 1, with spare = round_up(25%, 2) = 1
    assert isinstance(same, p.Boolean)
    assert same.op == "and"


def test_conditions(program: p.Program) -> None:
    seen = program.lets["known"].body
    assert isinstance(seen, p.SeenBy)
    assert (seen.view, seen.index) == ("Copy", ("r",))
    assert isinstance(seen.body, p.SeenBy)
    bright = program.lets["bright"]
    assert bright.static
    assert isinstance(bright.body, p.StaticQuantified)
    assert evaluate(bright.body, program, {}) is False
    assert evaluate(program.lets["late"].body, program, {"w": "old"}) == p.Window(3000, 11000)  # type: ignore[arg-type]


def test_checks(program: p.Program) -> None:
    shut, done = program.checks["doors"].parts
    assert shut.lasts is not None
    assert (done.kind, evaluate(done.deadline, program, {})) == ("ends_with", p.Duration(600_000))  # type: ignore[arg-type]
    assert program.checks["many"].parameter == "k"
    assert [(asked.check, asked.argument) for asked in program.asked] == [("doors", None), ("many", 2)]
    assert program.lemmas[0].parameters == (p.Parameter("w", "Worker", "old"),)


def test_each_workload_is_a_program() -> None:
    text = SCENARIO.replace("verify doors;", "store api { room = 1; lamp none }\nverify doors;")
    loaded = load(["a.rollout"], overlay={"a.rollout": text, "part.model": MODEL})
    assert [program.workload for _, program in loaded.programs] == ["web", "api"]


def test_only_what_is_asked_has_to_be_given() -> None:
    text = "use part\nstore web { room = 1; lamp { power = 10% } }\nverify doors"
    assert program_of(text).asked  # the lamp's `delay` is read by nothing
    needed = MODEL.replace("after store.hold[w]", "after store.lamp.delay[w]")
    loaded = load(["a.rollout"], overlay={"a.rollout": text, "part.model": needed})
    assert [d.code for d in loaded.diagnostics] == ["HL401"]


@pytest.mark.parametrize(
    ("text", "ms"),
    [("30s", 30_000), ("1m30s", 90_000), ("250ms", 250), ("0.5s", 500), ("-5s", -5000), ("2h", 7_200_000)],
)
def test_durations(text: str, ms: int) -> None:
    assert read_duration(text) == ms
    assert read_duration(duration_text(ms)) == ms


def test_values_as_text() -> None:
    values = [p.Duration(30_000), p.Window(0, 8000), p.Window(500, None), p.Percent(25), p.Version(1, 24), True, 3]
    assert [value_text(value) for value in values] == ["30s", "0s..8s", "500ms..", "25%", "v1.24", "yes", "3"]
    assert value_text(p.Choice("waits", p.Window(30_000, 30_000))) == "waits(30s)"
    assert value_text(p.Choice("none")) == "none"


def test_models_beside_the_scenario_come_first(tmp_path: Path) -> None:
    (tmp_path / "part.model").write_text(MODEL, "utf-8")
    (tmp_path / "a.rollout").write_text(SCENARIO, "utf-8")
    assert len(load([tmp_path / "a.rollout"]).programs) == 1
