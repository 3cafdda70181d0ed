"""A system on paper: the JSON form of docs/semantics.md, section 6, in both directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, TypeVar

from verifier.records import dataclass
from verifier.system.ir import (
    TRUE,
    And,
    AtLeast,
    Check,
    Const,
    Expr,
    In,
    Machine,
    Not,
    Or,
    Seen,
    Step,
    System,
    View,
    at_least,
    neg,
    seen,
)
from verifier.system.wellformed import DEPTH_MAX, located

FORMAT = "hitless-system/1"
# Times beyond this are a mistake (a million years of milliseconds is not), and solvers stay exact below it.
TICKS_MAX = 10**12

Path = tuple[str | int, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A mistake in a JSON form: `path` is a JSON pointer (RFC 6901), `message` says what is wrong and what to write."""

    path: str
    message: str


# -- writing ---------------------------------------------------------------------------------------------------------


def to_json(system: System) -> dict[str, Any]:
    """The JSON form, as plain dicts and lists."""
    return {
        "format": FORMAT,
        "tick_ms": system.tick_ms,
        "machines": [{"name": m.name, "states": list(m.states), "initial": m.initial} for m in system.machines],
        "views": [{"name": v.name, "sources": list(v.sources), "stale": v.stale, **_origins(v)} for v in system.views],
        "steps": [
            {
                "name": s.name,
                "machine": s.machine,
                "source": s.source,
                "target": s.target,
                "guard": expr_to_json(s.guard),
                "lo": s.lo,
                "hi": s.hi,
                **({"label": s.label} if s.label else {}),
                **_origins(s),
            }
            for s in system.steps
        ],
        "checks": [
            {
                "name": c.name,
                "kind": c.kind,
                **({"origin": c.origin} if c.origin else {}),
                **({"covers": [expr_to_json(cover) for cover in c.covers]} if c.covers else {}),
                "when": expr_to_json(c.when),
            }
            for c in system.checks
        ],
    }


def _origins(part: View | Step) -> dict[str, Any]:
    origin = {"origin": part.origin} if part.origin else {}
    return {**origin, "rests_on": list(part.rests_on)} if part.rests_on else origin


def expr_to_json(expr: Expr) -> Any:
    """An expression alone."""
    match expr:
        case Const(value):
            return value
        case In(machine, states):
            return {"in": [machine, sorted(states)]}
        case And(parts):
            return {"and": [expr_to_json(part) for part in parts]}
        case Or(parts):
            return {"or": [expr_to_json(part) for part in parts]}
        case Not(body):
            return {"not": expr_to_json(body)}
        case AtLeast(k, parts):
            return {"at_least": [k, [expr_to_json(part) for part in parts]]}
        case Seen(view, body):
            return {"seen": [view, expr_to_json(body)]}


# -- reading ---------------------------------------------------------------------------------------------------------


def from_json(obj: object) -> System | list[Diagnosis]:
    """The system, or all the mistakes in it, in order of place; never an exception, whatever `obj` is."""
    reader = _Reader()
    system = reader.system(obj)
    for problem in located(system, frozenset(reader.unsure)):
        reader.wrong(reader.original(problem.path), problem.message)
    if reader.found:
        return sorted(set(reader.found), key=lambda diagnosis: (_natural(diagnosis.path), diagnosis.message))
    return _shared(system)


def _natural(pointer: str) -> list[tuple[int, str]]:
    """Order of place: numbers as numbers."""
    return [(int(part), "") if part.isdecimal() and len(part) < 10 else (-1, part) for part in pointer.split("/")]


def _shared(system: System) -> System:
    """Equal expressions become one object, so that engines see what is shared; counts get the form `at_least` gives."""
    known: dict[Expr, Expr] = {}

    def share(expr: Expr) -> Expr:
        match expr:
            case And(parts):
                expr = And(tuple(share(part) for part in parts))
            case Or(parts):
                expr = Or(tuple(share(part) for part in parts))
            case Not(body):
                expr = neg(share(body))
            case AtLeast(k, parts) if not 1 <= k <= len(parts):
                expr = at_least(k, parts)
            case AtLeast(k, parts):
                expr = AtLeast(k, tuple(share(part) for part in parts))
            case Seen(view, body):
                expr = seen(view, share(body))
        return known.setdefault(expr, expr)

    return replace(
        system,
        steps=tuple(replace(step, guard=share(step.guard)) for step in system.steps),
        checks=tuple(
            replace(check, when=share(check.when), covers=tuple(map(share, check.covers))) for check in system.checks
        ),
    )


