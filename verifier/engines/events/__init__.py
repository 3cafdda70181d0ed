"""The events engine: one time variable for each change, the search over orders left to the solver."""

from verifier.engines.events.inevitable import inevitable, lasts_at_most
from verifier.engines.events.solve import check

__all__ = ["check", "inevitable", "lasts_at_most"]
