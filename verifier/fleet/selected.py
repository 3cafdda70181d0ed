"""What the command line asks for, checked, and the part of the cases that it is about."""

from __future__ import annotations

import re
from dataclasses import replace

from verifier.analysis.verdict import Verdict
from verifier.language.diagnostics import nearest
from verifier.manifests.events import EVENTS
from verifier.manifests.load import Ask, Manifests
from verifier.manifests.platforms import names


class BadRequest(Exception):
    """An option has a value that means nothing; the message says which and what to write."""


def checked(ask: Ask, verdicts: tuple[str, ...]) -> Ask:
    """`ask`, if every option has a meaning. Raises `BadRequest`."""
    words = tuple(verdict.value for verdict in Verdict)
    for given, known, what in (
        (ask.on, names(), "profile"),
        *((event, EVENTS, "event") for event in ask.events),
        *((word.upper().replace("_", " "), words, "verdict") for word in verdicts),
    ):
        if given is not None and given not in known:
            near = nearest(given, known)
            hint = f"did you mean {near}?" if near else f"there are: {', '.join(known)}"
            raise BadRequest(f"there is no {what} {given!r}; {hint}")
    if ask.version_given is not None and not re.fullmatch(r"v?\d{1,3}\.\d{1,3}(\.\d+)?", ask.version_given):
        raise BadRequest(f"{ask.version_given!r} is no version; write 1.29")
    return ask


def selected(manifests: Manifests, name: str | None) -> Manifests:
    """The cases whose name contains `name`. Raises `BadRequest` if there is none, but were some without it."""
    if name is None:
        return manifests
    found = tuple(case for case in manifests.cases if name in case.title or name in case.workload)
    if not found and manifests.cases:
        near = nearest(name, [case.title.rpartition("/")[2] for case in manifests.cases])
        raise BadRequest(f"nothing here is called {name!r}" + (f"; did you mean {near}?" if near else ""))
    return replace(manifests, cases=found)
