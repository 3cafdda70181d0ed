"""Arguments of the command line -> cases, findings and counts: the one entrance to manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from verifier.language.diagnostics import Collector, Diagnostic, arranged, nearest
from verifier.language.program import Span, Version
from verifier.manifests import schema
from verifier.manifests.cases import Case, Options, cases_of
from verifier.manifests.config import FILE, Config, config_version, read_config
from verifier.manifests.events import ROLLOUT
from verifier.manifests.files import STDIN, revision_texts, texts
from verifier.manifests.findings import warn
from verifier.manifests.nodes import Document, Node
from verifier.manifests.objects import Objects, objects_of
from verifier.manifests.platforms import names as profile_names
from verifier.manifests.reader import read
from verifier.manifests.rules import refused
from verifier.manifests.selection import select
from verifier.manifests.suppressions import Suppression, suppressions_of

NEWEST = Version(1, 36)
# Codes that say that something was not read or would be refused; the others warn.
_ERRORS = ("HL1", "HL2", "HL3", "HL42", "HL43", "HL46")
_NOTICES = frozenset({"HL426", "HL427"})


@dataclass(frozen=True, slots=True)
class Ask:
    """What the command line asks for. `old`: an older state of the same files, or a revision of git."""

    files: tuple[str, ...]
    on: str | None = None
    version_given: str | None = None
    old: str | None = None
    events: tuple[str, ...] = (ROLLOUT,)


@dataclass(frozen=True, slots=True)
class Manifests:
    """Everything read. `sources`: for excerpts, without the lines where people keep secrets."""

    cases: tuple[Case, ...]
    errors: tuple[Diagnostic, ...]
    warnings: tuple[Diagnostic, ...]
    suppressed: tuple[tuple[Diagnostic, Suppression], ...]
    read: int
    ignored: dict[str, int]
    without_service: tuple[str, ...]
    version: str
    sources: dict[str, str]
    events: tuple[str, ...] = (ROLLOUT,)

    @property
    def events_named(self) -> bool:
        """Was anything asked about but the event that is looked at if none is named?"""
        return self.events != (ROLLOUT,)


def load(ask: Ask) -> Manifests:
    """Reads, checks and pairs. Never raises on bad input."""
    report = Collector()
    files = list(texts(ask.files, report))
    config = _config(ask.files, report)
    options = _options(ask, config, report)
    before = _old_documents(ask, report)
    said = ask.version_given or config.kubernetes
    objects, version, documents = _objects(files, options.kubernetes, said, before or [], report)
    told = said is not None or any(_node_version(n) for d in (*documents, *(before or [])) for n in _nodes(d.root))
    options = Options(options.on, version, options.told_at, config, ask.events, told)
    old = objects_of(before, version, report) if before is not None else None
    for found in list(objects.found.values()):
        if refused(found, report):
            del objects.found[found.key]
    ignored = suppressions_of(objects.found.values(), report)
    selection = select(objects, report)
    warn(objects, selection, report)
    cases = cases_of(objects, selection, options, old, ignored, report)
    diagnostics = arranged(report.found)
    errors = tuple(d for d in diagnostics if is_error(d))
    quiet = [(d, next((i for i in ignored if i.covers(d)), None)) for d in diagnostics if not is_error(d)]
    places = [d.span for d in diagnostics] + [place for d in diagnostics for place, _ in d.secondary]
    return Manifests(
        cases,
        errors,
        tuple(d for d, by in quiet if by is None),
        tuple((d, by) for d, by in quiet if by is not None),
        len(objects.found) + len(objects.unmodelled),
        dict(sorted(objects.ignored.items())),
        tuple(f"{a.object.kind} {a.object.namespace}/{a.object.name}" for a in selection.workloads),
        f"v{version.major}.{version.minor}",
        _excerpts(dict(files), documents, places),
        ask.events,
    )


def is_error(diagnostic: Diagnostic) -> bool:
    return diagnostic.code.startswith(_ERRORS) and diagnostic.code not in _NOTICES


def _config(files: tuple[str, ...], report: Collector) -> Config:
    """hitless.toml beside the first file that has one, else in the current folder."""
    folders = [Path(name) if Path(name).is_dir() else Path(name).parent for name in files if name != STDIN]
    for folder in (*dict.fromkeys(folders), Path()):
        if (folder / FILE).is_file():
            return read_config(folder / FILE, report)
    return Config()


def _options(ask: Ask, config: Config, report: Collector) -> Options:
    on, told_at = ask.on, Span("--kubernetes", 1, 1, 1, 2)
    if on is None and config.on is not None:
        on = config.on.value
        if on not in profile_names():
            near = nearest(on, profile_names())
            fix = f"write `{near}`" if near else f"one of: {', '.join(profile_names())}"
            report.add("HL462", config.on.span, f"there is no profile `{on}`", fix=fix)
            on = None
    given = config_version(config.kubernetes)
    if config.kubernetes is not None:
        told_at = config.kubernetes.span
        if given is None:
            report.add("HL462", told_at, "`kubernetes` is a version", fix='write `kubernetes = "1.34"`')
    asked = tuple(int(part) for part in ask.version_given.lstrip("v").split(".")[:2]) if ask.version_given else None
    version = Version(*asked) if asked else given or NEWEST
    return Options(on, version, told_at, config, ask.events)


def _objects(
    files: list[tuple[str, str]], version: Version, said: object, before: list[Document], report: Collector
) -> tuple[Objects, Version, list[Document]]:
    """The objects of all files; if nobody said a version, it is the oldest of the nodes among them or before."""
    documents: list[Document] = []
    for file, text in files:
        found, broken = read(text, file)
        documents += found
        report.found += broken
    if said is None:
        told = [v for d in documents for node in _nodes(d.root) if (v := _node_version(node))]
        told = told or [v for d in before for node in _nodes(d.root) if (v := _node_version(node))]
        version = min(told, default=version)
    return objects_of(documents, version, report), version, documents


def _nodes(root: Node) -> Iterator[Node]:
    for each in (root, *root.each("items")):
        if each.text("kind") == "Node":
            yield each


def _node_version(node: Node) -> Version | None:
    parts = node.text("status", "nodeInfo", "kubeletVersion").lstrip("v").split(".")
    return (
        Version(int(parts[0]), int(parts[1])) if len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit() else None
    )


def _old_documents(ask: Ask, report: Collector) -> list[Document] | None:
    """What runs now, if --from says it. Mistakes in it are reported too: nothing follows from something unknown."""
    if ask.old is None:
        return None
    if Path(ask.old).exists():
        files = list(texts((ask.old,), report))
    else:
        files = list(revision_texts(ask.old, ask.files, report))
    documents = []
    for file, text in files:
        found, broken = read(text, file)
        documents += found
        report.found += broken
    return documents


# -- excerpts ----------------------------------------------------------------------------------------------------------


def _excerpts(files: dict[str, str], documents: Iterable[Document], places: list[Span]) -> dict[str, str]:
    """The text of each file with only those lines that messages show, and none where people keep secrets.

    A file in which some document could not be read gives no excerpts of it: nobody knows what stands there.
    """
    wanted: dict[str, set[int]] = {}
    for span in places:
        wanted.setdefault(span.file, set()).add(span.line)
    shown: set[tuple[str, int]] = set()
    for document in documents:
        lines = wanted.get(document.file)
        if not lines:
            continue
        root = document.root
        here = {line for line in lines if root.line <= line <= root.end_line}
        if not here or root.text("kind") == "Secret":
            continue
        shown |= {(document.file, line) for line in here - _secret_lines(root)}
    made = {}
    for file, text in files.items():
        if file in wanted:
            lines_of = text.split("\n")
            made[file] = "\n".join(t if (file, i) in shown else "" for i, t in enumerate(lines_of, 1))
    return made


def _secret_lines(root: Node) -> set[int]:
    found: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        for key, entry in node.entries().items():
            if key in schema.SECRET_KEYS:
                found |= set(range(entry.line, entry.node.end_line + 1))
            else:
                waiting.append(entry.node)
        waiting += node.items()
    return found
