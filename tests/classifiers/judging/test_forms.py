import json
from dataclasses import replace

import numpy as np
import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.forms import TextForms
from scopesift_features.restoring.restore import restore

TEXTS = [
    "cat y o u  i d i o t, shut up",
    "cat rain mat",
    "you 1d10t, 5hut up",
    "you idiot, shut up",
    "",
    "Das W e t t e r ist schön",
]


@pytest.fixture(scope="module")
def restoring(toxicity):
    return replace(toxicity, restore=True)


@pytest.fixture(scope="module")
def engine(tiny_scope, restoring, language):
    return Engine(tiny_scope, [restoring, language])


def what_is_said(verdict):
    return verdict.label, verdict.rule, {item.feature for item in verdict.evidence}


def test_a_restored_text_gets_the_verdict_of_the_same_text_in_plain_spelling(
    tiny_scope, engine, toxicity, language
):
    plain = Engine(tiny_scope, [toxicity, language]).predict([restore(text).text for text in TEXTS])
    found = engine.predict(TEXTS)
    assert [what_is_said(one["toxicity"]) for one in found] == [
        what_is_said(one["toxicity"]) for one in plain
    ]
    assert found[0]["toxicity"].flagged


def test_classifiers_without_the_setting_read_the_text_as_it_is(tiny_scope, engine, language):
    expected = Engine(tiny_scope, [language]).predict(TEXTS)
    for one, other in zip(engine.predict(TEXTS), expected, strict=True):
        assert what_is_said(one["language"]) == what_is_said(other["language"])


def test_evidence_has_offsets_in_the_original_text(engine):
    quoted = set()
    for text, answer in zip(TEXTS, engine.predict(TEXTS), strict=True):
        for item in (*answer["toxicity"].evidence, *answer["language"].evidence):
            assert text[item.start : item.end] == item.text
            assert item.text.strip() in item.word
            quoted.add(item.word)
    assert any(" " in word.strip() or "1" in word for word in quoted)


def test_only_texts_that_change_are_read_twice(restoring, toxicity):
    forms = TextForms.of(TEXTS, [toxicity, restoring])
    assert list(forms.texts[: len(TEXTS)]) == TEXTS
    changed = [text for text in TEXTS if restore(text).text != text]
    assert len(forms.texts) == len(TEXTS) + len(changed) > len(TEXTS)
    assert forms.rows(toxicity).tolist() == list(range(len(TEXTS)))
    assert [forms.texts[row] for row in forms.rows(restoring)] == [restore(text).text for text in TEXTS]
    assert TextForms.of(TEXTS, [toxicity]).texts is TEXTS


def test_a_restored_text_is_routed_by_the_language_of_its_restored_form(tiny_scope, restoring, language):
    never = replace(restoring.default, cut=1.1)
    routed = replace(restoring, by_lang={"de": never})
    text = "D a s  W e t t e r  i s t  h e u t e  s c h ö n"
    answer = Engine(tiny_scope, [routed, language]).predict([text])[0]
    assert answer["toxicity"].rule == "de"


def test_the_setting_is_stored_and_absent_where_it_is_off(toxicity, restoring):
    assert "restore" not in json.loads(toxicity.to_json())
    again = Classifier.from_dict(json.loads(restoring.to_json()), origin="the test")
    assert again.restore
    assert again.version == restoring.version != toxicity.version


def test_a_fit_with_the_setting_reads_its_rows_restored(tiny_scope, insults):
    train, dev = insults(160, 1), insults(80, 2)
    settings = FitSettings(preset="greedy", restore=True)
    hidden = replace(train, texts=[text.replace("idiot", "i d i o t") for text in train.texts])
    plain, spelled = (fit_classifier("toxicity", tiny_scope, rows, dev, settings) for rows in (train, hidden))
    assert plain.restore
    assert plain.default.feature_ids == spelled.default.feature_ids


def test_answers_without_places_are_those_with_evidence(engine):
    forms = engine.forms(TEXTS)
    acts_DS = engine.reader.without_places().read(forms.texts).acts_NS
    for name, answers in engine.answers(acts_DS, forms).items():
        expected = [one[name].label for one in engine.predict(TEXTS)]
        assert answers.label_N == expected
        assert len(answers.score_N) == len(TEXTS)
    assert np.shape(acts_DS)[0] == len(forms.texts)
