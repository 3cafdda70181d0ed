"""`python -m verifier` is `hitless`."""

from verifier.cli import main

main(prog_name="hitless")
