"""What the API server refuses by type: Kubernetes' own strict schemas of one version, walked over placed nodes.

The schemas come with the package `kubernetes-validate`; only its files are used, and of those only the kinds seen.
The walk is written here because it has to point into the manifest, to say nothing of secrets, and to be quick for a
thousand objects; of JSON Schema it knows what these schemas use.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from verifier.language.diagnostics import Collector, nearest
from verifier.language.program import Version
from verifier.manifests.nodes import Node

# Where people keep secrets: a message about such a place quotes nothing of it.
SECRET_KEYS = frozenset({"env", "args", "data", "stringData", "annotations", "httpHeaders", "binaryData"})

# Kinds whose fields hitless reads; the folder's file of each is `KIND-GROUP-VERSION.json`.
_NAMES = {
    "integer": "a number",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_UNCHECKED = ("status",)


@cache
def _folder() -> Path | None:
    """The folder of all versions; the package itself is not imported, which would take longer than the check."""
    spec = find_spec("kubernetes_validate")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        folder = Path(place) / "kubernetes-json-schema"
        if folder.is_dir():
            return folder
    return None


@cache
def versions() -> tuple[Version, ...]:
    """Versions there are schemas of, oldest first."""
    folder = _folder()
    names = [path.name for path in folder.glob("v*-local-strict")] if folder is not None else []
    return tuple(sorted(Version(*map(int, name[1:].split(".")[:2])) for name in names))


@cache
def _schemas(version: Version) -> Path | None:
    """The folder of the newest version that is not newer than `version`, or of the oldest there is."""
    folder, known = _folder(), versions()
    if folder is None or not known:
        return None
    chosen = max((v for v in known if v <= version), default=known[0])
    return folder / f"v{chosen.major}.{chosen.minor}.0-local-strict"


@cache
def _definitions(version: Version) -> dict[str, Any]:
    folder = _schemas(version)
    assert folder is not None
    found: dict[str, Any] = json.loads((folder / "_definitions.json").read_bytes())["$defs"]
    return found


@cache
def _schema(kind: str, api_version: str, version: Version) -> dict[str, Any] | None:
    """The schema of a kind; None if this version of Kubernetes does not have it."""
    folder = _schemas(version)
    if folder is None:
        return None
    group, _, number = api_version.rpartition("/")
    name = f"{kind.lower()}-{group.split('.')[0]}-{number}" if group else f"{kind.lower()}-{number}"
    try:
        found: dict[str, Any] = json.loads((folder / f"{name}.json").read_bytes())
    except OSError:
        return None
    return found


def known(kind: str, api_version: str, version: Version) -> bool:
    return _schema(kind, api_version, version) is not None


def check(root: Node, kind: str, api_version: str, version: Version, report: Collector) -> None:
    """Reports each field of `root` that the API server of that version does not take."""
    schema = _schema(kind, api_version, version)
    if schema is None:
        return
    walk = _Walk(version, report)
    for name, entry in root.entries().items():
        if name in ("apiVersion", "kind", *_UNCHECKED):
            continue
        known_field = schema["properties"].get(name)
        if known_field is None:
            walk.unknown(name, entry.key_span, schema["properties"], ())
        else:
            walk.node(entry.node, known_field, (name,))
    walk.required(root, schema, ())


class _Walk:
    def __init__(self, version: Version, report: Collector) -> None:
        self.version, self.report = version, report

    def node(self, node: Node, schema: dict[str, Any], path: tuple[str, ...]) -> None:
        schema = self._followed(schema)
        if node.value is None or not schema:
            return
        alternatives = schema.get("oneOf") or schema.get("anyOf")
        if alternatives:
            if not any(_fits(node, self._followed(each)) for each in alternatives):
                self._type(node, [t for each in alternatives for t in _types(self._followed(each))], path)
            return
        types = _types(schema)
        if types and not _fits(node, schema):
            self._type(node, types, path)
        elif "enum" in schema and node.value not in schema["enum"]:
            words = ", ".join(str(word) for word in schema["enum"] if word is not None)
            self._add(node, f"{dotted(path)} is one of: {words}", path)
        elif isinstance(node.value, dict):
            self._mapping(node, schema, path)
        elif type(node.value) is tuple and "items" in schema:
            for i, member in enumerate(node.value):
                self.node(member, schema["items"], (*path[:-1], f"{path[-1]}[{i}]"))

    def _mapping(self, node: Node, schema: dict[str, Any], path: tuple[str, ...]) -> None:
        fields = schema.get("properties", {})
        more = schema.get("additionalProperties", True)
        for name, entry in node.entries().items():
            if name in fields:
                self.node(entry.node, fields[name], (*path, name))
            elif isinstance(more, dict):
                self.node(entry.node, more, (*path, name))
            elif more is False:
                self.unknown(name, entry.key_span, fields, path)
        self.required(node, schema, path)

    def required(self, node: Node, schema: dict[str, Any], path: tuple[str, ...]) -> None:
        for name in schema.get("required", ()):
            if node.get(name) is None:
                where = dotted(path) or "this object"
                self.report.add("HL431", node.head, f"{where} has no `{name}`", fix=f"add `{name}: ..`")

    def unknown(self, name: str, span: Any, fields: dict[str, Any], path: tuple[str, ...]) -> None:
        near = nearest(name, fields)
        fix = f"write `{near}`" if near else "remove it"
        self.report.add("HL430", span, f"unknown field {dotted((*path, name))}", fix=fix)

    def _type(self, node: Node, types: list[str], path: tuple[str, ...]) -> None:
        wanted = " or ".join(dict.fromkeys(_NAMES.get(t, t) for t in types if t != "null"))
        fix = ""
        scalar = isinstance(node.value, (int, float, bool))
        if "string" in types and scalar and not _secret(path):
            fix = f'write "{_written(node.value)}", with quotation marks'
        elif "string" in types and scalar:
            fix = "put it in quotation marks"
        elif isinstance(node.value, str) and node.quoted and "integer" in types:
            fix = "remove the quotation marks"
        self._add(node, f"{dotted(path)} is {wanted}, not {node.kind}", path, fix)

    def _add(self, node: Node, message: str, path: tuple[str, ...], fix: str = "") -> None:
        self.report.add("HL432", node.head, message, fix=fix)

    def _followed(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = _definitions(self.version)[schema["$ref"].rpartition("/")[2]]
        return schema


def _types(schema: dict[str, Any]) -> list[str]:
    found = schema.get("type", [])
    return [found] if isinstance(found, str) else list(found)


def _fits(node: Node, schema: dict[str, Any]) -> bool:
    match node.value:
        case None:
            wanted = {"null"}
        case bool():
            wanted = {"boolean"}
        case int():
            wanted = {"integer", "number"}
        case float():
            wanted = {"number"}
        case str():
            wanted = {"string"}
        case tuple():
            wanted = {"array"}
        case _:
            wanted = {"object"}
    types = _types(schema)
    return not types or bool(wanted & set(types)) or node.value is None


def dotted(path: tuple[str, ...]) -> str:
    """`spec.template.spec.containers[0].image`; a key with dots in brackets."""
    return "".join(f"[{part}]" if "." in part or "/" in part else f".{part}" for part in path).lstrip(".")


def _secret(path: tuple[str, ...]) -> bool:
    return any(part.partition("[")[0] in SECRET_KEYS for part in path)


def _written(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
