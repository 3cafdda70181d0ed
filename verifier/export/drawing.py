"""A listing of a state graph for programs that draw and measure graphs: through networkx to GraphML, and as DOT."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from verifier.engines.graph import Edge, Listing, Node


def as_networkx(listing: Listing) -> Any:
    """A `networkx.MultiDiGraph`: two moves may lead from one state to the same other one."""
    import networkx

    graph = networkx.MultiDiGraph()
    for i, node in enumerate(listing.nodes):
        label = "\n".join(changes(listing.nodes[0], node)) or "the initial state"
        values = {name: value for name, value in node.values if not name.startswith("clock of ")}
        graph.add_node(i, label=label, depth=node.depth, violating=node.violating, **values)
    for edge in listing.edges:
        graph.add_edge(edge.source, edge.target, label=edge.name)
    return graph


def changes(first: Node, node: Node) -> list[str]:
    """What is different from the first state, a line each."""
    before = dict(first.values)
    return [f"{name}: {value}" for name, value in node.values if before.get(name) != value]


def graphml(listing: Listing) -> str:
    import networkx

    return "\n".join(networkx.generate_graphml(as_networkx(listing))) + "\n"


def dot(listing: Listing) -> str:
    """For Graphviz; violating states are doubly framed. networkx itself writes DOT only with a further package."""
    return "\n".join(_dot(listing)) + "\n"


def _dot(listing: Listing) -> Iterator[str]:
    yield "digraph states {"
    yield "  node [shape=box, fontname=monospace];"
    for node, values in as_networkx(listing).nodes(data=True):
        frame = ", peripheries=2" if values["violating"] else ""
        yield f"  {node} [label={_quoted(values['label'])}{frame}];"
    yield from map(_arrow, listing.edges)
    yield "}"


def _arrow(edge: Edge) -> str:
    return f"  {edge.source} -> {edge.target} [label={_quoted(edge.name)}];"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\l")
    return f'"{escaped}"'
