"""The invariants of docs/architecture.md: who imports whom, what no part knows, how long a module may be."""

from __future__ import annotations

import ast
import importlib
import inspect
import io
import re
import tokenize
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest

from verifier.language.explain import shipped_world

PACKAGE = Path(__file__).parent.parent / "verifier"
MODULES = sorted(PACKAGE.rglob("*.py"))
IDS = [str(path.relative_to(PACKAGE)) for path in MODULES]

# The way of a file to a verdict. A part imports itself and those to its left; what stands together is one place.
ORDER = (
    {"records", "resources"},
    {"language"},
    {"manifests"},
    {"system"},
    {"interpreter"},
    {"engines"},
    {"export"},
    {"analysis"},
    {"trace"},
    {"report"},
    {"fleet"},
    {"bundle"},
    {"cli", "cli_compare", "cli_graph"},
    {"__main__"},
)
PLACE = {part: place for place, parts in enumerate(ORDER) for part in parts}

# Views: they get a finished report.
VIEWS = (
    "report/comparison_json.py",
    "report/comparison_text.py",
    "report/explanation.py",
    "report/fleet_json.py",
    "report/graph.py",
    "report/json.py",
    "report/paper.py",
    "report/screen.py",
    "report/text.py",
    "report/walk.py",
)

LINES_MAX = 400
LONGER = {
    "language/program.py": "one table: the frozen types of a checked program",
    "language/syntax.py": "one table: the frozen types of the syntax tree",
}

KUBERNETES = re.compile(
    r"kube|\bpods?\b|pod_|_pod|deployment|replica_?set|endpoint|pre_?stop|load_?balancer|load balancer|sigterm|sigkill"
    r"|rollout|stateful_?set|daemon_?set|readiness|liveness|ingress|\bservice|\breplicas|max_?surge|\bcluster\b",
    re.IGNORECASE,
)
# Texts of the command line for people, and the ending of a scenario's file.
MENTIONS_ALLOWED = {
    "bundle.py": {'".rollout"'},
    "cli.py": {
        "deployment.max_surge",  # the example in the help of `explain`
        "my.rollout",
        "other.rollout",
        "--kubernetes",
        "services whose name",
        '"rollout"',  # the event that is looked at if no other is named
        "rollout (the default)",
    },
    "report/fleet_json.py": {"services"},  # a key of the interface
    "resources.py": {"starter.rollout"},
}


