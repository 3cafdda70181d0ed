"""What Kubernetes refuses, and what it accepts and defeats itself: each with its code and place, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.manifests.texts import BUDGET, DEPLOYMENT, SERVICE, WEB, changed, codes, loaded
from verifier.manifests.catalogue import CATALOGUE

TCP = ("            sleep:\n              seconds: 20", "            tcpSocket:\n              port: 80")
EXEC = ("            sleep:\n              seconds: 20", "            exec:\n              command: [sleep, 30]")

REFUSED = {
    "bare 30": ([EXEC], [("HL432", 34)]),
    "tcpSocket": ([TCP], [("HL435", 33)]),
    "preStopHook": ([("          preStop:", "          preStopHook:")], [("HL430", 32)]),
    "both 0": ([("maxSurge: 1", "maxSurge: 0")], [("HL434", 10)]),
    "selector": ([("      labels:\n        app: web", "      labels:\n        app: other")], [("HL433", 13)]),
    "missing": ([("  selector:\n    matchLabels:\n      app: web\n", "")], [("HL431", 6)]),
    "text for a number": ([("replicas: 2", 'replicas: "2"')], [("HL432", 6)]),
    "negative": ([("replicas: 2", "replicas: -2")], [("HL433", 6)]),
    "two handlers": (
        [("          httpGet:", "          tcpSocket: {port: 1}\n          httpGet:")],
        [("HL433", 27)],
    ),
    "Recreate": ([("    rollingUpdate:", "    type: Recreate\n    rollingUpdate:")], [("HL433", 9)]),
    "strategy": ([("    rollingUpdate:", "    type: Rolling\n    rollingUpdate:")], [("HL433", 8)]),
    "percentage": ([("maxSurge: 1", "maxSurge: many")], [("HL433", 9)]),
    "old group": ([("apps/v1", "apps/v1beta1")], [("HL426", 1)]),
    "unknown group": ([("apps/v1", "apps/v2")], [("HL425", 1)]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_api_refuses(name: str, tmp_path: Path) -> None:
    changes, wanted = REFUSED[name]
    found = loaded(tmp_path, changed(DEPLOYMENT, *changes))
    assert codes(found) == wanted
    assert bool(found.errors) == (name != "old group")


ACCEPTED = {
    "nothing": ([], []),
    "liveness": (
        [
            (
                "        lifecycle:",
                "        livenessProbe: {httpGet: {port: http}, periodSeconds: 1}\n        lifecycle:",
            )
        ],
        [("HL450", 31)],
    ),
    "preStop as long as grace": ([("Seconds: 60", "Seconds: 20")], [("HL451", 19)]),
    "distroless": (
        [EXEC, ("[sleep, 30]", '[sleep, "30"]'), ("example.org/web:1", "gcr.io/distroless/static")],
        [("HL454", 32)],
    ),
    "hostPort": (
        [("          containerPort: 8080", "          containerPort: 8080\n          hostPort: 80")],
        [("HL455", 26)],
    ),
    "rounding": (
        [("maxSurge: 1\n      maxUnavailable: 0", "maxSurge: 0\n      maxUnavailable: 25%")],
        [("HL452", 9)],
    ),
    "template annotation": (
        [
            (
                "      labels:\n        app: web",
                "      annotations: {hitless.dev/app: nginx}\n      labels:\n        app: web",
            )
        ],
        [("HL456", 16)],
    ),
    "other port": ([("            port: http", "            port: 9090")], [("HL444", 26)]),
    "no workload": ([("    app: web\n  ports:", "    app: wep\n  ports:")], [("HL440", 41)]),
    "named port": ([("targetPort: http", "targetPort: grpc")], [("HL445", 45)]),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_defeats_itself(name: str, tmp_path: Path) -> None:
    changes, wanted = ACCEPTED[name]
    found = loaded(tmp_path, changed(WEB, *changes))
    assert codes(found) == wanted
    assert not found.errors


def test_a_budget(tmp_path: Path) -> None:
    assert codes(loaded(tmp_path, f"{WEB}---\n{BUDGET}")) == []
    never = changed(BUDGET, ("maxUnavailable: 1", "minAvailable: 100%"))
    assert codes(loaded(tmp_path, f"{WEB}---\n{never}")) == [("HL453", 52)]
    nobody = changed(BUDGET, ("app: web", "app: other"))
    assert codes(loaded(tmp_path, f"{WEB}---\n{nobody}")) == [("HL442", 53)]


def test_two_workloads_behind_one_service(tmp_path: Path) -> None:
    second = changed(DEPLOYMENT, ("  name: web\nspec", "  name: canary\nspec"))
    found = loaded(tmp_path, f"{WEB}---\n{second}")
    assert codes(found) == [("HL443", 41)]
    assert [case.workload for case in found.cases] == ["Deployment web", "Deployment canary"]


def test_suppressions(tmp_path: Path) -> None:
    short = changed(WEB, ("Seconds: 60", "Seconds: 20"))
    note = '\n  annotations: {hitless.dev/ignore: "%s"}'

    def with_note(text: str) -> str:
        return changed(short, ("  name: web\nspec:\n  replicas", "  name: web" + note % text + "\nspec:\n  replicas"))

    found = loaded(tmp_path, with_note("HL451 -- a batch job"))
    assert codes(found) == []
    assert [(d.code, by.reason) for d, by in found.suppressed] == [("HL451", "a batch job")]
    assert [code for code, _ in codes(loaded(tmp_path, with_note("HL451")))] == ["HL461", "HL451"]
    assert [code for code, _ in codes(loaded(tmp_path, with_note("HL999 -- why")))] == ["HL460", "HL451"]
    assert [code for code, _ in codes(loaded(tmp_path, with_note("HL432 -- why")))] == ["HL460", "HL451"]


def test_other_kinds_are_counted(tmp_path: Path) -> None:
    text = f"{WEB}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n---\napiVersion: x/v1\nkind: Thing\n"
    found = loaded(tmp_path, text)
    assert found.ignored == {"ConfigMap": 1, "Thing": 1}
    assert (found.read, codes(found)) == (2, [])


@pytest.mark.parametrize("text", ["- 1\n- 2\n", "hello\n", "a: 1\n", "kind: Service\n", "42\n"])
def test_what_is_no_object(text: str, tmp_path: Path) -> None:
    found = loaded(tmp_path, f"{text}---\n{WEB}")
    assert codes(found) == [("HL425", 1)]
    assert len(found.cases) == 1


def test_a_list_of_objects(tmp_path: Path) -> None:
    indented = "".join(f"- {body.rstrip().replace(chr(10), chr(10) + '  ')}\n" for body in (DEPLOYMENT, SERVICE))
    found = loaded(tmp_path, f"apiVersion: v1\nkind: List\nitems:\n{indented}")
    assert codes(found) == []
    assert [path.name for case in found.cases for path in case.paths] == ["ClusterIP"]


def test_every_code_is_explained() -> None:
    assert all(entry.text and entry.title for entry in CATALOGUE.values())
    package = Path(__file__).parents[2] / "verifier" / "manifests"
    used = {code for path in package.glob("*.py") for code in re.findall(r'"(HL4[2-9]\d)"', path.read_text("utf-8"))}
    assert used - {"HL499"} == set(CATALOGUE) - {"HL441"}
