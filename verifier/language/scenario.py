"""Blocks of a scenario -> what is said of each setting: names found, values typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from verifier.language import program as p
from verifier.language import syntax as s
from verifier.language.diagnostics import Collector, nearest
from verifier.language.kinds import listed
from verifier.language.names import native
from verifier.language.program import Span
from verifier.language.scope import Scope, World
from verifier.language.terms import Terms
from verifier.records import dataclass

RUNNING = "running"  # the block that says what the members of the first class have


@dataclass(slots=True)
class Said:
    """What the blocks of one place say: values by setting path, optional blocks that are there, and that are `none`."""

    values: dict[str, p.Given] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)  # of the names of settings and of blocks
    given: dict[str, Span] = field(default_factory=dict)
    off: dict[str, Span] = field(default_factory=dict)


class Reader:
    """Reads blocks against the schema. `text`: the scenario's source, from which values are quoted."""

    def __init__(self, world: World, terms: Terms, text: str, report: Collector) -> None:
        self.world = world
        self.terms = terms
        self.lines = text.split("\n")
        self.report = report
        self.children: dict[str, dict[str, str]] = {}  # block path -> name of a nested block -> its path
        for path, header in world.headers.items():
            parent, _, name = path.rpartition(".")
            self.children.setdefault(header.inside or parent, {})[name if parent else path] = path
        self.entries: dict[str, dict[str, str]] = {}  # block path -> name of a setting -> its path
        for path in world.settings:
            block, _, name = path.rpartition(".")
            self.entries.setdefault(block, {})[name] = path

    def read(self, block: s.BlockNode, path: str, said: Said) -> None:
        """One block and what is nested in it."""
        for entry in block.entries:
            match entry:
                case s.Assignment():
                    self._assignment(entry, path, said)
                case s.Switch():
                    self._switch(entry, path, said)
                case s.BlockNode():
                    nested = self._nested(entry, path)
                    if nested is not None and self._enter(entry.name, nested, said):
                        self.read(entry, nested, said)

    def read_running(self, block: s.BlockNode, said: Said) -> None:
        """The block of what runs now: settings with a value a class, by their own names."""
        entries, children = self.per_class()
        for entry in block.entries:
            name = entry.name.text
            owners = (
                children.get(name, []) if not isinstance(entry, s.Assignment) or name not in entries else entries[name]
            )
            top = isinstance(entry, s.BlockNode) and name in self.world.headers and not owners
            if top and isinstance(entry, s.BlockNode):
                self.read(entry, name, said)
                continue
            if len(owners) > 1:
                fix = f"write `{owners[0].split('.')[0]} {{ {name} .. }}`"
                self.report.add("HL209", entry.name.span, f"`{name}` is in {listed(sorted(owners))}", fix=fix)
            elif not owners:
                self._unknown(entry, RUNNING, {**entries, **children})
            else:
                parent = owners[0].rpartition(".")[0]
                self.read(s.BlockNode(block.name, block.label, (entry,), block.span), parent, said)

    def per_class(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Settings and optional blocks with a value a class, by their last name."""
        entries: dict[str, list[str]] = {}
        children: dict[str, list[str]] = {}
        for path, setting in self.world.settings.items():
            if setting.per is not None and setting.block is None:
                entries.setdefault(path.rpartition(".")[2], []).append(path)
        for path, block in self.world.blocks.items():
            if block.per is not None:
                children.setdefault(path.rpartition(".")[2], []).append(path)
        return entries, children

    # -- entries -------------------------------------------------------------------------------------------------------

    def _enter(self, name: s.Name, path: str, said: Said) -> bool:
        """Whether the block is new here."""
        if path in said.given or path in said.off:
            first = said.given.get(path) or said.off[path]
            self.report.add(
                "HL402",
                name.span,
                f"`{name.text}` is given twice",
                fix="remove one",
                secondary=((first, "first here"),),
            )
            return False
        said.given[path] = name.span
        said.places.setdefault(path, name.span)
        return True

    def _switch(self, entry: s.Switch, path: str, said: Said) -> None:
        block = self.children.get(path, {}).get(entry.name.text)
        if block is None and entry.name.text in self.entries.get(path, {}):
            fix = f"write `{entry.name.text} = {entry.word.text}`"
            self.report.add("HL101", entry.span, "a value is given with `=`", fix=fix)
        elif block is None:
            self._unknown(entry, path, {})
        elif entry.word.text != "none":
            fix = f"write `{entry.name.text} {{ .. }}`, or `{entry.name.text} none`"
            self.report.add("HL101", entry.word.span, f"`{entry.word.text}` cannot stand here", fix=fix)
        else:
            self._turn_off(entry.name, block, said)

    def _turn_off(self, name: s.Name, path: str, said: Said) -> None:
        if path not in self.world.blocks:
            self.report.add(
                "HL405", name.span, f"`{name.text}` cannot be left out", fix=f"write `{name.text} {{ .. }}`"
            )
            return
        first = said.given.get(path) or said.off.get(path)
        if first is not None:
            self.report.add(
                "HL402",
                name.span,
                f"`{name.text}` is given twice",
                fix="remove one",
                secondary=((first, "first here"),),
            )
        said.off[path] = name.span
        said.places.setdefault(path, name.span)

    def _assignment(self, entry: s.Assignment, path: str, said: Said) -> None:
        name = entry.name.text
        found = self.entries.get(path, {}).get(name)
        block = self.children.get(path, {}).get(name)
        if found is None and block is not None:
            if isinstance(entry.value, s.Reference) and entry.value.path == "none":
                self._turn_off(entry.name, block, said)
            else:
                self.report.add("HL209", entry.name.span, f"`{name}` is a block", fix=f"write `{name} {{ .. }}`")
            return
        if found is None:
            self._unknown(entry, path, {})
            return
        if found in said.values:
            secondary = ((said.places[found], "first here"),)
            self.report.add("HL402", entry.name.span, f"`{name}` is given twice", fix="remove one", secondary=secondary)
            return
        setting = self.world.settings[found]
        said.values[found] = self._given(entry, setting)
        said.places[found] = entry.name.span

    def _given(self, entry: s.Assignment, setting: p.Setting) -> p.Given:
        scope = Scope(scenario=True, scenario_class="it" if setting.per else None)
        value = self.terms.static(entry.value, scope, setting.kind, setting.choices)
        typical = None
        if entry.typical is not None:
            typical = self.terms.static(entry.typical, scope, setting.kind, setting.choices)
        return p.Given(value, entry.value.span, self.quote(entry.value.span), entry.because, entry.assumed, typical)

    def quote(self, span: Span) -> str:
        """The text of `span`, on one line."""
        lines = self.lines[span.line - 1 : span.end_line]
        if not lines:
            return ""
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return " ".join(line.strip() for line in lines)

    # -- unknown names -------------------------------------------------------------------------------------------------

    def _nested(self, entry: s.BlockNode, path: str) -> str | None:
        """The path of a nested block; one that is only spelt otherwise is read all the same."""
        name = entry.name.text
        found = self.children.get(path, {}).get(name)
        if found is None and name in self.entries.get(path, {}):
            self.report.add("HL209", entry.name.span, f"`{name}` is a value", fix=f"write `{name} = ...`")
        elif found is None:
            self._unknown(entry, path, {})
            spelt = native(name, self.children.get(path, {}))
            found = self.children[path][spelt[0]] if spelt is not None else None
        return found

    def _unknown(self, entry: s.Assignment | s.Switch | s.BlockNode, path: str, more: Mapping[str, object]) -> None:
        """A name that the block does not know: spelt as elsewhere, of another block, or a slip."""
        name, span = entry.name.text, entry.name.span
        known = {*self.entries.get(path, {}), *self.children.get(path, {}), *more}
        shown = path.rpartition(".")[2]
        value = self.quote(entry.value.span) if isinstance(entry, s.Assignment) else ""
        spelt = native(name, known)
        if spelt is not None:
            self.report.add("HL210", span, f"`{name}` is spelt otherwise here", fix=self._written(path, *spelt, value))
            return
        if isinstance(entry, s.BlockNode) and (name == RUNNING or name in self.children.get("", {})):
            fix = f"close `{shown}` with `}}` before it"
            self.report.add("HL209", span, f"`{name}` stands on its own, not inside `{shown}`", fix=fix)
            return
        owner = self._owner(name, path)
        if owner is not None and (owner[1] == name or nearest(name, known) is None):
            fix = f"write `{owner[1]}` in `{owner[0]}`"
            self.report.add("HL209", span, f"`{name}` does not belong to `{shown}`", fix=fix)
            return
        what = "there is no block" if isinstance(entry, s.BlockNode) else f"`{shown}` has no"
        self.report.unknown("HL202", span, what, name, known)

    def _owner(self, name: str, path: str) -> tuple[str, str] | None:
        """(another block that knows `name`, the name there)."""
        for block in self.world.headers:
            names = {*self.entries.get(block, {}), *self.children.get(block, {})}
            spelt = native(name, names)
            if block != path and (name in names or spelt is not None):
                return block, spelt[0] if spelt is not None else name
        return None

    def _written(self, path: str, name: str, unit: str, value: str) -> str:
        setting = self.world.settings.get(f"{path}.{name}")
        if setting is None:
            return f"write `{name} {{ .. }}`" if name in self.children.get(path, {}) else f"write `{name}`"
        if setting.kind in ("duration", "window") and value.isdigit():
            value += unit or "s"
        return f"write `{name} = {value or '...'}`"
