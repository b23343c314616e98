"""The steps of a shard after tokenising, for both engines: run the model, apply the classifiers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.reading.selected_reader import SelectedReader

from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.shards.early_drop import EarlyDrop, StagedReading
from scopesift_filtering.shards.prepared import Prepared, prepare
from scopesift_filtering.shards.result import Early, RowJudge, ShardResult
from scopesift_filtering.shards.shard import Shard


def compute(
    reader: SelectedReader, prepared: Prepared, threads: int, early: EarlyDrop | None = None
) -> tuple[NDArray[np.float32], Early | None]:
    """Run the model over a shard: activations `[D, S]` of the D texts of `forms`, and the rows dropped early."""
    reader.threads = threads
    if early is not None:
        staged = StagedReading(early, prepared, reader)
        for batch in prepared.batches:
            staged.read(reader, batch)
        staged.finish(reader)
        return staged.acts_NS, staged.early
    reading = reader.nothing(len(prepared.forms.texts))
    for batch in prepared.batches:
        reading.take_in(reader.read_batch(batch))
    return reading.acts_NS, None


def judge_shard(
    engine: Engine,
    reader: SelectedReader,
    judge: RowJudge,
    shard: Shard,
    settings: FilterSettings,
    early: EarlyDrop | None = None,
) -> ShardResult:
    """All steps of a shard but writing it.

    Args:
        engine: scope and classifiers.
        reader: the engine's, without places.
        judge: condition and thresholds.
        shard: the rows.
        settings: sizes of batches, threads.
        early: which rows need no deeper blocks; None: all are read to the end.
    """
    prepared = prepare(engine, shard, settings)
    acts_DS, dropped = compute(reader, prepared, settings.threads, early)
    return judge_prepared(engine, judge, prepared, acts_DS, dropped)


def judge_prepared(
    engine: Engine,
    judge: RowJudge,
    prepared: Prepared,
    acts_DS: NDArray[np.float32],
    early: Early | None = None,
) -> ShardResult:
    """Apply classifiers and condition to a shard that the model has read."""
    answers = engine.answers(acts_DS, prepared.forms)
    return judge.result(prepared.shard, prepared.at, answers, prepared.tokens, prepared.places, early)
