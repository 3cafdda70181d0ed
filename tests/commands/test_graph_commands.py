"""`hitless graph`, `walk` and `export`, from the command line."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import networkx
import pytest
from cases import BLOG
from click.testing import CliRunner, Result
from systems import peers, round_and_round, small

from verifier.cli import main
from verifier.system.ir import TRUE, Check, In, Machine, Step, System, View
from verifier.system.paper import to_json


def at(machine: str, *states: str) -> In:
    return In(machine, frozenset(states))


def door() -> System:
    """A door opens after 2 to 5 s; a lamp shows it at most 3 s later; then the light may go on."""
    machines = (Machine("Door", ("shut", "open"), "shut"), Machine("Light", ("off", "on"), "off"))
    steps = (
        Step("Door: open", "Door", "shut", "open", TRUE, 2, 5, label="the door opens"),
        Step("Light: on", "Light", "off", "on", at("Door", "open"), 0, None, label="the light goes on"),
    )
    check = Check("dark", "never", at("Light", "on"))
    return System(1000, machines, (View("Lamp", ("Door",), 3),), steps, (check,))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def file(tmp_path: Path) -> str:
    return saved(door(), tmp_path)


def saved(system: System, folder: Path) -> str:
    path = folder / "system.json"
    path.write_text(json.dumps(to_json(system)), "utf-8")
    return str(path)


# -- graph -------------------------------------------------------------------------------------------------------------


def test_the_numbers_of_a_graph(file: str) -> None:
    result = run("graph", file, "--untimed", "--format", "json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    # The slice leaves out the lamp, which nobody reads.
    expected = {"states": 3, "transitions": 2, "depth": 2, "terminal": 1, "violating": 1, "violating_depth": 2}
    assert {key: found[key] for key in expected} == expected
    assert found["states_per_depth"] == [1, 1, 1]
    assert found["out_degrees"] == {"0": 1, "1": 2}
    assert found["in_degrees"] == {"0": 1, "1": 2}
    assert found["complete"]


def test_the_text_says_which_part_it_is_about() -> None:
    result = run("graph", str(BLOG / "05a-blog-49.rollout"), "--part", "refused[node-1, new-1]", "--untimed")
    assert result.exit_code == 0
    assert "refused[node-1, new-1] (never)" in result.stdout
    assert "interchangeable: new-2, new-3" in result.stdout
    assert "--part" in result.stdout


def test_symmetry_can_be_switched_off(tmp_path: Path) -> None:
    path = saved(peers(2), tmp_path)
    merged = json.loads(run("graph", path, "--format", "json").stdout)
    whole = json.loads(run("graph", path, "--format", "json", "--no-symmetry").stdout)
    assert merged["interchangeable"]
    assert not whole["interchangeable"]
    assert merged["states"] < whole["states"]
    assert merged["depth"] == whole["depth"]


def test_a_graph_that_is_too_large_says_so() -> None:
    result = run("graph", str(BLOG / "05a-blog-49.rollout"), "--budget", "300ms", "--format", "json")
    found = json.loads(result.stdout)
    assert result.exit_code == 4
    assert not found["complete"]
    assert "time budget" in found["reason"]
    assert run("graph", str(BLOG / "05a-blog-49.rollout"), "--memory", "1").stdout.count("NOT COMPLETE") == 1


def test_states_are_written_for_drawing(file: str, tmp_path: Path) -> None:
    graphml, dot = tmp_path / "a.graphml", tmp_path / "a.dot"
    result = run("graph", file, "--graphml", str(graphml), "--dot", str(dot))
    states = json.loads(run("graph", file, "--format", "json").stdout)["states"]
    assert f"{states} states" in result.stderr
    read = networkx.read_graphml(graphml)
    assert read.number_of_nodes() == states
    assert read.nodes["0"]["Door"] == "shut"
    assert dot.read_text("utf-8").startswith("digraph")
    assert dot.read_text("utf-8").count("->") == read.number_of_edges()


def test_a_cut_listing_says_so(tmp_path: Path) -> None:
    out = tmp_path / "a.dot"
    result = run("graph", saved(small(3001), tmp_path), "--dot", str(out), "--cap", "2")
    assert "CUT: 2 states" in result.stderr


def test_only_what_is_around_a_violation(file: str, tmp_path: Path) -> None:
    out = tmp_path / "a.graphml"
    run("graph", file, "--graphml", str(out), "--around-violation")
    read = networkx.read_graphml(out)
    last = [node for node, values in read.nodes(data=True) if values["violating"]]
    # Two ticks, the door, the light: one shortest way.
    assert read.number_of_nodes() == 5
    assert networkx.shortest_path_length(read, "0", last[0]) == 4


def test_no_violation_has_no_surroundings(tmp_path: Path) -> None:
    system = System(1000, door().machines, (), door().steps[:1], door().checks)
    result = run("graph", saved(system, tmp_path), "--dot", str(tmp_path / "a.dot"), "--around-violation")
    assert result.exit_code == 2
    assert "no state violates the check" in result.stderr


def test_unknown_parts_are_listed(file: str) -> None:
    result = run("graph", file, "--part", "light")
    assert result.exit_code == 2
    assert "there are: dark" in result.stderr


# -- walk --------------------------------------------------------------------------------------------------------------


def test_a_walk_by_script(file: str, tmp_path: Path) -> None:
    out = tmp_path / "trace.json"
    result = run("walk", file, "--choose", "0@3s,back,0@4s,0", "--trace", str(out))
    assert result.exit_code == 0, result.stderr
    assert "at 3s, after 1 events" in result.stdout
    assert "2s..5s" in result.stdout
    assert "dark IS VIOLATED" in result.stdout
    trace = json.loads(out.read_text("utf-8"))
    told = [(e["at_ms"], e["component"], e["to"]) for e in trace["events"]]
    assert told == [
        (4000, "Door", "open"),
        (4000, "Light", "on"),
    ]
    assert trace["violated"]


def test_a_walk_jumps_to_the_violation(file: str) -> None:
    result = run("walk", file, "--choose", "violation,back")
    assert "dark IS VIOLATED" in result.stdout
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        ("7", "there is no 7"),
        ("0@1s", "may not happen at 1s"),
        ("0@6s", "may not"),
        ("0@2500ms", "steps of 1,000 ms"),
        ("up", "no choice"),
        ("back", "beginning"),
    ],
)
def test_a_script_stops_at_what_cannot_be(file: str, choice: str, why: str) -> None:
    result = run("walk", file, "--choose", choice)
    assert result.exit_code == 2
    assert why in result.stderr


def test_a_walk_asks(file: str) -> None:
    result = CliRunner().invoke(main, ["walk", file], input="0\nnonsense\nquit\n")
    assert result.exit_code == 0
    assert "at 2s, after 1 events" in result.stdout
    assert "is no choice" in result.stdout


def test_what_must_wait_has_no_number(tmp_path: Path) -> None:
    machines = (Machine("a", ("x", "y"), "x"), Machine("b", ("x", "y"), "x"))
    steps = (Step("late", "a", "x", "y", TRUE, 5, 9), Step("early", "b", "x", "y", TRUE, 1, 2))
    whole = System(1000, machines, (), steps, (Check("c", "ends_with", at("a", "y")),))
    result = run("walk", saved(whole, tmp_path), "--choose", "0")
    assert "-  not yet" in result.stdout.split("> 0")[0]


# -- export ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "begins"),
    [("promela", "/* Written by hitless"), ("tchecker", "# Written by hitless"), ("smtlib", "; Written by hitless")],
)
def test_exports(file: str, style: str, begins: str) -> None:
    result = run("export", file, "--format", style)
    assert result.exit_code == 0
    assert result.stdout.startswith(begins)


def test_uppaal_is_xml(file: str) -> None:
    root = ElementTree.fromstring(run("export", file, "--format", "uppaal").stdout)
    assert root.tag == "nta"


@pytest.mark.parametrize("style", ["promela", "tchecker", "uppaal", "smtlib"])
def test_a_case_of_the_blog_is_exported(style: str) -> None:
    result = run("export", str(BLOG / "04b-pre-stop-10.rollout"), "--format", style)
    assert result.exit_code == 0, result.stderr
    assert len(result.stdout) > 5000


def test_a_system_in_which_time_stops_is_refused(tmp_path: Path) -> None:
    result = run("graph", saved(round_and_round(at("gate", "open")), tmp_path))
    assert result.exit_code == 2
    assert "time" in result.stderr + result.stdout


def test_a_walk_shows_of_a_copy_what_is_no_longer_so() -> None:
    file = str(BLOG.parent / "custom_component" / "move.rollout")
    begin, after = run("walk", file, "--choose", "0").stdout.split("> 0")
    assert "Secondary shows all as it is\n" in begin
    assert "Secondary still shows, and is behind\n    Record: old\n" in after
