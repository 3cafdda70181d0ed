"""The JSON form: what is written is read back, and every mistake is named at its place, whatever the JSON is."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from systems import chained, small

import verifier.system
from verifier.system.ir import TRUE, AtLeast, System
from verifier.system.paper import Diagnosis, from_json, to_json

SCHEMA = json.loads((Path(verifier.system.__file__).parent / "hitless-system-1.schema.json").read_text())


def valid() -> dict[str, Any]:
    return {
        "format": "hitless-system/1",
        "tick_ms": 1000,
        "machines": [{"name": "m", "states": ["a", "b"], "initial": "a"}],
        "views": [{"name": "v", "sources": ["m"], "stale": 2}, {"name": "w", "sources": ["v"], "stale": None}],
        "steps": [
            {
                "name": "s",
                "machine": "m",
                "source": "a",
                "target": "b",
                "guard": True,
                "lo": 0,
                "hi": None,
                "label": "go",
            }
        ],
        "checks": [
            {"name": "c", "kind": "never", "when": {"seen": ["w", {"seen": ["v", {"in": ["m", ["b"]]}]}]}},
        ],
    }


def mistakes(obj: object) -> dict[str, str]:
    found = from_json(obj)
    assert isinstance(found, list)
    assert all(isinstance(d, Diagnosis) for d in found)
    return {d.path: d.message for d in found}


@pytest.mark.parametrize("seed", range(60))
def test_what_is_written_is_read_back(seed: int) -> None:
    written = json.loads(json.dumps(to_json(small(seed) if seed % 2 else chained(seed))))
    jsonschema.validate(written, SCHEMA)
    read = from_json(written)
    assert isinstance(read, System)
    again = from_json(to_json(read))
    assert again == read


def test_the_form_of_the_design_page_is_kept_word_for_word() -> None:
    jsonschema.validate(valid(), SCHEMA)
    read = from_json(valid())
    assert isinstance(read, System)
    assert to_json(read) == valid()


def test_counts_beyond_their_parts_are_constants() -> None:
    obj = valid()
    obj["steps"][0]["guard"] = {"at_least": [0, [{"in": ["m", ["b"]]}]]}
    read = from_json(obj)
    assert isinstance(read, System)
    assert read.steps[0].guard == TRUE


def test_equal_expressions_become_one_object() -> None:
    obj = valid()
    part = {"at_least": [2, [{"in": ["m", ["a"]]}, {"in": ["m", ["b"]]}, {"in": ["m", ["a", "b"]]}]]}
    obj["checks"] = [{"name": str(i), "kind": "never", "when": part} for i in range(2)]
    read = from_json(json.loads(json.dumps(obj)))
    assert isinstance(read, System)
    assert isinstance(read.checks[0].when, AtLeast)
    assert read.checks[0].when is read.checks[1].when


def test_all_mistakes_in_one_run() -> None:
    obj = valid()
    obj["format"] = "hitless-system/2"
    obj["tick_ms"] = True
    obj["machines"].append({"name": "n", "states": ["x", "x"], "initial": "y"})
    obj["views"].append({"name": "u", "sources": ["m"], "stale": -1})
    obj["steps"][0] |= {"lo": 3, "hi": 2, "target": "z", "surprise": 1}
    obj["checks"][0]["when"] = {"and": [{"in": ["mm", ["a"]]}, {"seen": ["w", {"in": ["m", ["b"]]}]}, {"xor": []}]}
    found = mistakes(obj)
    assert set(found) == {
        "/format",
        "/tick_ms",
        "/machines/1/initial",
        "/machines/1/states/1",
        "/views/2/stale",
        "/steps/0/hi",
        "/steps/0/target",
        "/steps/0/surprise",
        "/checks/0/when/and/0/in/0",
        "/checks/0/when/and/1/seen/1/in/0",
        "/checks/0/when/and/2",
    }
    assert "did you mean 'm'" in found["/checks/0/when/and/0/in/0"]
    assert "write one of 'v'" in found["/checks/0/when/and/1/seen/1/in/0"]


def test_a_part_that_cannot_be_read_causes_no_further_complaints() -> None:
    obj = valid()
    obj["machines"][0] = {"name": "m", "states": "ab", "initial": "a"}
    assert set(mistakes(obj)) == {"/machines/0/states"}
    obj = valid()
    obj["views"][0]["stale"] = math.nan
    assert set(mistakes(obj)) == {"/views/0/stale"}


def test_views_of_each_other_are_named_once() -> None:
    obj = valid()
    obj["views"][0]["sources"] = ["w"]
    obj["checks"] = []
    assert list(mistakes(obj)) == ["/views/0/sources"]


def test_names_in_pointers_are_escaped() -> None:
    obj = valid()
    obj["machines"][0]["a/b~c"] = 1
    assert list(mistakes(obj)) == ["/machines/0/a~1b~0c"]


@pytest.mark.parametrize("obj", [None, 1, 1.5, math.nan, "x", True, [], {}, [[]], {"format": {}}, {"a": float("inf")}])
def test_what_is_no_system_at_all(obj: object) -> None:
    assert mistakes(obj)


def test_deep_nesting_is_a_mistake_and_no_crash() -> None:
    deep: Any = True
    for _ in range(900):
        deep = {"not": deep}
    obj = valid()
    obj["checks"][0]["when"] = deep
    assert "nested" in next(iter(mistakes(obj).values()))


def test_whatever_is_put_anywhere_is_diagnosed_and_never_raises() -> None:
    junk: list[Any] = [
        None,
        True,
        -1,
        10**30,
        10**5000,
        math.nan,
        math.inf,
        "",
        "x",
        [],
        {},
        [1, 2],
        {"in": 3},
        "m",
        1.0,
    ]
    rng = random.Random(5)
    for _ in range(3000):
        obj = valid()
        for _ in range(rng.randint(1, 3)):
            here: Any = obj
            while True:
                key = rng.choice(list(here) if isinstance(here, dict) else range(len(here)))
                if not isinstance(here[key], dict | list) or not here[key] or rng.random() < 0.2:
                    here[key] = rng.choice(junk)
                    break
                here = here[key]
        result = from_json(obj)
        assert isinstance(result, System) or result


def test_the_schema_refuses_what_the_reader_refuses_at_sight() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for key, value in (("tick_ms", 0), ("machines", {}), ("format", "x"), ("extra", 1)):
        assert not jsonschema.Draft202012Validator(SCHEMA).is_valid({**valid(), key: value})
        assert mistakes({**valid(), key: value})
