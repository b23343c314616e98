import numpy as np
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.tokenised import TokenisedTexts
from scopesift_features.scope import Scope

TEXTS = ["You are an 1d1ot and a f.o.o.l", "Der Zug kommt heute um neun.", "", "s t u p i d words " * 60]


def engine(restore):
    from dataclasses import replace

    scope = Scope.load("nano", device="cpu")
    return Engine(scope, [replace(Classifier.load("toxicity", "nano"), restore=restore)])


def test_calls_that_are_joined_are_judged_as_all_their_texts_together():
    own = engine(restore=True)
    parts = [own.tokenise(TEXTS[:1]), own.tokenise([]), own.tokenise(TEXTS[1:])]
    joined, whole = TokenisedTexts.join(parts), own.tokenise(TEXTS)
    assert list(joined.forms.texts[: len(TEXTS)]) == TEXTS
    assert joined.tokens == whole.tokens == sum(part.tokens for part in parts)
    assert joined.tokens_N.tolist() == whole.tokens_N.tolist()
    found, expected = own.predict_tokenised(joined), own.predict(TEXTS)
    for one, other in zip(found, expected, strict=True):
        assert one["toxicity"].label == other["toxicity"].label
        assert np.isclose(one["toxicity"].score, other["toxicity"].score, atol=1e-5)
        spans = [(item.start, item.end, item.text) for item in one["toxicity"].evidence]
        assert spans == [(item.start, item.end, item.text) for item in other["toxicity"].evidence]


def test_restored_forms_come_after_all_texts_and_keep_their_rows():
    own = engine(restore=True)
    joined = TokenisedTexts.join([own.tokenise([text]) for text in TEXTS])
    for row, text in enumerate(TEXTS):
        (alone,) = [own.forms([text])]
        assert joined.forms.texts[joined.forms.restored_N[row]] == alone.texts[alone.restored_N[0]]
    assert min(joined.forms.restored, default=len(TEXTS)) >= len(TEXTS)
