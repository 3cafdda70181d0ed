"""`hitless.dev/ignore: HL451 -- reason`, on the metadata of the object that a finding is about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from verifier.language.diagnostics import Collector, Diagnostic, nearest
from verifier.language.program import Span
from verifier.manifests.catalogue import CATALOGUE
from verifier.manifests.objects import Object

KEY = "hitless.dev/ignore"
# What can be ignored: warnings and verdicts. What Kubernetes refuses cannot be wished away.
FIRST, LAST = "HL440", "HL499"


@dataclass(frozen=True, slots=True)
class Suppression:
    code: str
    reason: str
    object: Object
    span: Span

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Is it about the same code, at a place within the object?"""
        root, span = self.object.root, diagnostic.span
        within = span.file == root.file and root.line <= span.line <= root.end_line
        return diagnostic.code == self.code and within


def suppressions_of(objects: Iterable[Object], report: Collector) -> list[Suppression]:
    """Reads every annotation; codes that do not exist and reasons that are missing are mistakes."""
    found: list[Suppression] = []
    for each in objects:
        node = each.root.get("metadata", "annotations", KEY)
        if node is None or not isinstance(node.value, str):
            continue
        for line in re.split(r"[\n;]", node.value):
            if line.strip():
                found += _one(line, each, node.head, report)
    return found


def _one(line: str, owner: Object, span: Span, report: Collector) -> list[Suppression]:
    codes_text, dashes, reason = line.partition("--")
    codes = [code for code in re.split(r"[\s,]+", codes_text.strip()) if code]
    if not dashes or not reason.strip():
        report.add(
            "HL461", span, "nothing says why this is ignored", fix=f"write `{KEY}: {codes_text.strip()} -- reason`"
        )
        return []
    unknown = [code for code in codes if code not in CATALOGUE or not FIRST <= code <= LAST]
    for code in unknown:
        known = [name for name in CATALOGUE if FIRST <= name <= LAST]
        near = nearest(code, known)
        what = "cannot be ignored: Kubernetes refuses it" if code in CATALOGUE else "is no code of a warning"
        report.add("HL460", span, f"`{code}` {what}", fix=f"write `{near}`" if near else "")
    return [Suppression(code, reason.strip(), owner, span) for code in codes if code not in unknown]
