import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scopesift_files.errors import UsageError


def test_attributes_say_row_by_row_what_the_engine_says(engine, texts, write_jsonl, run, rows_of, tmp_path):
    own = texts(40)
    run([write_jsonl("a.jsonl", [{"text": text} for text in own])], tmp_path / "out", mode="attributes")
    records = rows_of(tmp_path / "out" / "attributes")
    for record, answer in zip(records, engine.predict(own), strict=True):
        assert record["toxicity"] == pytest.approx(answer["toxicity"].scores["toxic"], abs=2e-4)
        assert record["toxicity_flagged"] == answer["toxicity"].flagged
        assert record["lang"] == answer["language"].label
        assert record["lang_score"] == pytest.approx(answer["language"].score, abs=2e-4)
        assert record["lang_scores"] == pytest.approx(answer["language"].scores, abs=2e-4)
    assert len({record["lang"] for record in records}) > 1
    assert not (tmp_path / "out" / "kept").exists()


def test_dropped_rows_keep_their_bytes_and_gain_their_reasons(texts, write_jsonl, run, tmp_path, rows_of):
    lines = [b'{"text": "%s", "n": 1.50}' % text.encode() for text in texts(30)]
    run([write_jsonl("a.jsonl", lines)], tmp_path / "out", where="toxicity < 0.4 AND n > 2")
    dropped = [
        line
        for path in sorted((tmp_path / "out" / "dropped").iterdir())
        for line in path.read_bytes().splitlines()
    ]
    assert [line.split(b', "scopesift": ')[0] + b"}" for line in dropped] == lines
    reasons = {tuple(row["scopesift"]["reasons"]) for row in rows_of(tmp_path / "out" / "dropped")}
    assert reasons == {("n > 2",), ("toxicity < 0.4", "n > 2")}


def test_thresholds_by_language_drop_what_the_default_keeps(
    engine, texts, write_jsonl, run, rows_of, tmp_path
):
    path = write_jsonl("a.jsonl", [{"text": text} for text in texts(40)])
    run([path], tmp_path / "scores", mode="attributes")
    scores = rows_of(tmp_path / "scores" / "attributes")
    lang = scores[0]["lang"]
    run([path], tmp_path / "out", thresholds={"toxicity": {"default": 1.0, lang: 0.0}}, mode="both")
    for row in rows_of(tmp_path / "out" / "attributes"):
        assert row["status"] == ("dropped" if row["lang"] == lang else "kept")
        assert row["reasons"] == (["toxicity < toxicity_threshold"] if row["lang"] == lang else [])


