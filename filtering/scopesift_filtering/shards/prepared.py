"""A tokenised shard."""

from __future__ import annotations

from dataclasses import dataclass

from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.forms import TextForms
from scopesift_features.reading.batching.batches import Batch, make_batches

from scopesift_filtering.settings import FilterSettings
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
