"""The same scenario on older versions of Kubernetes, at the ones from which something that matters here is another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verifier.language import syntax as s
from verifier.language.program import Version
from verifier.manifests import tree

# Before 1.30 there is no preStop action `sleep`; before 1.26 rules know no pods that terminate (models/kubernetes).
SLEEP, FALLBACK = Version(1, 29), Version(1, 25)


def older(scenario: s.Scenario) -> Iterator[tuple[str, s.Scenario]]:
    """(version, scenario) of each that may have another verdict; the oldest with commands in place of `sleep` actions,
    which would be refused there."""
    if any(_sleeps(entry) for item in scenario.items for entry in _entries(item)):
        yield _text(SLEEP), _on(scenario, SLEEP, as_command=False)
    yield _text(FALLBACK), _on(scenario, FALLBACK, as_command=True)


def _on(scenario: s.Scenario, version: Version, *, as_command: bool) -> s.Scenario:
    items = []
    for item in scenario.items:
        if isinstance(item, s.BlockNode):
            item = replace(item, entries=tuple(_entry(e, version, as_command) for e in item.entries))
        items.append(item)
    return s.Scenario(tuple(items))


def _entry(entry: tree.Entry, version: Version, as_command: bool) -> tree.Entry:
    if not isinstance(entry, s.Assignment):
        return entry
    if entry.name.text == "kubernetes":
        return replace(entry, value=tree.version(version.major, version.minor, entry.span))
    if as_command and _sleeps(entry) and isinstance(entry.value, s.Invocation):
        return replace(entry, value=tree.chosen("exec", entry.value.args[0], entry.span))
    return entry


def _sleeps(entry: tree.Entry) -> bool:
    return (
        isinstance(entry, s.Assignment) and isinstance(entry.value, s.Invocation) and entry.value.name.text == "sleep"
    )


def _entries(item: s.ScenarioItem) -> tuple[tree.Entry, ...]:
    return item.entries if isinstance(item, s.BlockNode) else ()


def _text(version: Version) -> str:
    return f"v{version.major}.{version.minor}"
