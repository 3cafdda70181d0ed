"""Files -> programs: the front end's one entrance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from verifier.language import syntax as s
from verifier.language.declare import check_models
from verifier.language.diagnostics import Collector, Diagnostic, arranged, nearest
from verifier.language.parse import Parsed, parse
from verifier.language.program import Program, Span
from verifier.language.scenario import Reader
from verifier.language.steps import Steps
from verifier.language.workloads import programs
from verifier.records import dataclass
from verifier.resources import resource

SIZE_BYTES_MAX = 2_000_000
SHIPPED_FOLDER = "models"


@dataclass(frozen=True, slots=True)
class Loaded:
    """`programs`: (scenario file, program), one a workload, of the files without mistakes. `sources`: the text of each
    file that was read, for messages."""

    programs: tuple[tuple[str, Program], ...]
    diagnostics: tuple[Diagnostic, ...]
    sources: dict[str, str]


class Files:
    """Reads and parses each file once. `overlay`: texts that take the place of files (an editor's, a test's)."""

    def __init__(self, overlay: Mapping[str, str], report: Collector) -> None:
        self.overlay = overlay
        self.report = report
        self.sources: dict[str, str] = {}
        self.parsed: dict[str, Parsed] = {}
        self.shown: dict[Path, str] = {}
        self.folder = Path()

    def read(self, file: str, span: Span, *, scenario: bool) -> Parsed | None:
        """The parsed file, or None with a diagnostic at `span`."""
        if file in self.parsed:
            return self.parsed[file]
        text = self.overlay[file] if file in self.overlay else self._text(file, span)
        if text is None:
            return None
        self.sources[file] = text
        try:
            found = parse(text, file, scenario=scenario)
        except RecursionError:
            found = Parsed(None, (_too_deep(file),), frozenset())
        self.report.found.extend(found.diagnostics)
        self.report.damaged |= found.damaged
        self.parsed[file] = found
        return found

    def _text(self, file: str, span: Span) -> str | None:
        try:
            path = Path(file)
            if path.is_dir():
                self.report.add("HL107", span, f"{file} is a folder, not a file", fix="name a file in it")
                return None
            with path.open("rb") as stream:
                data = stream.read(SIZE_BYTES_MAX + 1)
            if len(data) > SIZE_BYTES_MAX:
                self.report.add("HL107", span, f"{file} is larger than {SIZE_BYTES_MAX // 1_000_000} MB")
                return None
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            self.report.add(
                "HL107", span, f"{file} is no text: byte {error.start} is not UTF-8", fix="save it as UTF-8"
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "no such file"
            self.report.add("HL107", span, f"{file} cannot be read: {reason}")
        return None

    def module(self, use: s.Use) -> str | None:
        """The file that `use` names: beside the file that uses it, beside the one that everything began with, or one
        of those that come with hitless.
        """
        for folder in (Path(use.span.file).parent, self.folder):
            beside = str(folder / f"{use.path}.model")
            if beside in self.overlay or Path(beside).is_file():
                return beside
        models = resource(SHIPPED_FOLDER)
        shipped = models / f"{use.path}.model"
        if shipped.is_file():
            return _shown(shipped)
        known = [str(path.relative_to(models).with_suffix("")) for path in sorted(models.rglob("*.model"))]
        near = nearest(use.path, known)
        tail = [name for name in known if name.rpartition("/")[2] == use.path.rpartition("/")[2]]
        fix = f"write `use {tail[0] if tail else near}`" if near or tail else f"put {use.path}.model beside this file"
        self.report.incomplete = True
        self.report.add("HL108", use.span, f"there is no model `{use.path}`", fix=fix)
        return None


def shipped_models() -> tuple[s.Model, ...]:
    """All models that come with hitless, parsed; a broken one is left out."""
    trees = []
    for path in sorted(resource(SHIPPED_FOLDER).rglob("*.model")):
        tree = parse(path.read_text("utf-8"), _shown(path), scenario=False).tree
        if isinstance(tree, s.Model):
            trees.append(tree)
    return tuple(trees)


def _shown(path: Path) -> str:
    """`path` from here, where that is shorter to read."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def load(paths: Iterable[str | Path], overlay: Mapping[str, str] | None = None) -> Loaded:
    """Reads scenarios (and models, which are then only checked) and everything they use. Never raises on bad input."""
    found: list[tuple[str, Program]] = []
    diagnostics: list[Diagnostic] = []
    sources: dict[str, str] = {}
    for path in dict.fromkeys(str(path) for path in paths):
        report = Collector()
        files = Files(overlay or {}, report)
        try:
            made = _load_one(path, files, report)
        except RecursionError:
            made = []
            report.found.append(_too_deep(path))
        sources.update(files.sources)
        diagnostics += report.found
        if not report.found:
            found += [(path, program) for program in made]
    return Loaded(tuple(found), arranged(diagnostics), sources)


def _too_deep(file: str) -> Diagnostic:
    return Diagnostic(
        "HL106", Span(file, 1, 1, 1, 2), "an expression is nested too deep", fix="name parts of it with `let`"
    )


def _load_one(path: str, files: Files, report: Collector) -> list[Program]:
    scenario = not path.endswith(".model")
    top = files.read(path, Span(path, 1, 1, 1, 2), scenario=scenario)
    if top is None or top.tree is None:
        return []
    models = models_used_by(path, top, files)
    world = check_models(models.values(), report)
    if not isinstance(top.tree, s.Scenario) or (not top.tree.items and top.diagnostics):
        return []
    reader = Reader(world, Steps(world), files.sources[path], report)
    return programs(top.tree, world, reader, path)


def models_used_by(path: str, top: Parsed, files: Files) -> dict[str, s.Model]:
    """All models that `top` uses, and those use, each once, in the order of use; with itself if it is one."""
    models: dict[str, s.Model] = {}
    files.folder = Path(path).parent
    waiting: list[tuple[str, Parsed]] = [(path, top)]
    seen = {path}
    while waiting:
        name, parsed = waiting.pop(0)
        if isinstance(parsed.tree, s.Model):
            models[name] = parsed.tree
        items: tuple[s.Declaration | s.ScenarioItem, ...] = ()
        if isinstance(parsed.tree, s.Model):
            items = parsed.tree.declarations
        elif parsed.tree is not None:
            items = parsed.tree.items
        for use in items:
            file = files.module(use) if isinstance(use, s.Use) else None
            if file is None or file in seen:
                continue
            seen.add(file)
            assert isinstance(use, s.Use)
            used = files.read(file, use.span, scenario=False)
            if used is None or used.tree is None:
                files.report.incomplete = True
            if used is not None:
                waiting.append((file, used))
    return models
