"""Everything that the models declare and every code can be explained."""

from __future__ import annotations

from verifier.language.catalogue import CATALOGUE
from verifier.language.explain import explain, shipped_world, suggestions, topics


def test_the_shipped_models_are_without_mistakes() -> None:
    assert not shipped_world().report.found


def test_every_topic_is_explained() -> None:
    for topic in topics():
        explanation = explain(topic)
        assert explanation is not None, topic
        assert explanation.title, topic


def test_a_setting() -> None:
    explanation = explain("deployment.max_surge")
    assert explanation is not None
    facts = dict(explanation.facts)
    assert facts["type"] == "size or percent"
    assert facts["default"] == "25%"
    assert facts["declared"].startswith("models/kubernetes/deployment.model:")
    assert explain("deployment.max_surge") == explanation


def test_a_block_lists_its_settings() -> None:
    explanation = explain("kube_proxy")
    assert explanation is not None
    assert {name for name, _ in explanation.listing} >= {"kube_proxy.mode", "kube_proxy.rules_within"}


def test_a_default_that_depends_on_a_value() -> None:
    explanation = explain("app.probe_port_opens")
    assert explanation is not None
    assert dict(explanation.facts)["default"] == "that of app.startup_time"


def test_codes_in_any_case() -> None:
    explanation = explain("hl301")
    assert explanation is not None
    assert explanation.kind == "diagnostic"
    assert all(entry.text for entry in CATALOGUE.values())


def test_suggestions() -> None:
    assert explain("max_surg") is None
    assert "deployment.max_surge" in suggestions("max_surg")
    assert suggestions("maxSurge") == ("daemon_set.max_surge", "deployment.max_surge")
    assert "kube_proxy" in suggestions("kubeproxy")
    assert suggestions("xyzzy") == ()
