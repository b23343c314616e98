"""With early drop the same rows are kept, and deeper blocks are run for fewer of them."""

from dataclasses import replace

import numpy as np
import pytest
from scopesift_classifiers.judging.engine import Engine
from scopesift_files.errors import UsageError

# toxicity reads layer 1 of the engine, language layer 3
WHERE = "toxicity < 0.5 AND lang IN ('de', 'en') AND chars > 20"


@pytest.fixture
def posts(write_jsonl, texts):
    spelled = [" ".join(text) if row % 7 == 0 else text for row, text in enumerate(texts(60))]
    return [write_jsonl("posts.jsonl", [{"id": row, "text": text} for row, text in enumerate(spelled)])]


@pytest.fixture
def engine(engine):
    toxicity, language = engine.classifiers.values()
    return Engine(engine.scope, [replace(toxicity, restore=True), language])


def _status(out, rows_of):
    kept = [row["id"] for row in rows_of(out / "kept")]
    dropped = {row["id"]: row["scopesift"] for row in rows_of(out / "dropped")}
    return kept, dropped


def test_the_same_rows_are_kept_and_the_dropped_ones_lack_what_was_not_read(run, posts, rows_of, tmp_path):
    run(posts, tmp_path / "whole", where=WHERE)
    run(posts, tmp_path / "early", where=WHERE, early_drop=True)
    whole, early = (_status(tmp_path / name, rows_of) for name in ("whole", "early"))
    assert whole[0] == early[0]
    assert 3 < len(whole[0]) < 57
    assert list(whole[1]) == list(early[1])
    ruled_out = {row for row, why in whole[1].items() if any("toxicity" in one for one in why["reasons"])}
    assert 3 < len(ruled_out) < len(whole[1])
    for row, why in early[1].items():
        assert why["scores"]["toxicity"] == pytest.approx(whole[1][row]["scores"]["toxicity"], abs=2e-4)
        assert (why["scores"]["lang"] is None) == (why["scores"]["lang_scores"] is None) == (row in ruled_out)
        if row in ruled_out:
            assert not any("lang" in one for one in why["reasons"])
        else:
            assert why["reasons"] == whole[1][row]["reasons"]


def test_deeper_blocks_are_run_for_the_rows_that_are_left_only(engine, posts, tmp_path):
    from scopesift_filtering.engines.local import shards_of
    from scopesift_filtering.run_plan import make_plan
    from scopesift_filtering.settings import FilterSettings
    from scopesift_filtering.shards.work import judge_shard

    settings = FilterSettings(where=WHERE, compression="none", batch_tokens=512, early_drop=True)
    plan = make_plan([str(path) for path in posts], tmp_path / "out", settings, engine)
    reader, deeper = engine.reader.without_places(), []
    read_batch = reader.read_batch

    def watched(batch):
        deeper.extend(window.document for window in batch.windows)
        return read_batch(batch)

    reader.read_batch = watched
    (shard,) = shards_of(plan)
    result = judge_shard(engine, reader, plan.judge, shard, settings, plan.early)
    early = {row for row, reasons in result.dropped.items() if any("toxicity" in one for one in reasons)}
    restored = {int(engine.forms([row.text for row in shard.rows]).restored_N[row]) for row in early}
    assert early
    assert not (early | restored) & set(deeper)
    assert set(range(60)) - early <= set(deeper)


def test_workers_and_resuming_do_not_change_the_output(run, posts, bytes_of, tmp_path):
    for workers in (1, 2):
        run(posts, tmp_path / str(workers), where=WHERE, early_drop=True, workers=workers)
    assert bytes_of(tmp_path / "1") == bytes_of(tmp_path / "2")

    run(posts, tmp_path / "2", where=WHERE, early_drop=True, resume=True)
    with pytest.raises(UsageError, match="early_drop"):
        run(posts, tmp_path / "2", where=WHERE, resume=True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"where": "lang = 'de'"}, "needs a term of --where .* lang 3, toxicity 1"),
        ({"where": "toxicity < 0.5 OR lang = 'de'"}, "needs a term of --where"),
        ({"where": "chars > 20"}, "needs a term of --where"),
        ({"where": WHERE, "mode": "both"}, "--early-drop is for --mode split"),
    ],
)
def test_a_run_that_cannot_drop_early_is_refused(run, posts, tmp_path, settings, said):
    with pytest.raises(UsageError, match=said):
        run(posts, tmp_path / "out", early_drop=True, **settings)


def test_selected_forms_are_those_of_the_texts(engine):
    forms = engine.forms(["You are such an idiot", "Y o u  a r e  s u c h  a n  i d i o t", "fine", "1d10t"])
    rows = np.array([1, 3])
    some, documents = forms.select(rows)
    assert some.originals == [forms.originals[row] for row in rows]
    assert list(some.texts) == [forms.texts[row] for row in documents]
    toxicity = engine.classifiers["toxicity"]
    assert documents[some.rows(toxicity)].tolist() == forms.rows(toxicity)[rows].tolist()
    assert {documents[row] for row in some.restored} <= set(forms.restored)
