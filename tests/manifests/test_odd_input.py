"""Whatever stands in a file: one clear line with its place, the others are verified, and never an error of ours."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.manifests.test_mutated import EXAMPLES, mutated
from tests.manifests.texts import SERVICE, WEB
from verifier import cli
from verifier.manifests.platforms import names

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
)
NAMED = SERVICE.replace("  name: web", '  name: "{{ .Values.name }}"')
HEAD = "apiVersion: v1\nkind: Service\n"

# What stands there -> (code, line)
ODD: dict[str, tuple[str | bytes, str, int]] = {
    "a Go template": (f"{HEAD}metadata:\n  name: {{{{ .Values.name }}}}\n", "HL424", 4),
    "a Go template, a line of its own": ("{{ if .Values.on }}\nkind: Service\n{{ end }}\n", "HL424", 1),
    "a Go template in quotation marks": (NAMED, "HL424", 4),
    "a Jinja template": (f"{HEAD}{{% for a in b %}}\n  q: {{{{ a }}}}\n{{% endfor %}}\n", "HL424", 3),
    "a tab": (f"{HEAD}metadata:\n\tname: x\n", "HL421", 4),
    "a key twice": (f"{HEAD}kind: Pod\n", "HL422", 3),
    "a billion laughs": (LAUGHS, "HL423", 6),
    "300 lists in each other": ("a: " + "[" * 300 + "]" * 300 + "\n", "HL423", 1),
    "300 mappings in each other": ("".join("  " * i + "a:\n" for i in range(300)), "HL423", 129),
    "a NUL byte": (f'{HEAD}metadata: {{name: "a\0b"}}\n', "HL421", 3),
    "a byte that is no text": (f"{HEAD}metadata: {{name: \xe9}}\n".encode("latin-1"), "HL421", 3),
    "a list": ("- a\n- b\n", "HL425", 1),
    "a string": ("hello\n", "HL425", 1),
    "an alias to itself": ("a: &a [*a]\n", "HL421", 1),
    "no selector": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n"
        "spec: {template: {metadata: {labels: {a: b}}, spec: {containers: [{name: x, image: x}]}}}\n",
        "HL431",
        4,
    ),
}


def verified(folder: Path, text: str | bytes, *args: str) -> Result:
    path = folder / "m.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return CliRunner().invoke(cli.main, ["verify", str(path), *args])


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("first", [True, False])
def test_one_line_and_the_others_are_verified(name: str, first: bool, tmp_path: Path, decided: list[Any]) -> None:
    odd, code, line = ODD[name]
    piece = odd if isinstance(odd, bytes) else odd.encode()
    web = WEB.encode()
    found = verified(tmp_path, b"---\n".join([piece, web] if first else [web, piece]))
    [said] = found.stderr.splitlines()
    above = 0 if first else web.count(b"\n") + 1
    assert re.match(rf".*m\.yaml:{line + above}:\d+: .*\[{code}\]", said)
    assert "default/web -> Deployment web" in found.stdout
    assert found.exit_code == 2
    assert len(decided) == 1


def test_anchors_and_merges(tmp_path: Path, decided: list[Any]) -> None:
    text = WEB.replace("  selector:\n    app: web\n", "  selector:\n    <<: &labels {app: web}\n")
    found = verified(tmp_path, text + "---\nkind: List\napiVersion: v1\nitems: []\n")
    assert found.stderr == ""
    assert "default/web -> Deployment web" in found.stdout


def test_marks_of_templates_where_they_may_be(tmp_path: Path, decided: list[Any]) -> None:
    """Commands, arguments and notes hold templates of other programs."""
    text = WEB.replace(
        "        image:", '        args: ["--format={{.Names}}"]\n        command: ["{{ x }}"]\n        image:'
    )
    assert verified(tmp_path, text).stderr == ""


def survives(folder: Path, text: str, *args: str) -> None:
    found = verified(folder, text.encode("utf-8", "ignore"), *args)
    assert found.exit_code in (0, 1, 2, 4), found.output
    assert found.exception is None or isinstance(found.exception, SystemExit)
    if found.exit_code == 2:
        assert found.stderr


EVERY_EVENT = ("--what-if", "rollout", "--what-if", "drain", "--what-if", "scale-down", "--what-if", "bad-image")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutated(), st.sampled_from([(), ("--on", "eks-alb-ip"), EVERY_EVENT]))
def test_no_mutation_is_an_error_of_ours(tmp_path: Path, decided: list[Any], text: str, args: tuple[str, ...]) -> None:
    survives(tmp_path, text, *args)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutated(), st.sampled_from([(), ("--on", "eks-nlb-ip"), ("--on", "ack-clb"), EVERY_EVENT]))
def test_no_mutation_is_an_error_of_ours_to_the_end(tmp_path: Path, text: str, args: tuple[str, ...]) -> None:
    survives(tmp_path, text, "--budget", "2s", *args)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.yaml")))
def test_every_real_manifest_on_every_profile(name: str) -> None:
    """A verdict, or a precise reason why there is none; nothing is skipped in silence."""
    for profile in names():
        found = CliRunner().invoke(
            cli.main, ["verify", str(EXAMPLES / f"{name}.yaml"), "--on", profile, "--format", "json", "--budget", "10s"]
        )
        assert found.exit_code in (0, 1, 2, 4), found.output
        report = json.loads(found.stdout)
        for service in report["services"]:
            assert service["paths"]
            for path in service["paths"]:
                assert path["verdict"] in ("SAFE", "UNSAFE", "DEPENDS", "NOT VERIFIED", "INCONCLUSIVE"), path
                assert path["verdict"] not in ("NOT VERIFIED", "INCONCLUSIVE") or path["reason"]
        assert report["services"] or report["errors"] or report["alone"] or report["objects"]
