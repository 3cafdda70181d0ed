"""What `hitless explain TOPIC` knows: codes of diagnostics, settings, blocks, checks, and the words of the models."""

from __future__ import annotations

from functools import cache

from verifier.language import program as p
from verifier.language.catalogue import CATALOGUE
from verifier.language.declare import check_models
from verifier.language.diagnostics import Collector, nearest
from verifier.language.evaluate import Unknown, evaluate
from verifier.language.load import shipped_models
from verifier.language.names import native
from verifier.language.program import Span
from verifier.language.scope import World
from verifier.language.text import value_text
from verifier.records import dataclass
from verifier.resources import shown


@dataclass(frozen=True, slots=True)
class Explanation:
    """One topic. `facts`: (label, text) in the order to show; `listing`: (topic, one line) of what belongs to it."""

    topic: str
    kind: str  # "diagnostic", "setting", "block", "check"
    title: str
    text: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    listing: tuple[tuple[str, str], ...] = ()
    wrong: str = ""
    right: str = ""
    span: Span | None = None


def explain(topic: str, world: World | None = None) -> Explanation | None:
    """Explains a code (`HL301`), a setting (`block.name`, or `name` if only one has it), a block or a check."""
    entry = CATALOGUE.get(topic.upper())
    if entry is not None:
        return Explanation(entry.code, "diagnostic", entry.title, entry.text, wrong=entry.wrong, right=entry.right)
    world = world or shipped_world()
    if topic in world.settings:
        return _setting(world.settings[topic], world)
    if topic in world.headers:
        return _block(topic, world)
    if topic in world.checks:
        return _check(world.checks[topic])
    ends = [path for path in (*world.settings, *world.headers) if path.rpartition(".")[2] == topic]
    if len(ends) == 1:
        return explain(ends[0], world)
    if ends:
        listing = tuple((path, _one_line(path, world)) for path in ends)
        return Explanation(topic, "block", f"{topic} is several things", listing=listing)
    return None


def suggestions(topic: str, world: World | None = None) -> tuple[str, ...]:
    """The nearest topics to an unknown one, at most three: by the whole name, then by its last part."""
    known = topics(world)
    spelt = native(topic, {name.rpartition(".")[2] for name in known})
    if spelt is not None:
        return tuple(name for name in known if name.rpartition(".")[2] == spelt[0])
    found: list[str] = []
    for part in (0, 2):
        left = {name.rpartition(".")[2] if part else name: name for name in known if name not in found}
        while len(found) < 3 and (near := nearest(topic, left)):
            found.append(left.pop(near))
    return tuple(found)


def topics(world: World | None = None) -> tuple[str, ...]:
    """Every topic, sorted."""
    world = world or shipped_world()
    return tuple(sorted({*CATALOGUE, *world.settings, *world.headers, *world.checks}))


@cache
def shipped_world() -> World:
    """The models that come with hitless, all together."""
    return check_models(shipped_models(), Collector())


def kind_text(setting: p.Setting) -> str:
    """`none | waits(duration)`, `window`, ..."""
    if setting.kind != "choice":
        return setting.kind
    return " | ".join(f"{word}({payload})" if payload else word for word, payload in setting.choices)


def default_text(setting: p.Setting, world: World) -> str:
    """The default as a value; as `computed` with its place if it depends on other settings that have none."""
    if setting.default is None:
        return "none: it has to be given"
    program = p.Program("", world.settings, world.blocks, {}, frozenset(), world.indices, {}, {}, {}, {}, (), ())
    classes = world.classes(setting.per) if setting.per else ()
    try:
        return value_text(evaluate(setting.default, program, {"*": classes[0]} if classes else {}))
    except Unknown as error:
        return f"that of {error}"


def _setting(setting: p.Setting, world: World) -> Explanation:
    facts = [("type", kind_text(setting)), ("default", default_text(setting, world))]
    if setting.per is not None:
        facts.append(("one value for each class of", setting.per))
    if setting.source:
        facts.append(("source", setting.source))
    facts.append(("declared", _place(setting.span)))
    return Explanation(setting.path, "setting", setting.doc, facts=tuple(facts), span=setting.span)


def _block(path: str, world: World) -> Explanation:
    header = world.headers[path]
    listing = [(name, _one_line(name, world)) for name in world.settings if name.rpartition(".")[0] == path]
    listing += [(name, _one_line(name, world)) for name in world.headers if _parent(name, world) == path]
    facts = [("stands in", _parent(path, world) or "the scenario")]
    if header.optional:
        facts.append(("optional", "it may be `none`"))
    facts.append(("declared", _place(header.span)))
    return Explanation(path, "block", header.doc, facts=tuple(facts), listing=tuple(listing), span=header.span)


def _parent(path: str, world: World) -> str:
    return world.headers[path].inside or path.rpartition(".")[0]


def _check(group: p.CheckGroup) -> Explanation:
    argument = (("asked as", f"verify {group.name} >= {group.parameter}"),) if group.parameter else ()
    listing = tuple((part.name, part.text) for part in group.parts)
    return Explanation(
        group.name,
        "check",
        group.doc,
        facts=(*argument, ("declared", _place(group.span))),
        listing=listing,
        span=group.span,
    )


def _one_line(path: str, world: World) -> str:
    setting = world.settings.get(path)
    return setting.doc if setting is not None else world.headers[path].doc


def _place(span: Span) -> str:
    return f"{shown(span.file)}:{span.line}"