def test_parquet_rows_keep_their_columns_and_types(texts, run, tmp_path):
    table = pa.table(
        {
            "text": texts(40),
            "n": pa.array(range(40), pa.int16()),
            "tags": [["a", "b"]] * 40,
            "meta": [{"source": "web" if at % 2 else "book"} for at in range(40)],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=7)
    run([tmp_path / "a.parquet"], tmp_path / "out", where="n >= 10 AND meta.source = 'web'", mode="both")
    kept = pa.concat_tables(pq.read_table(path) for path in sorted((tmp_path / "out" / "kept").iterdir()))
    assert kept.equals(table.filter(pa.array([at >= 10 and at % 2 == 1 for at in range(40)])))
    dropped = pa.concat_tables(
        pq.read_table(path) for path in sorted((tmp_path / "out" / "dropped").iterdir())
    )
    assert dropped.column_names == [*table.column_names, "scopesift"]
    assert len(kept) + len(dropped) == 40


def test_shards_span_small_files_and_never_formats(texts, write_jsonl, run, tmp_path):
    files = [write_jsonl(f"{at}.jsonl", [{"text": text}]) for at, text in enumerate(texts(20))]
    (tmp_path / "z.csv").write_text("text\na cat\n")
    tally = run([*files, tmp_path / "z.csv"], tmp_path / "out")
    assert (tally.rows, tally.shards) == (21, 3)


def test_a_value_of_another_type_than_the_sample_is_rejected_not_guessed(
    texts, write_jsonl, run, rows_of, tmp_path
):
    rows = [{"text": text, "year": 2000 + at} for at, text in enumerate(texts(1010))]
    rows[1005]["year"] = "unknown"
    rows[1006]["year"] = None
    tally = run([write_jsonl("a.jsonl", rows)], tmp_path / "out", where="year > 1999", shard_rows=600)
    (dead,) = rows_of(tmp_path / "out" / "rejected")
    assert (dead["row"], dead["reason"]) == (1005, "bad_value")
    assert (tally.kept, tally.dropped) == (1008, 1)


def test_a_column_of_our_name_that_turns_up_late_is_rejected_not_mistaken(
    write_jsonl, run, rows_of, tmp_path
):
    rows = [{"text": "a cat"} for _ in range(1000)] + [{"text": "a cat", "Lang": "x"}]
    run([write_jsonl("a.jsonl", rows)], tmp_path / "out", where="lang <> 'zz'", shard_rows=2000)
    (dead,) = rows_of(tmp_path / "out" / "rejected")
    assert (dead["row"], dead["reason"]) == (1000, "bad_value")


def test_limit_reads_the_first_rows_only(texts, write_jsonl, run, tmp_path):
    files = [write_jsonl(f"{name}.jsonl", [{"text": text} for text in texts(30)]) for name in "ab"]
    assert run(files, tmp_path / "out", limit=37).rows == 37


def test_the_manifest_adds_up_and_names_what_ran(engine, texts, write_jsonl, run, tmp_path):
    run([write_jsonl("a.jsonl", [*({"text": text} for text in texts(30)), b"{"])], tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["rows"] == {"in": 31, "kept": 30, "dropped": 0, "rejected": 1}
    assert manifest["classifiers"] == engine.versions
    assert sum(manifest["counts"]["label of lang"].values()) == 30
    assert set(manifest["files"]) == {
        path.relative_to(tmp_path / "out").as_posix()
        for folder in ("kept", "rejected")
        for path in (tmp_path / "out" / folder).iterdir()
    }
    assert "<script" not in (tmp_path / "out" / "report.html").read_text()


def test_the_report_gives_reasons_as_shares_of_the_rows_dropped(texts, write_jsonl, run, tmp_path):
    rows = write_jsonl("in.jsonl", [{"text": text} for text in texts(10)])
    tally = run([rows], tmp_path / "out", where="chars < 0 AND tokens < 0")
    assert tally.dropped == 10
    page = (tmp_path / "out" / "report.html").read_text()
    for term in ("chars &lt; 0", "tokens &lt; 0"):
        assert f"<td>{term}</td><td class=n>10</td><td class=n>100.0%</td>" in page


@pytest.mark.parametrize(
    ("inputs", "settings", "says"),
    [
        (["a.jsonl"], {"text": "body"}, "no column 'body'"),
        (["missing.jsonl"], {}, "missing.jsonl"),
        (["a.txt"], {}, "name ending in"),
        (["a.jsonl"], {"mode": "all"}, "mode"),
    ],
)
def test_what_cannot_run_is_refused_before_any_work(write_jsonl, run, tmp_path, inputs, settings, says):
    write_jsonl("a.jsonl", [{"text": "a"}])
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(UsageError, match=says):
        run([tmp_path / name for name in inputs], tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


def test_the_column_that_dropped_rows_get_is_refused_before_any_work(write_jsonl, run, tmp_path):
    path = write_jsonl("a.jsonl", [{"text": "a cat", "scopesift": 1}])
    with pytest.raises(UsageError, match="rename"):
        run([path], tmp_path / "out", where="chars < 0")
    assert not (tmp_path / "out").exists()
    assert run([path], tmp_path / "scores", mode="attributes").kept == 1


def test_the_column_that_dropped_rows_get_is_rejected_where_it_turns_up_late(
    write_jsonl, run, rows_of, tmp_path
):
    rows = [{"text": "a cat"} for _ in range(1000)] + [{"text": "a cat", "scopesift": "x"}]
    tally = run([write_jsonl("a.jsonl", rows)], tmp_path / "out", where="chars < 0", shard_rows=2000)
    (dead,) = rows_of(tmp_path / "out" / "rejected")
    assert (dead["row"], dead["reason"], tally.dropped) == (1000, "bad_value", 1000)


def test_a_reason_is_told_once(write_jsonl, run, rows_of, tmp_path):
    path = write_jsonl("a.jsonl", [{"text": "a cat"}])
    run(
        [path],
        tmp_path / "out",
        where="toxicity < toxicity_threshold",
        thresholds={"toxicity": {"default": 0.0}},
    )
    (dropped,) = rows_of(tmp_path / "out" / "dropped")
    assert dropped["scopesift"]["reasons"] == ["toxicity < toxicity_threshold"]


def test_a_condition_reads_a_lone_surrogate_as_the_model_does(write_jsonl, run, tmp_path):
    line = b'{"text": "a cat \\ud800 b"}'
    run([write_jsonl("a.jsonl", [line])], tmp_path / "out", where="text = 'a cat \ufffd b' AND toxicity <= 1")
    assert [path.read_bytes() for path in (tmp_path / "out" / "kept").iterdir()] == [line + b"\n"]
