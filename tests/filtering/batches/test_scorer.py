"""The scorer: columns in, the same columns and the filter's out."""

import copy
import hashlib
import json
import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError
from scopesift_filtering.batches.scorer import Scorer

TEXTS = [
    "You are such an idiot, shut up!",
    "Das Wetter ist heute schön, wir gehen spazieren.",
    "Сегодня хорошая погода.",
    "word " * 400,
    "I love you all 😀👨‍👩‍👧",
]
WHERE = "toxicity < 0.15 AND lang <> 'de'"


@pytest.fixture(scope="module")
def scorer():
    return Scorer(scope="nano", where=WHERE, max_chars=3000)


@pytest.fixture(scope="module")
def scored(scorer):
    return scorer({"text": TEXTS})


def digest_of(scorer):
    return hashlib.sha256(pickle.dumps(scorer)).hexdigest()


def test_the_filter_gives_the_same_rows_the_same_bits(scorer, write_jsonl, rows_of, tmp_path):
    from scopesift_classifiers.judging.engine import Engine
    from scopesift_classifiers.judging.loading import load_classifiers
    from scopesift_filtering.run_filter import run_filter
    from scopesift_filtering.run_plan import make_plan
    from scopesift_filtering.settings import FilterSettings

    rows = [*TEXTS, None, " ", "x" * 3001, 7]
    settings = FilterSettings(where=WHERE, mode="attributes", max_chars=3000, compression="none")
    engine = Engine(Scope.load("nano", device="cpu"), load_classifiers([], "nano"))
    path = write_jsonl("a.jsonl", [{"text": text} for text in rows])
    run_filter(make_plan([str(path)], tmp_path / "out", settings, engine))
    ours = scorer.table(rows).to_pylist()
    records = rows_of(tmp_path / "out" / "attributes")
    for record, row in zip(records, ours, strict=True):
        assert (row.pop("scopesift_status"), row.pop("scopesift_reason")) == (
            record.pop("status"),
            "; ".join(record.pop("reasons")),
        )
        del record["file"], record["row"]
        assert record == row
    assert len({record["toxicity"] for record in records}) > 3


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (TEXTS, list),
        (np.array(TEXTS), np.ndarray),
        (np.array(TEXTS, object), np.ndarray),
        (pa.array(TEXTS), pa.Array),
    ],
)
def test_our_columns_are_of_the_text_columns_kind(scorer, scored, column, kind):
    batch = {"n": list(range(5)), "text": column}
    found = scorer(batch)
    assert list(found)[:2] == ["n", "text"]
    assert found["text"] is column
    assert found["n"] is batch["n"]
    for name in scorer.schema.names:
        assert isinstance(found[name], kind)
        values = found[name].to_pylist() if kind is pa.Array else list(found[name])
        assert values == scored[name]


def test_a_table_gets_typed_columns(scorer, scored):
    found = scorer(pa.table({"text": pa.array(TEXTS, pa.large_string()), "n": pa.array(range(5), pa.int8())}))
    assert found.schema == pa.schema([("text", pa.large_string()), ("n", pa.int8()), *scorer.schema])
    assert found.column("toxicity").to_pylist() == scored["toxicity"]
    assert found.schema.field("toxicity_flagged").type == pa.bool_()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no_text"),
        ("", "no_text"),
        (" \n", "no_text"),
        (7, "text_not_a_string"),
        ("x" * 3001, "too_long"),
    ],
)
def test_a_row_without_verdict_says_why_and_has_no_scores(scorer, value, reason):
    row = scorer.table([value]).to_pylist()[0]
    assert (row.pop("scopesift_status"), row.pop("scopesift_reason")) == ("rejected", reason)
    assert set(row.values()) == {None}


def test_numpys_nan_is_no_text(scorer):
    found = scorer({"text": np.array(["a cat", float("nan")], object)})
    assert list(found["scopesift_reason"]) == ["", "no_text"]
    assert found["toxicity"][1] is None


def test_a_dropped_row_says_which_terms_do_not_hold(scored):
    assert scored["scopesift_status"][1] == "dropped"
    assert "lang <> 'de'" in scored["scopesift_reason"][1] or "lang != 'de'" in scored["scopesift_reason"][1]


def test_a_batch_is_judged_in_runs_as_long_as_a_shard(scorer):
    short = pickle.loads(pickle.dumps(scorer))
    short.settings = replace(short.settings, shard_rows=2)
    parts = [scorer.table(TEXTS[at : at + 2]) for at in range(0, len(TEXTS), 2)]
    assert short.table(TEXTS).equals(pa.concat_tables(parts))


def test_no_rows_give_empty_columns(scorer):
    found = scorer({"text": []})
    assert {name: value for name, value in found.items() if value} == {}
    assert scorer.table([]).schema == scorer.schema


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"text": ["a"], "lang": ["x"]}, "has a column 'lang' already"),
        ({"texts": ["a"]}, "expected a column 'text', got 'texts' \\(is it 'texts'\\?\\)"),
        ({"text": "one row"}, "batched=True"),
        (["a text"], "expected a dictionary of columns or an Arrow table, got list"),
    ],
)
def test_another_batch_is_refused_with_one_line(scorer, batch, message):
    with pytest.raises(UsageError, match=message) as caught:
        scorer(batch)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["toxicity <", "nothing > 1", "toxicity", "random() < 0.5"])
