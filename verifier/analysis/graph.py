"""The state graph of one check's slice, explored, as a finished report."""

from __future__ import annotations

from dataclasses import dataclass

from verifier.engines.graph import Explored
from verifier.system.ir import System


@dataclass(frozen=True, slots=True)
class GraphReport:
    """`check`: whose slice this is, with so many machines, views and steps; `others`: further parts."""

    file: str
    check: str
    kind: str
    others: tuple[str, ...]
    machines: int
    views: int
    steps: int
    timed: bool
    explored: Explored


def graph_report(file: str, system: System, parts: tuple[str, ...], explored: Explored, *, timed: bool) -> GraphReport:
    """The report on the slice `system`, which has one check."""
    check = system.checks[0]
    others = tuple(name for name in parts if name != check.name)
    sizes = (len(system.machines), len(system.views), len(system.steps))
    return GraphReport(file, check.name, check.kind, others, *sizes, timed, explored)


def listing_text(report: GraphReport) -> str:
    """What is written of the states."""
    listing = report.explored.listing
    if not listing.nodes:
        return "no state violates the check"
    shown = f"{len(listing.nodes):,} states and {len(listing.edges):,} moves"
    return shown if listing.cut is None else f"CUT: {shown}, the first of {listing.cut:,} states (--cap)"
