"""Where a walk is, as a table; and its path as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from verifier.analysis.walk import Option, Scene
from verifier.language.text import duration_text
from verifier.trace import Trace

FORMAT = "hitless-trace/1"
_COLUMN = 46


def table(scene: Scene) -> str:
    """The time, the state of each component, and what may happen next."""
    return "\n".join(_lines(scene)) + "\n"


def _lines(scene: Scene) -> Iterator[str]:
    end = f"   {scene.check} IS VIOLATED" if scene.violated else ""
    yield f"at {duration_text(scene.now_ms)}, after {scene.events} events{end}"
    yield from _in_columns([f"{name}: {state}" for name, state in scene.machines])
    now = dict(scene.machines)
    for name, behind, shown in scene.views:
        old = [f"  {machine}: {state}" for machine, state in shown if state != now[machine]]
        late = ", and is behind" if behind else ""
        yield f"  {name} {'still shows' if old else 'shows all as it is'}{late}"
        yield from _in_columns(old)
    yield "next" if scene.options else "nothing more can happen"
    width = max((len(option.component) for option in scene.options), default=0)
    for i, option in enumerate(scene.options):
        if option.first:
            yield f"  {i:>3}  {_when(scene, option):<14} {option.component.ljust(width)}   {option.label}"
        else:
            yield f"    -  {'not yet':<14} {option.component.ljust(width)}   {option.label}"


def _in_columns(cells: list[str]) -> Iterator[str]:
    for i in range(0, len(cells), 2):
        yield "  " + "".join(cell.ljust(_COLUMN) for cell in cells[i : i + 2]).rstrip()


def _when(scene: Scene, option: Option) -> str:
    earliest = duration_text(option.earliest * scene.tick_ms)
    if option.latest is None:
        return f"{earliest}.."
    latest = duration_text(option.latest * scene.tick_ms)
    return earliest if latest == earliest else f"{earliest}..{latest}"


def trace_json(trace: Trace, scene: Scene) -> str:
    """The path with absolute times; its events as in the JSON report (docs/reference/report-json.md)."""
    events = [
        {
            "at_ms": event.at_ms,
            "component": event.component,
            "from": event.source,
            "to": event.target,
            "label": event.label,
            "waited_ms": event.waited_ms,
            "origin": event.origin,
        }
        for event in trace.events
    ]
    path = {"check": scene.check, "violated": scene.violated, "end_ms": trace.end_ms, "events": events}
    return json.dumps({"format": FORMAT, **path}, indent=2, ensure_ascii=False) + "\n"
