"""The default scope e5 and its classifiers, whatever their numbers are today."""

import json

from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_features.catalogue.table import DEFAULT_SCOPE, bundled_folder

NAMES = ("domain", "language", "sentiment", "task-type", "toxicity")


def what_is_said(answer):
    """Labels and evidence without numbers: rounding depends on the batch, and a steep calibration magnifies it."""
    return {
        name: (
            verdict.label,
            verdict.flagged,
            verdict.rule,
            {(e.layer, e.feature, e.start, e.end) for e in verdict.evidence},
        )
        for name, verdict in answer.items()
    }


def test_the_default_scope_is_e5_and_has_five_classifiers(e5_engine):
    assert DEFAULT_SCOPE == "e5"
    assert set(bundled_classifiers()) == set(NAMES)
    assert set(e5_engine.versions) == set(NAMES)
    assert e5_engine.scope.id == "e5"


def test_order_and_company_of_texts_do_not_change_verdicts(e5_engine):
    texts = ["Idiot", "Die Sonne scheint heute.", "The court heard the appeal. " * 30, "", "今日は暑いです。"]
    alone = [what_is_said(e5_engine.predict([text])[0]) for text in texts]
    together = [what_is_said(answer) for answer in e5_engine.predict(texts)]
    backwards = [what_is_said(answer) for answer in e5_engine.predict(texts[::-1], max_tokens=130)][::-1]
    assert alone == together == backwards


def test_a_text_of_unknown_characters_and_one_of_several_windows_get_answers(e5_engine):
    for answer in e5_engine.predict(["\U0001f9ff\U0001f9ff", "The train was late again. " * 200]):
        assert set(answer) == set(NAMES)


def test_the_bundle_keeps_its_size():
    saes = [path.stat().st_size for path in (bundled_folder("e5") / "sae").glob("*.safetensors")]
    assert 1 <= len(saes) <= 2
    assert sum(saes) <= 22 * 2**20


def test_measured_quality_ships_with_every_classifier_and_shows_the_baselines():
    for name in NAMES:
        quality = Classifier.load(name).quality["test"]
        assert quality["n"] > 0
        assert all(quality["baselines"][one] for one in ("mean_difference", "linear_probe", "tfidf"))


def test_classify_uses_it_unless_told_otherwise(invoke):
    record = json.loads(invoke("classify", "You are a stupid idiot.", "--json").stdout)
    assert record["scope"] == "e5"
    assert set(record["classifiers"]) == set(NAMES)
    assert record["toxicity"]["flagged"] is True
    assert record["language"]["label"] == "en"


def test_the_face_uses_it_unless_told_otherwise(e5_engine):
    from scopesift import Classifier as WithScope

    loaded = WithScope.load("toxicity", e5_engine.scope)
    flagged = [
        verdict.flagged for verdict in loaded.predict(["You are a stupid idiot.", "The bread is warm."])
    ]
    assert flagged == [True, False]
    assert loaded.artifact.version == Classifier.load("toxicity").version


def test_toxicity_reads_obfuscated_spelling_and_the_others_do_not(e5_engine, invoke):
    restoring = [name for name, one in e5_engine.classifiers.items() if one.restore]
    assert restoring == ["toxicity"]
    said = invoke("explain", "y0u 57up1d 1d107").stdout
    assert "toxicity reads: you stupid idiot" in said.lower()
    record = json.loads(invoke("classify", "y0u 57up1d 1d107", "--json").stdout)
    assert record["toxicity"]["flagged"] is True
    assert {item["word"] for item in record["toxicity"]["evidence"]} <= {"y0u", "57up1d", "1d107"}
