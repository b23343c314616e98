"""The filter's verdicts on texts with obfuscated spelling are those of the engine."""

from dataclasses import replace

import pytest
from scopesift_classifiers.judging.engine import Engine

SENTENCE = "You are such an idiot, shut up!"
TEXTS = [
    SENTENCE,
    " ".join(SENTENCE),
    "Y0u 4r3 5uch 4n 1d10t, 5hut up!",
    "The cat sat on the mat.",
    "",
    SENTENCE.upper(),
]


@pytest.fixture
def restoring(engine):
    toxicity, language = engine.classifiers.values()
    return Engine(engine.scope, [replace(toxicity, restore=True), language])


def test_the_filter_restores_texts_for_the_classifiers_that_ask_for_it(
    restoring, write_jsonl, rows_of, tmp_path
):
    from scopesift_filtering.run_filter import run_filter
    from scopesift_filtering.run_plan import make_plan
    from scopesift_filtering.settings import FilterSettings

    path = write_jsonl("posts.jsonl", [{"text": text} for text in TEXTS if text])
    settings = FilterSettings(mode="attributes", shard_rows=4, compression="none", batch_tokens=512)
    run_filter(make_plan([str(path)], tmp_path / "out", settings, restoring), workers=2)
    found = rows_of(tmp_path / "out" / "attributes")
    texts = [text for text in TEXTS if text]
    expected = restoring.predict(texts)
    for one, answer in zip(found, expected, strict=True):
        assert one["toxicity"] == pytest.approx(answer["toxicity"].scores["toxic"], abs=2e-4)
        assert one["lang"] == answer["language"].label
    unrestored = Engine(restoring.scope, [replace(restoring.classifiers["toxicity"], restore=False)])
    scores = [answer["toxicity"].score for answer in unrestored.predict(texts)]
    assert [one["toxicity"] for one in found] != pytest.approx(scores, abs=2e-4)
    assert found[0]["toxicity"] == pytest.approx(scores[0], abs=2e-4)
    # tokens are those of the text itself
    assert found[0]["tokens"] < found[1]["tokens"]
