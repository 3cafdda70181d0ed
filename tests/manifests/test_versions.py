"""Nobody says which version it is: the newest is verified, with a word where an older one changes the verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.manifests.texts import WEB, changed, loaded
from verifier import cli
from verifier.language.assemble import scenario_text

HOOK = "            sleep:\n              seconds: 20\n"
EXEC = '            exec:\n              command: [sleep, "20"]\n'


def versions(folder: Path, text: str, **ask: str) -> list[str]:
    [case] = loaded(folder, text, **ask).cases
    return [version for version, _ in case.paths[0].older]


def test_which_versions_are_asked_about(tmp_path: Path) -> None:
    assert versions(tmp_path, WEB) == ["v1.29", "v1.25"]
    assert versions(tmp_path, changed(WEB, (HOOK, EXEC))) == ["v1.25"]
    assert versions(tmp_path, WEB, version_given="1.33") == []
    (tmp_path / "hitless.toml").write_text('kubernetes = "1.33"\n', "utf-8")
    assert versions(tmp_path, WEB) == []


def test_what_is_asked_of_the_oldest(tmp_path: Path) -> None:
    [case] = loaded(tmp_path, WEB).cases
    newest, [_, (_, oldest)] = case.paths[0].scenario, case.paths[0].older
    assert newest is not None
    wanted = scenario_text(newest.items).replace("kubernetes = v1.36", "kubernetes = v1.25")
    assert scenario_text(oldest.items) == wanted.replace("pre_stop = sleep(20s)", "pre_stop = exec(20s)")


@pytest.mark.parametrize(
    ("hook", "word"),
    [(HOOK, "v1.29 and older refuse it: the preStop action `sleep` needs Kubernetes v1.30"), (EXEC, "")],
)
def test_the_word_in_the_report(hook: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(changed(WEB, (HOOK, hook)), "utf-8")
    found = CliRunner().invoke(cli.main, ["verify", str(tmp_path / "web.yaml"), "--format", "json"])
    [path] = json.loads(found.stdout)["services"][0]["paths"]
    assert path["verdict"] == "SAFE"
    assert path.get("older_versions", "") == word
