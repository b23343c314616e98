"""The three steps of a shard, for both engines: tokenise, run the model, apply the classifiers and write."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.forms import TextForms
from scopesift_features.reading.batches import Batch, make_batches
from scopesift_features.reading.selected_reader import SelectedReader

from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.shards.result import RowJudge, ShardResult
from scopesift_filtering.shards.shard import Shard


@dataclass(frozen=True, eq=False)
class Prepared:
    """A tokenised shard.

    Attributes:
        shard: the rows.
        at: indices of the readable rows.
        forms: the documents that are read: document n is the text of row `at[n]`, restored forms come after these.
        batches: batches for the model, longest first.
        tokens: of each readable row; tokens in an overlap of windows are counted twice.
        places: tokens of the batches, including padding.
    """

    shard: Shard
    at: list[int]
    forms: TextForms
    batches: list[Batch]
    tokens: list[int]
    places: int


def prepare(engine: Engine, shard: Shard, settings: FilterSettings) -> Prepared:
    """Tokenise the readable rows and make batches; depends on the shard, the settings and the classifiers only."""
    at = [number for number, row in enumerate(shard.rows) if not row.reason]
    tokenised = engine.tokenise([shard.rows[number].text for number in at], offsets=False)
    batches = list(make_batches(tokenised.windows, settings.batch_tokens))
    places = sum(batch.ids_BT.size for batch in batches)
    return Prepared(shard, at, tokenised.forms, batches, tokenised.tokens_N.tolist(), places)


def compute(reader: SelectedReader, prepared: Prepared, threads: int) -> NDArray[np.float32]:
    """Run the model over a shard: activations `[D, S]` of the D texts of `forms`."""
    reader.threads = threads
    reading = reader.nothing(len(prepared.forms.texts))
    for batch in prepared.batches:
        reading.take_in(reader.read_batch(batch))
    return reading.acts_NS


def judge_shard(
    engine: Engine, reader: SelectedReader, judge: RowJudge, shard: Shard, settings: FilterSettings
) -> ShardResult:
    """All steps of a shard but writing it.

    Args:
        engine: scope and classifiers.
        reader: the engine's, without places.
        judge: condition and thresholds.
        shard: the rows.
        settings: sizes of batches, threads.
    """
    prepared = prepare(engine, shard, settings)
    acts_DS = compute(reader, prepared, settings.threads)
    return judge_prepared(engine, judge, prepared, acts_DS)


def judge_prepared(
    engine: Engine, judge: RowJudge, prepared: Prepared, acts_DS: NDArray[np.float32]
) -> ShardResult:
    """Apply classifiers and condition to a shard that the model has read."""
    answers = engine.answers(acts_DS, prepared.forms)
    return judge.result(prepared.shard, prepared.at, answers, prepared.tokens, prepared.places)
