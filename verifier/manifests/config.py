"""`hitless.toml`: what no manifest says, written once beside the files."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verifier.language.diagnostics import Collector, nearest
from verifier.language.program import Span, Version

FILE = "hitless.toml"
_TOP = {"kubernetes", "on", "app", "workload", "cluster"}


@dataclass(frozen=True, slots=True)
class Said:
    """One value and its place."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Config:
    """`app`: for every workload; `workloads`: by `namespace/name` or `name`; `cluster`: settings of the platform."""

    kubernetes: Said | None = None
    on: Said | None = None
    app: dict[str, Said] = field(default_factory=dict)
    workloads: dict[str, dict[str, Said]] = field(default_factory=dict)
    cluster: dict[str, Said] = field(default_factory=dict)


def read_config(path: Path, report: Collector) -> Config:
    """The configuration of a folder; an empty one where there is no file. Mistakes go to `report`."""
    file = str(path)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        report.add("HL107", Span(file, 1, 1, 1, 2), f"{file} cannot be read: {reason}")
        return Config()
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+), column (\d+)", str(error))
        line, column = (int(at[1]), int(at[2])) if at else (1, 1)
        report.add(
            "HL462", Span(file, line, column, line, column + 1), f"this is no TOML: {str(error).partition(' (at')[0]}"
        )
        return Config()
    return _Reading(file, text, report).config(found)


class _Reading:
    def __init__(self, file: str, text: str, report: Collector) -> None:
        self.file, self.lines, self.report = file, text.split("\n"), report

    def config(self, found: dict[str, Any]) -> Config:
        for name in found:
            if name not in _TOP:
                near = nearest(name, _TOP)
                fix = f"write `{near}`" if near else f"one of: {', '.join(sorted(_TOP))}"
                self.report.add("HL462", self.place(name), f"hitless.toml has no `{name}`", fix=fix)
        workloads = found.get("workload", {})
        if not isinstance(workloads, dict) or not all(isinstance(each, dict) for each in workloads.values()):
            self.report.add(
                "HL462", self.place("workload"), "`workload` is a table of tables", fix='write `[workload."shop/web"]`'
            )
            workloads = {}
        return Config(
            self.text(found, "kubernetes"),
            self.text(found, "on"),
            self.table(found.get("app", {}), "app"),
            {name: self.table(each, name) for name, each in workloads.items()},
            self.table(_flat(found.get("cluster", {})), "cluster"),
        )

    def text(self, table: dict[str, Any], name: str) -> Said | None:
        return self.table({name: table[name]}, "").get(name) if name in table else None

    def table(self, values: Any, of: str) -> dict[str, Said]:
        if not isinstance(values, dict):
            self.report.add("HL462", self.place(of), f"`{of}` is a table", fix=f"write `[{of}]` on a line of its own")
            return {}
        made = {}
        for name, value in values.items():
            if not isinstance(value, str):
                fix = f'write `{name} = "{value}s"`' if isinstance(value, int) else f'write `{name} = ".."`'
                self.report.add("HL462", self.place(name), f"`{name}` is a text", fix=fix)
            else:
                made[name] = Said(value, self.place(name))
        return made

    def place(self, name: str) -> Span:
        """The first line that gives `name`: TOML's parser keeps no places."""
        last = name.rpartition(".")[2]
        wanted = re.compile(rf"\s*\[?[\w.\"]*\b{re.escape(last)}\b")
        for i, line in enumerate(self.lines, 1):
            if wanted.match(line):
                return Span(self.file, i, len(line) - len(line.lstrip()) + 1, i, len(line) + 1)
        return Span(self.file, 1, 1, 1, 2)


def _flat(values: Any, above: str = "") -> Any:
    """`{a: {b: c}}` as `{"a.b": c}`."""
    if not isinstance(values, dict):
        return values
    found: dict[str, Any] = {}
    for name, value in values.items():
        inner = _flat(value, f"{above}{name}.")
        found |= inner if isinstance(value, dict) else {f"{above}{name}": value}
    return found


def config_version(said: Said | None) -> Version | None:
    """`1.29` or `v1.29`."""
    if said is None:
        return None
    parts = said.value.lstrip("v").split(".")
    return (
        Version(int(parts[0]), int(parts[1])) if len(parts) >= 2 and parts[0].isdigit() and parts[1].isdigit() else None
    )
