import gzip
import json
import random

import numpy as np
import pytest
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import read_table
from scopesift_classifiers.rule_search.paper import firing_deltas as deltas_of_table
from scopesift_classifiers.studies.reproduction import reproduce
from scopesift_classifiers.studies.reproduction_counts import read_columns, read_firing_deltas
from scopesift_classifiers.studies.reproduction_data import find_languages, read_study_rows
from scopesift_files.errors import InputError, UsageError

SPLITS = ["train"] * 6 + ["dev"] * 2 + ["test"] * 2


def rude(n, word, seed):
    rng = random.Random(seed)
    plain = ["cat", "rain", "mat", "watched", "vaccine", "trial", "large", "sat"]
    rows = []
    for at in range(n):
        words = [rng.choice(plain) for _ in range(6)] + ([word] if at % 2 else [])
        rows.append((" ".join(words), at % 2))
    return rows


def write_split_files(folder, languages):
    (folder / "toxicity").mkdir()
    for lang, word in languages.items():
        with gzip.open(folder / "toxicity" / f"{lang}.jsonl.gz", "wt", encoding="utf-8") as stream:
            for at, (text, toxic) in enumerate(rude(200, word, 1)):
                row = {"text": text, "label": "toxic" if toxic else "clean", "split": SPLITS[at // 2 % 10]}
                stream.write(json.dumps(row) + "\n")
    return folder


def write_textdetox_files(folder, languages):
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / "data").mkdir()
    for lang, word in languages.items():
        rows = rude(160, word, 2)
        table = pa.table({"text": [text for text, _ in rows], "toxic": [toxic for _, toxic in rows]})
        for part in range(2):
            pq.write_table(
                table.slice(80 * part, 80), folder / "data" / f"{lang}-0000{part}-of-00002.parquet"
            )
    return folder


@pytest.fixture(scope="module")
def split_files(tmp_path_factory):
    words = {"ru": "Сегодня погода", "en": "idiot", "de": "idiot"}
    return write_split_files(tmp_path_factory.mktemp("study"), words)


@pytest.fixture(scope="module")
def measured(tiny_scope, split_files):
    steps = []
    found = reproduce(tiny_scope, split_files, on_progress=lambda done, total: steps.append((done, total)))
    return found, steps


def test_the_languages_of_the_report_come_first(tmp_path):
    for name in ("zz.csv", "ja.jsonl", "en.jsonl.gz", "ru.parquet", "README.md", "de.txt"):
        (tmp_path / name).touch()
    assert list(find_languages(tmp_path)) == ["en", "ru", "ja", "zz"]


def test_a_folder_without_english_is_refused(tmp_path):
    with pytest.raises(UsageError, match="one of them en, got none"):
        find_languages(tmp_path)


def test_the_data_sets_own_layout_is_read_with_its_parts_joined(tmp_path):
    files = find_languages(write_textdetox_files(tmp_path, {"en": "idiot"}))
    rows = read_study_rows("en", files["en"])
    assert len(rows.discovery) + len(rows.test) > 140
    assert rows.discovery.classes == ["clean", "toxic"]


def test_without_a_split_column_no_text_is_in_two_parts(tmp_path):
    rows = read_study_rows("en", find_languages(write_textdetox_files(tmp_path, {"en": "idiot"}))["en"])
    counted_on = {text for text, own in zip(rows.discovery.texts, rows.fit_N, strict=True) if own}
    assert not counted_on & set(rows.dev.texts)
    assert not set(rows.discovery.texts) & set(rows.test.texts)
    assert set(rows.dev.texts) <= set(rows.discovery.texts)


def test_a_file_without_marks_beside_one_with_them_gives_rows_to_discovery_only(tmp_path):
    folder = tmp_path / "toxicity"
    write_split_files(tmp_path, {"en": "idiot"})
    bare = [{"text": f"bare {text}", "label": str(toxic)} for text, toxic in rude(40, "fool", 3)]
    (folder / "en-more.jsonl").write_text("".join(json.dumps(row) + "\n" for row in bare))
    rows = read_study_rows("en", find_languages(tmp_path)["en"])
    held_out = [*rows.dev.texts, *rows.test.texts]
    assert held_out
    assert not any(text.startswith("bare") for text in held_out)
    assert any(text.startswith("bare") for text in rows.discovery.texts)


def test_every_part_is_balanced(split_files):
    rows = read_study_rows("de", find_languages(split_files)["de"])
    for part in (rows.discovery, rows.dev, rows.test):
        assert part.labels.count("toxic") * 2 == len(part) > 0


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "en.jsonl").touch()
    with pytest.raises(InputError, match="expected rows"):
        read_study_rows("en", [tmp_path / "en.jsonl"])


def test_counts_in_chunks_are_the_counts_of_the_whole_table(tiny_scope, monkeypatch):
    monkeypatch.setattr("scopesift_classifiers.studies.reproduction_counts.CHUNK_TEXTS", 7)
    rows = rude(30, "idiot", 4)
    texts, positive = [text for text, _ in rows], np.array([bool(toxic) for _, toxic in rows])
    half = np.arange(30) < 16
    read = []
    found = read_firing_deltas(tiny_scope, texts, positive, {"all": half | True, "half": half}, read.append)
    table = read_table(tiny_scope, texts)
    expected = deltas_of_table(table, positive).reshape(len(table.layers), table.d_sae)
    np.testing.assert_allclose(found["all"], expected, atol=1e-6)
    half_table = deltas_of_table(table.rows(np.flatnonzero(half)), positive[half])
    np.testing.assert_allclose(found["half"].ravel(), half_table, atol=1e-6)
    assert sum(read) == 30
    columns = {0: np.array([3, 70]), 2: np.array([5])}
    fires = read_columns(tiny_scope, texts, columns, read.append)
    assert (fires[0] == (table.dense([3, 70]) > 0)).all()
    assert (fires[2] == (table.dense([2 * table.d_sae + 5]) > 0)).all()


def test_every_language_has_every_number(measured):
    found, steps = measured
    assert list(found["languages"]) == ["en", "ru", "de"]
    for own in found["languages"].values():
        assert set(own["report_by_k"]) == set(own["top1_diff"]) == {"1", "2", "5", "10"}
        assert len(own["tenth"]["report"]) == len(own["tenth"]["ours"]) == 5
        assert own["always_toxic"]["f1"] == pytest.approx(2 / 3, abs=1e-3)
    assert steps[-1][0] == steps[-1][1]
    json.dumps(found)


def test_the_reports_protocol_is_never_below_any_layer_and_k_it_could_choose(measured):
    for own in measured[0]["languages"].values():
        assert own["report"]["f1"] == max(one["f1"] for one in own["report_by_k"].values())
        assert own["report"]["f1"] >= max(one["f1"] for one in own["top1_diff"].values())
        # the rows that are counted on are the same here, so only the choice differs
        assert own["report"]["f1"] >= own["ours"]["f1"]


def test_english_on_itself_is_its_own_result(measured):
    own = measured[0]["languages"]["en"]
    assert own["from_en"]["report"] == own["report"]
    assert own["from_en"]["ours"] == own["ours"]


def test_a_language_with_a_word_of_its_own_beats_flagging_everything(measured):
    own = measured[0]["languages"]["ru"]
    assert own["report"]["f1"] > own["always_toxic"]["f1"] + 0.05


def test_a_cache_changes_nothing(tiny_scope, split_files, measured, tmp_path):
    cache = FeatureCache(tmp_path)
    assert reproduce(tiny_scope, split_files, cache=cache) == measured[0]
    assert cache.size()
