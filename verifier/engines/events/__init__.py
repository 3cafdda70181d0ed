"""The events engine: one time variable for each change, the search over orders left to the solver."""

from verifier.engines.events.smtlib import smtlib
from verifier.engines.events.solve import check

__all__ = ["check", "smtlib"]