def test_a_wrong_condition_is_refused_before_any_work(where):
    with pytest.raises(UsageError, match=r"^where: "):
        Scorer(scope="nano", classifiers=["toxicity"], where=where)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"classifiers": []}, r"^classifiers: expected names or files, got \[\]; leave it out for all"),
        ({"classifiers": 5}, "^classifiers: expected names or files, got 5"),
        ({"classifiers": ["toxicity", None]}, "^classifiers: expected names or files, got"),
        ({"max_chars": 0}, "^max_chars: expected a number of characters from 1 on, got 0$"),
        ({"max_chars": "x"}, "^max_chars: expected a number of characters from 1 on, got 'x'$"),
        ({"max_chars": True}, "^max_chars: .* got True$"),
        ({"where": 5}, "^where: expected a string, got 5$"),
        ({"where": None}, "^where: expected a string, got None$"),
        ({"text": 5}, "^text: expected a string, got 5$"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_with_one_line(setting, message):
    with pytest.raises(UsageError, match=message) as caught:
        Scorer(scope="nano", **setting)
    assert "\n" not in str(caught.value)


def test_one_classifier_need_not_be_in_a_list(tmp_path):
    path = tmp_path / "mine.json"
    Classifier.load("toxicity", "nano").save(path)
    in_list = Scorer(scope="nano", classifiers=["toxicity"])
    for one in ("toxicity", path, str(path)):
        assert Scorer(scope="nano", classifiers=one).schema == in_list.schema
    assert "domain" not in in_list.schema.names


def test_a_label_that_no_classifier_has_is_warned_of_where_the_scorer_is_made():
    with pytest.warns(UserWarning, match="^where compares lang with 'english', which is no label") as caught:
        scorer = Scorer(scope="nano", where="lang = 'english' AND domain <> 'law'")
    assert [one.filename for one in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pickle.loads(pickle.dumps(scorer)).schema  # noqa: B018
        Scorer(scope="nano", where="lang = 'en'")


def test_no_weights_are_read_before_the_first_call(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("weights were read")

    monkeypatch.setattr(Scope, "backbone", refuse)
    monkeypatch.setattr(Scope, "sae", refuse)
    scorer = pickle.loads(pickle.dumps(Scorer(scope="nano", where=WHERE)))
    assert "toxicity" in scorer.schema.names
    with pytest.raises(AssertionError, match="weights were read"):
        scorer({"text": TEXTS})


def test_pickles_and_copies_are_the_same_before_and_after_a_call(scorer, scored):
    fresh = Scorer(scope="nano", where=WHERE, max_chars=3000)
    assert pickle.dumps(scorer) == pickle.dumps(fresh) == pickle.dumps(copy.deepcopy(scorer))
    assert copy.deepcopy(scorer)({"text": TEXTS}) == scored


def test_equal_settings_pickle_to_equal_bytes_in_another_process():
    program = (
        "import hashlib, pickle; from scopesift import Scorer;"
        f"print(hashlib.sha256(pickle.dumps(Scorer(scope='nano', where={WHERE!r}))).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest_of(Scorer(scope="nano", where=WHERE))


def test_other_settings_and_another_version_of_a_classifier_pickle_to_others(tmp_path):
    path = tmp_path / "toxicity.json"
    held = Classifier.load("toxicity", "nano")
    digests = []
    for classifier in (held, replace(held, unknown="harmless")):
        classifier.save(path)
        digests.append(digest_of(Scorer(scope="nano", classifiers=[path])))
    digests += [
        digest_of(Scorer(scope="nano", classifiers=[path], **settings))
        for settings in ({"text": "body"}, {"where": "toxicity < 1"}, {"max_chars": 9}, {"device": "cpu"})
    ]
    assert len(set(digests)) == 6


def test_a_copy_needs_no_artifact_file(tmp_path):
    path = tmp_path / "mine.json"
    Classifier.load("toxicity", "nano").save(path)
    scorer = pickle.loads(pickle.dumps(Scorer(scope="nano", classifiers=[path])))
    path.unlink()
    assert scorer.table(["a cat"]).column("toxicity").null_count == 0


def test_threads_share_a_scorer_and_keep_their_number_of_threads(scorer):
    before = torch.get_num_threads()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: scorer.table([text]).to_pylist(), TEXTS * 2))
    assert found == [scorer.table([text]).to_pylist() for text in TEXTS * 2]
    assert torch.get_num_threads() == before


def test_the_schema_is_the_filters_columns_and_two_of_its_own(scorer):
    names = scorer.schema.names
    assert names[-4:] == ["chars", "tokens", "scopesift_status", "scopesift_reason"]
    assert {"toxicity", "toxicity_flagged", "lang", "lang_score", "lang_scores", "domain"} <= set(names)
    assert json.loads(scorer.__getstate__())["text"] == "text"
