"""From templates to a system: one part of a check for given members, and of the rest only what it can depend on.

Lowering starts at the condition of the check and follows what it reads, so a machine that cannot matter is never built.
Views get the sources that somebody reads through them; leaving out the others is exact (a view may refresh at once
whenever only an unread part differs, docs/semantics.md section 5).

`conditions` says what a condition reads, `machines` makes a system of that, and `relaxed` one with more runs, in which
most of what members other than the check's own do is dropped.
"""

from verifier.system.lower.build import first_members, initially, lower, lower_with, skeleton
from verifier.system.lower.conditions import Settled
from verifier.system.lower.instances import instance_name
from verifier.system.lower.machines import Lowered
from verifier.system.lower.places import Beginnings, at_several_places, beginnings, told_apart
from verifier.system.lower.relaxed import Moves

__all__ = [
    "Beginnings",
    "Lowered",
    "Moves",
    "Settled",
    "at_several_places",
    "beginnings",
    "first_members",
    "initially",
    "instance_name",
    "lower",
    "lower_with",
    "skeleton",
    "told_apart",
]
