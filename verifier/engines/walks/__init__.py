"""The walks engine: single runs, each nearer to a violation than the one before."""

from verifier.engines.walks.search import Search, avoided

__all__ = ["Search", "avoided"]
