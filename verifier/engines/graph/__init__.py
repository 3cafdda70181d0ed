"""The graph engine: every state of a system, searched breadth first; the oracle for the events engine."""

from verifier.engines.graph.check import check

__all__ = ["check"]
