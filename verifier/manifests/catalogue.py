"""What each code about manifests means: the text behind `hitless explain HL451`."""

from __future__ import annotations

from verifier.language.catalogue import Entry
from verifier.language.explain import Explanation

_ENTRIES = (
    # -- reading --
    Entry(
        "HL421",
        "this is no YAML",
        "The document cannot be read; the others of the file are. The text of a broken document is never shown: it may "
        "hold secrets.",
    ),
    Entry("HL422", "a key that is given twice", "The API's clients refuse it, because one of the two would be lost."),
    Entry(
        "HL423",
        "too deep or too large",
        "A document is nested deeper than any object, or its aliases stand for more than a million values.",
    ),
    Entry(
        "HL424",
        "a template that was not rendered",
        "Marks such as `{{ .. }}` are left in the text. Only what is sent to the API can be verified: render it first.",
        "hitless verify chart/templates",
        "helm template chart | hitless verify -",
    ),
    Entry(
        "HL425",
        "not an object",
        "A document is a mapping with `apiVersion` and `kind`, a list of such (`kind: List`), or nothing.",
    ),
    Entry(
        "HL426",
        "an API version of the past",
        "The object is read as what it became, but a cluster of the version that is verified refuses it.",
    ),
    Entry("HL427", "the same object twice", "The later one is taken, as an apply of the whole file would end."),
    # -- what is refused --
    Entry(
        "HL430",
        "an unknown field",
        "The schema of this kind has no such field: the API refuses it, or drops it, and what was meant never happens.",
        "readinesProbe:",
        "readinessProbe:",
    ),
    Entry("HL431", "a field that is missing", "The schema of this kind requires it."),
    Entry(
        "HL432",
        "a value of another type",
        "The schema of this kind says which type the field has. Numbers in lists of words need quotation marks.",
        "command: [sleep, 30]",
        'command: [sleep, "30"]',
    ),
    Entry("HL433", "a value that is refused", "The schema allows it, the validation of the API does not."),
    Entry(
        "HL434",
        "a rollout that cannot take a step",
        "With neither one more nor one less than wanted, nothing could ever be replaced.",
        "maxSurge: 0\nmaxUnavailable: 0",
        "maxSurge: 1\nmaxUnavailable: 0",
    ),
    Entry(
        "HL435",
        "a hook that does not exist",
        "Hooks run a command, ask by HTTP, or sleep. The field `tcpSocket` is kept for old clients, and fails.",
    ),
    # -- which belong together --
    Entry("HL440", "nothing behind it", "No workload in these files has the labels that are selected."),
    Entry("HL442", "a budget for nothing", "No workload in these files has the labels that the budget selects."),
    Entry("HL443", "several behind one", "Each is verified as if the others did not exist, which is the worse case."),
    Entry("HL444", "a probe that asks another port", "A probe that passes says nothing of the port that is served."),
    Entry("HL445", "a named port that nobody has", "It resolves to nothing: there are no endpoints for it."),
    # -- what defeats itself --
    Entry(
        "HL450", "restarted before it is taken out", "Liveness gives up before readiness takes the pod out of service."
    ),
    Entry(
        "HL451",
        "a hook as long as its grace",
        "preStop and the stop share one period: nothing is left for requests in flight.",
    ),
    Entry("HL452", "rounds to nothing", "Percentages are rounded, and both came out as 0: one is taken down first."),
    Entry("HL453", "a budget that is never met", "No eviction is ever allowed, so that a drain waits for ever."),
    Entry("HL454", "a command that the image does not have", "The hook fails at once, and nothing is delayed."),
    Entry("HL455", "no room for one more", "What the old one holds, the new one needs: it may wait for ever."),
    Entry("HL456", "a note that starts a rollout", "Metadata of the template is part of the template."),
    Entry("HL457", "two that set the same number", "Each apply sets back what the autoscaler has set."),
    # -- notes to hitless --
    Entry("HL460", "not a code that can be ignored", "Warnings and verdicts can be ignored, by their code."),
    Entry(
        "HL461",
        "ignored without a reason",
        "Whoever reads it later wants to know why.",
        "hitless.dev/ignore: HL451",
        "hitless.dev/ignore: HL451 -- the batch job has no clients",
    ),
    Entry("HL462", "a mistake in hitless.toml", "It knows kubernetes, on, [app], [workload.NAME] and [cluster]."),
    Entry("HL463", "nothing that is known of an application", "Settings are those of the block `app`."),
    Entry("HL490", "a request is lost", "The verdict on a way of requests; ignored, it leaves the exit code alone."),
)

CATALOGUE: dict[str, Entry] = {entry.code: entry for entry in _ENTRIES}


def explained(topic: str) -> Explanation | None:
    """A code about manifests, for `hitless explain`; None for any other topic."""
    entry = CATALOGUE.get(topic.upper())
    if entry is None:
        return None
    return Explanation(entry.code, "diagnostic", entry.title, entry.text, wrong=entry.wrong, right=entry.right)
