"""A model in which time can stop is refused: everything after that moment would be called safe."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from verifier.analysis.verify import BadModel, verify_program
from verifier.cli import main
from verifier.language.load import load
from verifier.system.run import Budget

MODEL = """
settings plant "a plant" {{ lamps: size = 2 "its lamps"  blink: duration = {blink} "how long a lamp is off" }}
index Lamp = lamp: plant.lamps
machine Light[l: Lamp] {{
  states on, off
  initially on
  on -> off   "goes out"  immediately
  off -> on   "goes on"   within plant.blink..10s
}}
check dark "some lamp is on" {{ never all_dark "all are off"  when no l: Lamp (Light[l] is on) }}
"""


def files(folder: Path, blink: str) -> str:
    (folder / "plant.model").write_text(MODEL.format(blink=blink), encoding="utf-8")
    scenario = folder / "one.rollout"
    scenario.write_text("use plant\nplant one { lamps = 2 }\nverify dark\n", encoding="utf-8")
    return str(scenario)


def test_steps_without_delay_that_go_round_are_refused(tmp_path: Path) -> None:
    loaded = load((files(tmp_path, "0s"),))
    assert not loaded.diagnostics
    with pytest.raises(BadModel) as refused:
        verify_program(loaded.programs[0][1], (), Budget(10))
    (diagnostic,) = refused.value.diagnostics
    assert (diagnostic.code, diagnostic.span.line) == ("HL313", 7)


def test_a_delay_in_the_cycle_is_enough(tmp_path: Path) -> None:
    loaded = load((files(tmp_path, "1s"),))
    assert verify_program(loaded.programs[0][1], (), Budget(10)).checks


def test_the_command_calls_it_bad_input(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["verify", files(tmp_path, "0s")])
    assert result.exit_code == 2
    assert "HL313" in result.stderr