class _Reader:
    """Collects mistakes and goes on; what cannot be read is left out, and its name is remembered as in doubt."""

    def __init__(self) -> None:
        self.found: list[Diagnosis] = []
        self.unsure: set[str] = set()
        self._index: dict[str, list[int]] = {}

    def original(self, path: Path) -> Path:
        """A path in the system that was read, as a path in the JSON form: parts that could not be read are not in
        it.
        """
        if len(path) > 1 and isinstance(path[1], int):
            return (path[0], self._index[str(path[0])][path[1]], *path[2:])
        return path

    def wrong(self, path: Path, message: str) -> None:
        self.found.append(Diagnosis(_pointer(path), message))

    def system(self, obj: object) -> System:
        fields = self.fields(obj, (), ("format", "tick_ms", "machines"), ("views", "steps", "checks"))
        if "format" in fields and fields["format"] != FORMAT:
            self.wrong(("format",), f"{_shown(fields['format'])} is not a known format; write {FORMAT!r}")
        tick = self.number(fields, "tick_ms", (), least=1)
        return System(
            1 if tick is None else tick,
            self.parts(fields, "machines", self.machine),
            self.parts(fields, "views", self.view),
            self.parts(fields, "steps", self.step),
            self.parts(fields, "checks", self.check),
        )

    # -- parts -----------------------------------------------------------------------------------------------------

    def parts(self, fields: dict[str, object], key: str, read: Callable[[object, Path], T | None]) -> tuple[T, ...]:
        """The parts under `key` that could be read; their places are remembered."""
        read_parts = [read(item, (key, i)) for i, item in enumerate(self.items(fields.get(key, []), (key,)))]
        self._index[key] = [i for i, part in enumerate(read_parts) if part is not None]
        return tuple(part for part in read_parts if part is not None)

    def machine(self, obj: object, path: Path) -> Machine | None:
        fields = self.fields(obj, path, ("name", "states", "initial"))
        name = self.text(fields, "name", path)
        states = self.texts(fields, "states", path)
        initial = self.text(fields, "initial", path)
        if name is None or states is None or initial is None:
            self.unsure.update(() if name is None else (name,))
            return None
        return Machine(name, states, initial)

    def view(self, obj: object, path: Path) -> View | None:
        fields = self.fields(obj, path, ("name", "sources", "stale"), ("origin", "rests_on"))
        name = self.text(fields, "name", path)
        sources = self.texts(fields, "sources", path)
        sound, stale = self.bound(fields, "stale", path)
        origin, rests_on = self.origins(fields, path)
        if name is None or sources is None or not sound:
            self.unsure.update(() if name is None else (name,))
            return None
        return View(name, sources, stale, origin, rests_on)

    def step(self, obj: object, path: Path) -> Step | None:
        needed = ("name", "machine", "source", "target", "guard", "lo", "hi")
        fields = self.fields(obj, path, needed, ("origin", "rests_on", "label"))
        texts = [self.text(fields, key, path) for key in ("name", "machine", "source", "target")]
        guard = self.expr(fields["guard"], (*path, "guard"), 0) if "guard" in fields else TRUE
        lo = self.number(fields, "lo", path)
        _, hi = self.bound(fields, "hi", path)
        origin, rests_on = self.origins(fields, path)
        name, machine, source, target = (text or "" for text in texts)
        if None in texts:
            # The guard and the bounds are still worth looking at: in doubt are the names alone.
            name, machine = name or f"\0{path[-1]}", ""
            self.unsure.add(machine)
        label = self.text(fields, "label", path) if "label" in fields else ""
        return Step(name, machine, source, target, guard, lo or 0, hi, origin, rests_on, label or "")

    def check(self, obj: object, path: Path) -> Check | None:
        fields = self.fields(obj, path, ("name", "kind", "when"), ("covers", "origin"))
        name = self.text(fields, "name", path)
        kind: Literal["never", "ends_with"] = "ends_with" if fields.get("kind") == "ends_with" else "never"
        if "kind" in fields and fields["kind"] not in ("never", "ends_with"):
            self.wrong((*path, "kind"), f"{_shown(fields['kind'])} is no kind of check; write 'never' or 'ends_with'")
        when = self.expr(fields["when"], (*path, "when"), 0) if "when" in fields else TRUE
        covers = self.items(fields.get("covers", []), (*path, "covers"))
        read = tuple(self.expr(cover, (*path, "covers", i), 0) for i, cover in enumerate(covers))
        origin = self.text(fields, "origin", path) if "origin" in fields else ""
        return Check(name or f"\0{path[-1]}", kind, when, read, origin or "")

    # -- expressions -----------------------------------------------------------------------------------------------

    def expr(self, obj: object, path: Path, depth: int) -> Expr:
        """An expression as written; where it cannot be read, true."""
        if isinstance(obj, bool):
            return Const(obj)
        if depth > DEPTH_MAX:
            self.wrong(path, f"the expression is nested more than {DEPTH_MAX} deep; write it flatter")
            return TRUE
        if not isinstance(obj, dict) or len(obj) != 1 or next(iter(obj)) not in _FORMS:
            self.wrong(path, f"{_shown(obj)} is no expression; write {_FORMS_SHOWN}")
            return TRUE
        key, value = next(iter(obj.items()))
        here = (*path, key)
        if key == "not":
            return Not(self.expr(value, here, depth + 1))
        if key in ("and", "or"):
            parts = self.exprs(value, here, depth)
            return And(parts) if key == "and" else Or(parts)
        pair = self.pair(value, here, _FORMS[key])
        if pair is None:
            return TRUE
        if key == "at_least":
            k = self.integer(pair[0], (*here, 0))
            counted = self.exprs(pair[1], (*here, 1), depth)
            return TRUE if k is None else AtLeast(k, counted)
        name = pair[0]
        if not isinstance(name, str):
            self.wrong((*here, 0), f"{_shown(name)} is no name; write a string")
        if key == "seen":
            body = self.expr(pair[1], (*here, 1), depth + 1)
            return Seen(name, body) if isinstance(name, str) else TRUE
        states = self.strings(pair[1], (*here, 1))
        return TRUE if states is None or not isinstance(name, str) else In(name, frozenset(states))

    def exprs(self, value: object, path: Path, depth: int) -> tuple[Expr, ...]:
        return tuple(self.expr(part, (*path, i), depth + 1) for i, part in enumerate(self.items(value, path)))

    def pair(self, value: object, path: Path, shape: str) -> list[object] | None:
        if isinstance(value, list) and len(value) == 2:
            return value
        self.wrong(path, f"{_shown(value)} is not a list of two; write {shape}")
        return None

    # -- values ----------------------------------------------------------------------------------------------------

    def fields(
        self, obj: object, path: Path, needed: tuple[str, ...], allowed: tuple[str, ...] = ()
    ) -> dict[str, object]:
        if not isinstance(obj, dict):
            self.wrong(path, f"{_shown(obj)} is not an object; write {{{', '.join(needed)}}}")
            return {}
        for key in needed:
            if key not in obj:
                self.wrong(path, f"{key!r} is missing; write it")
        for key in obj:
            if key not in needed and key not in allowed:
                known = ", ".join((*needed, *allowed))
                self.wrong((*path, str(key)), f"{_shown(key)} is not known here; leave it out, or write one of {known}")
        return obj

    def items(self, value: object, path: Path) -> list[object]:
        if isinstance(value, list):
            return value
        self.wrong(path, f"{_shown(value)} is not a list; write a list")
        return []

    def text(self, fields: dict[str, object], key: str, path: Path) -> str | None:
        value = fields.get(key)
        if isinstance(value, str) and value:
            return value
        if key in fields:
            self.wrong((*path, key), f"{_shown(value)} is no name; write a string that is not empty")
        return None

    def texts(self, fields: dict[str, object], key: str, path: Path) -> tuple[str, ...] | None:
        return self.strings(fields[key], (*path, key)) if key in fields else None

    def strings(self, value: object, path: Path) -> tuple[str, ...] | None:
        items = self.items(value, path)
        for i, item in enumerate(items):
            if not isinstance(item, str) or not item:
                self.wrong((*path, i), f"{_shown(item)} is no name; write a string that is not empty")
        texts = tuple(item for item in items if isinstance(item, str) and item)
        return texts if isinstance(value, list) and len(texts) == len(items) else None

    def number(self, fields: dict[str, object], key: str, path: Path, least: int = 0) -> int | None:
        if key not in fields:
            return None
        found = self.integer(fields[key], (*path, key))
        if found is not None and not least <= found <= TICKS_MAX:
            self.wrong((*path, key), f"{_shown(found)} is out of range; write a number from {least} to {TICKS_MAX}")
            return None
        return found

    def integer(self, value: object, path: Path) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self.wrong(path, f"{_shown(value)} is not a whole number; write one")
        return None

    def bound(self, fields: dict[str, object], key: str, path: Path) -> tuple[bool, int | None]:
        """Whether the bound could be read, and the bound; null is none."""
        if fields.get(key) is None:
            return key in fields, None
        found = self.number(fields, key, path)
        return found is not None, found

    def origins(self, fields: dict[str, object], path: Path) -> tuple[str, tuple[str, ...]]:
        origin = fields.get("origin", "")
        if not isinstance(origin, str):
            self.wrong((*path, "origin"), f"{_shown(origin)} is not a string; write where this was said, as file:line")
            origin = ""
        rests_on = self.strings(fields.get("rests_on", []), (*path, "rests_on"))
        return origin, rests_on or ()


_FORMS = {
    "in": '{"in": [machine, [states]]}',
    "and": '{"and": [..]}',
    "or": '{"or": [..]}',
    "not": '{"not": e}',
    "at_least": '{"at_least": [k, [..]]}',
    "seen": '{"seen": [view, e]}',
}
_FORMS_SHOWN = f"true, false, or one of {', '.join(_FORMS.values())}"


def _shown(value: object) -> str:
    """A value in a message: short, and never slow or recursive."""
    if isinstance(value, bool) or value is None:
        return "null" if value is None else str(value).lower()
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:40] + "..")
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else "a huge number"
    if isinstance(value, float):
        return str(value)
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return f"a {type(value).__name__}"


def _pointer(path: Path) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
