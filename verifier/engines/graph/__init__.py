"""The graph engine: every state of a system, searched breadth first; the oracle for the events engine."""

from verifier.engines.graph.check import TIME_STOPS, check
from verifier.engines.graph.estimate import estimated
from verifier.engines.graph.explore import TICK, Edge, Explored, Listing, Node, explore

__all__ = ["TICK", "TIME_STOPS", "Edge", "Explored", "Listing", "Node", "check", "estimated", "explore"]
