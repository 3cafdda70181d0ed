"""Lemmas, shown by induction over single steps of the templates, for any number of members.

A lemma is an invariant of the untimed system: it holds initially, and every step and every refresh keeps it (Floyd,
1967; untimed, so it holds whatever the delays are). A step moves one machine of one member. Of that member, and of
those the lemma is about, every machine is a variable; all other members of a class are told apart only by counts: how
many of them satisfy a condition is one unknown number, which a step of somebody else does not change. So nothing
depends on how many there are, and a size may stay a symbol.

Counts of one class are related where a condition implies another for each single member (`Pod is running` implies
`available`, by a lemma about one pod): then the first number is at most the second. All that is left out makes the
assumptions weaker, so a lemma may stay unproven though it is true, never the other way round. Solver unknown is
unproven.

What holds in every state holds in every copy of it, through any chain of views (docs/semantics.md, section 5): proven
lemmas are assumed in the present and in every copy that a question reads.
"""

from verifier.engines.induction.proof import Induction, Reading, Settled

__all__ = ["Induction", "Reading", "Settled"]
