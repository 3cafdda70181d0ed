"""How an application starts and stops: what its workload's annotations say, hitless.toml, or its framework.

Nobody's numbers are invented: what nobody says has an assumed range that holds everything plausible, and the worst
behaviour on SIGTERM.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verifier.language import syntax as s
from verifier.language.assemble import parsed_scenario
from verifier.language.diagnostics import Collector, nearest
from verifier.language.program import Span
from verifier.language.text import read_duration
from verifier.manifests import tree
from verifier.manifests.config import Config, Said
from verifier.manifests.findings import PREFIX, probe_number
from verifier.manifests.objects import Object
from verifier.manifests.platforms import framework, frameworks
from verifier.manifests.pods import PROBES, Pod

FRAMEWORK = "app"
SETTINGS = ("startup_time", "on_sigterm", "close_listener", "longest_request", "probe_port_opens", "has_shell")
_START_MS_MAX = 120_000
_START_MS_TYPICAL = 10_000


def application(workload: Object, pod: Pod, config: Config, report: Collector) -> list[tree.Entry]:
    """The entries of the workload's `app` block, the nearest source first.

    A start time that is only assumed is taken to be shorter than the probe that would restart the container: the pods
    that run now have passed it. Where that matters to a proof, it is listed like everything assumed.
    """
    said = dict(_said(workload, config))
    entries: dict[str, tree.Entry] = {}
    for name, value in said.items():
        if name != FRAMEWORK:
            found = _parsed(name, value, report)
            if found is not None:
                entries[name] = found
    chosen = said.get(FRAMEWORK)
    known = framework(chosen.value) if chosen is not None else None
    if chosen is not None and known is None:
        near = nearest(chosen.value, frameworks())
        fix = f"write `{near}`" if near else f"one of: {', '.join(frameworks())}"
        report.add("HL463", chosen.span, f"no framework is called `{chosen.value}`", fix=fix)
    for entry in known.entries if known is not None else ():
        entries.setdefault(entry.name.text, entry)
    here = workload.root.head
    if "startup_time" not in entries:
        entries["startup_time"] = tree.entry(
            "startup_time",
            tree.window(0, _START_MS_MAX, here),
            here,
            because="nothing says how long it takes to start",
            typical=tree.duration(_START_MS_TYPICAL, here),
            assumed=True,
        )
    start = entries["startup_time"]
    if isinstance(start, s.Assignment) and start.assumed:
        entries["startup_time"] = _before_restart(start, pod)
    if "on_sigterm" not in entries:
        because = "nothing says what it does on SIGTERM: the worst"
        entries["on_sigterm"] = tree.entry("on_sigterm", tree.word("exits", here), here, because=because)
    return list(entries.values())


def _before_restart(start: s.Assignment, pod: Pod) -> s.Assignment:
    """The assumed start time, cut to what the startup or liveness probe leaves at least."""
    for name in (PROBES[0], PROBES[2]):
        probe = pod.probe(name)
        if probe is None:
            continue
        failures = probe_number(probe, "failureThreshold") - 1
        least_ms = 1000 * (probe_number(probe, "initialDelaySeconds") + failures * probe_number(probe, "periodSeconds"))
        low, high = (read_duration(each.text) for each in _ends(start.value))
        if not isinstance(low, int) or not isinstance(high, int) or not low + 1000 < least_ms <= high:
            return start
        span = pod.container.at(name)
        typical = read_duration(start.typical.text) if isinstance(start.typical, s.Constant) else None
        return replace(
            start,
            value=tree.window(low, least_ms - 1000, span),
            typical=tree.duration(min(typical if isinstance(typical, int) else low, least_ms - 1000), span),
            because=f"{start.because}; taken to be done before its {name} gives up",
            span=span,
            name=tree.name(start.name.text, span),
        )
    return start


def _ends(window: s.Expression) -> tuple[s.Constant, s.Constant]:
    args = window.args if isinstance(window, s.Operation) else (window, window)
    low, high = args[0], args[-1]
    assert isinstance(low, s.Constant)
    assert isinstance(high, s.Constant)
    return low, high


def _said(workload: Object, config: Config) -> Iterator[tuple[str, Said]]:
    """(setting, value) from the farthest source to the nearest: a later one takes the place of an earlier one."""
    yield from config.app.items()
    for key in (workload.name, f"{workload.namespace}/{workload.name}"):
        yield from config.workloads.get(key, {}).items()
    node = workload.root.get("metadata", "annotations")
    for key, found in node.entries().items() if node is not None else ():
        setting = key.removeprefix(PREFIX).replace("-", "_")
        if key.startswith(PREFIX) and setting != "ignore" and isinstance(found.node.value, str):
            yield setting, Said(found.node.value, found.span)


def _parsed(name: str, said: Said, report: Collector) -> s.Assignment | None:
    """The value as the language reads it, at its own place; a mistake is reported there."""
    if name not in SETTINGS:
        known = [FRAMEWORK, *SETTINGS]
        near = nearest(name, known)
        fix = f"write `{near}`" if near else f"one of: {', '.join(known)}"
        report.add("HL463", said.span, f"nothing about an application is called `{name}`", fix=fix)
        return None
    entry, mistake = parsed_value(name, said.value)
    if entry is None:
        report.add(
            "HL463", said.span, f"`{name}` cannot be read: {mistake}", fix="write it as in `startup_time = 5s..20s`"
        )
        return None
    return replace(entry, value=tree.placed(entry.value, said.span), name=tree.name(name, said.span), span=said.span)


def parsed_value(name: str, text: str) -> tuple[s.Assignment | None, str]:
    """`name = text` as an entry of a scenario, or what is wrong with it."""
    if "\n" in text or "}" in text or ";" in text:
        return None, "it is one value"
    found, mistakes = parsed_scenario(f"app x {{\n{name} = {text}\n}}\n", "value")
    if mistakes:
        return None, mistakes[0].message
    blocks = [item for item in found.items if isinstance(item, s.BlockNode)]
    entry = blocks[0].entries[0] if blocks and blocks[0].entries else None
    if not isinstance(entry, s.Assignment):
        return None, "it is no value"
    try:
        tree.placed(entry.value, Span("", 1, 1, 1, 1))
    except AssertionError:
        return None, "it is no plain value"
    return entry, ""
