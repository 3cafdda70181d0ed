"""The events engine: one time variable for each change, the search over orders left to the solver."""

from verifier.engines.events.inevitable import inevitable
from verifier.engines.events.solve import check

__all__ = ["check", "inevitable"]
