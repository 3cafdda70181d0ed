"""A system in the languages of other checkers, so that what hitless says can be repeated elsewhere."""