def imports(path: Path) -> Iterator[str]:
    """The names of all modules that a file imports, wherever in it; `import a.b` and `from a.b import c` are `a.b`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            assert node.module is not None
            if node.module in ("verifier", "verifier.system", "verifier.engines", "verifier.analysis"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def part_of(module: str) -> str:
    """`language` for `verifier.language.load`."""
    return module.split(".")[1]


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_imports_point_to_the_left(path: Path) -> None:
    relative = path.relative_to(PACKAGE)
    if str(relative) == "__init__.py":
        assert not list(imports(path))
        return
    own = relative.parts[0].removesuffix(".py")
    assert own in PLACE, f"{own} has no place in the order"
    for module in imports(path):
        if module.startswith("verifier."):
            assert PLACE[part_of(module)] <= PLACE[own], f"{relative} imports {module}"


def test_the_interpreter_knows_no_engine_and_no_solver() -> None:
    """Also not by way of what it imports: it is the judge of the engines."""
    seen: set[str] = set()
    todo = ["verifier.interpreter"]
    while todo:
        module = todo.pop()
        if module in seen or not module.startswith("verifier"):
            assert not module.startswith(("z3", "networkx")), module
            continue
        seen.add(module)
        file = PACKAGE.parent / Path(*module.split("."))
        path = file.with_suffix(".py") if file.with_suffix(".py").is_file() else file / "__init__.py"
        if path.is_file():
            todo += imports(path)
    assert not any(module.startswith(("verifier.engines", "verifier.analysis")) for module in seen)


def test_only_engines_know_the_solver() -> None:
    for path, name in zip(MODULES, IDS, strict=True):
        if not name.startswith("engines/"):
            assert not any(module.split(".")[0] == "z3" for module in imports(path)), name


def test_only_the_graph_engine_knows_arrays() -> None:
    for path, name in zip(MODULES, IDS, strict=True):
        if not name.startswith("engines/graph/"):
            assert not any(module.split(".")[0] == "numpy" for module in imports(path)), name


def test_only_the_drawing_knows_graphs_of_others() -> None:
    for path, name in zip(MODULES, IDS, strict=True):
        if name != "export/drawing.py":
            assert not any(module.split(".")[0] == "networkx" for module in imports(path)), name


def test_the_two_engines_share_nothing() -> None:
    for one, other in (("graph", "events"), ("graph", "induction"), ("events", "graph")):
        for path, name in zip(MODULES, IDS, strict=True):
            if name.startswith(f"engines/{one}/"):
                assert not any(module.startswith(f"verifier.engines.{other}") for module in imports(path)), name


def test_only_the_language_knows_the_parser() -> None:
    for path, name in zip(MODULES, IDS, strict=True):
        if not name.startswith("language/"):
            assert not any(module.split(".")[0] == "lark" for module in imports(path)), name


def code_tokens(path: Path) -> Iterator[tuple[int, str]]:
    """Names and texts of a file with their lines, without comments and docstrings: those may give examples."""
    source = path.read_text("utf-8")
    docstrings = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            docstrings.add(node.lineno)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME or (token.type == tokenize.STRING and token.start[0] not in docstrings):
            yield token.start[0], token.string


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_no_word_of_kubernetes_outside_its_package(path: Path) -> None:
    relative = path.relative_to(PACKAGE)
    if relative.parts[0] == "manifests":
        return
    for line, text in code_tokens(path):
        for allowed in MENTIONS_ALLOWED.get(str(relative), ()):
            text = text.replace(allowed, "")
        assert not KUBERNETES.search(text), f"{relative}:{line}: {text}"


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_no_machine_of_a_model_is_named(path: Path) -> None:
    if path.relative_to(PACKAGE).parts[0] == "manifests":  # kinds of the API have the same names
        return
    world = shipped_world()
    named = {*world.machine_nodes, *world.view_nodes}
    assert {"Process", "Rules"} <= named
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert node.value not in named, f"{path}:{node.lineno}: {node.value!r}"


def test_views_compute_no_verdict() -> None:
    """They import neither engine nor interpreter, and of the analysis only the types of its results."""
    for name in VIEWS:
        for node in ast.walk(ast.parse((PACKAGE / name).read_text("utf-8"))):
            if not isinstance(node, ast.ImportFrom) or node.module is None:
                continue
            assert not node.module.startswith(("verifier.engines", "verifier.interpreter", "verifier.system")), name
            if node.module.startswith("verifier.analysis"):
                module = importlib.import_module(node.module)
                for alias in node.names:
                    found = getattr(module, alias.name)
                    assert inspect.isclass(found), f"{name} imports {alias.name}"
                    assert issubclass(found, Enum) or hasattr(found, "__dataclass_fields__"), alias.name


def test_engines_print_nothing() -> None:
    for path, name in zip(MODULES, IDS, strict=True):
        if name.split("/")[0] in ("engines", "export", "system", "analysis", "language") or name == "interpreter.py":
            assert "click" not in imports(path), name
            calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
            assert not [c.lineno for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"], name


def test_modules_stay_short() -> None:
    for path, name in zip(MODULES, IDS, strict=True):
        lines = len(path.read_text("utf-8").splitlines())
        assert lines <= LINES_MAX or name in LONGER, f"{name} has {lines} lines"
    for name in LONGER:
        lines = len((PACKAGE / name).read_text("utf-8").splitlines())
        assert lines > LINES_MAX, f"{name} is short again: take it off the list"
