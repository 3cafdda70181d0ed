"""With one rule of the encoding broken on purpose the agreement test fails: so it would notice a real mistake."""

from __future__ import annotations

import pytest
from agreement import compare
from systems import chained, small

from verifier.engines.events import reading
from verifier.engines.events.reading import Rules


@pytest.mark.parametrize(
    ("rules", "once"),
    [
        (Rules(views_forced=False), True),
        (Rules(views_forced=False), False),
        (Rules(steps_forced=False), True),
        (Rules(slack=False), True),
        (Rules(nested_compared=False), False),
    ],
    ids=["views never forced, once", "views never forced", "steps never forced", "no slack", "nested copies equal"],
)
def test_a_broken_rule_is_noticed(rules: Rules, once: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "RULES", rules)
    for first in range(0, 400, 20):
        seeds = range(first, first + 20)
        both = [*((f"small({s})", small(s)) for s in seeds), *((f"chained({s})", chained(s)) for s in seeds)]
        tally = compare(both, once=once)
        if tally.wrong or tally.refused:
            return
    pytest.fail("nothing was noticed")
