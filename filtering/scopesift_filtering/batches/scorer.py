"""The scorer: a picklable callable that takes the columns of a batch and returns them with our columns added."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.loading import in_precision_of, load_classifiers
from scopesift_classifiers.judging.routing import with_language
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError
from scopesift_files.row_readers.row import Row

from scopesift_filtering.batches.columns import check_names, in_kind, texts_of
from scopesift_filtering.columns import our_schema
from scopesift_filtering.condition import Condition, parse_condition
from scopesift_filtering.run_record import LAYOUT
from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.shards.result import RowJudge, ShardResult
from scopesift_filtering.shards.shard import Shard
from scopesift_filtering.shards.work import judge_shard
from scopesift_filtering.unknown_labels import unknown_labels

STATUS, REASON = "scopesift_status", "scopesift_reason"
KEPT, DROPPED, REJECTED = "kept", "dropped", "rejected"


class Scorer:
    """Scores the texts of a batch with all classifiers at once, as `scopesift filter` does.

    For functions that map a callable over batches: `datasets.Dataset.map(scorer, batched=True)`,
    `ray.data.Dataset.map_batches(Scorer, …)`, and the adapters in `scopesift.datatrove`, `scopesift.daft` and
    `scopesift.nemo_curator`.

    The columns that it adds are those of the filter's condition (`toxicity`, `toxicity_flagged`, `lang`, `lang_score`,
    `lang_scores`, …, `chars`, `tokens`; see `our_schema`), and two strings that are never null:

    - `scopesift_status`: "kept" (the condition holds, or there is none), "dropped", or "rejected" (no verdict);
    - `scopesift_reason`: for a dropped row the terms of the condition that do not hold, joined by "; "; for a
      rejected one `no_text` (null or blank), `text_not_a_string`, `too_long` or `condition_failed`; else "".

    All other columns of ours are null in a rejected row.

    It pickles as its settings and the classifiers' artifacts: equal settings and classifiers give equal bytes in every
    process (the fingerprint of `datasets`), and workers need the scope but not the artifact files. The model is loaded
    on the first call, once in each process or copy. Calls from several threads run one after the other.

    Rows are judged in runs of 1,024 like the filter's shards, with one thread per matrix product. The same rows in the
    same batches get the same bits; in other batches, scores differ by rounding (of the sixth decimal, rarely more).

    Attributes:
        settings: column of the text, condition, limits.
        where: the condition, "" without one.
    """

    def __init__(
        self,
        *,
        scope: str | Path = DEFAULT_SCOPE,
        classifiers: str | Path | Sequence[str | Path] | None = None,
        text: str = "text",
        where: str = "",
        max_chars: int = FilterSettings.max_chars,
        device: str | None = None,
    ) -> None:
        """Read the classifiers' artifacts and check the condition; weights are read on the first call.

        Args:
            scope: name or folder of the scope, the same on every worker.
            classifiers: bundled names or artifact files, or one; None: all that are bundled with the scope.
            text: column of the text.
            where: SQL condition over our columns and the text, as in `scopesift filter --where`.
            max_chars: longer texts are rejected.
            device: where the model runs, chosen in the worker; None: a GPU if there is one.

        Warns:
            UserWarning: the condition compares one of our columns with what is no label of it.

        Raises:
            UsageError: no such scope or classifier, a setting of the wrong type, or a wrong condition.
            InputError: a file that is not an artifact.
            ScopeError: a scope that can't be read.
        """
        names = _names_of(classifiers)
        for setting, value in (("text", text), ("where", where)):
            if not isinstance(value, str):
                raise UsageError(f"{setting}: expected a string, got {value!r}")
        if not isinstance(max_chars, int) or isinstance(max_chars, bool) or max_chars < 1:
            raise UsageError(f"max_chars: expected a number of characters from 1 on, got {max_chars!r}")
        place = Scope.load(scope, device="cpu")
        loaded = load_classifiers(names, place.id)
        in_precision_of(loaded, place)  # refuses a mixture now
        loaded = with_language(loaded)
        content = {
            "layout": LAYOUT,
            "scope": place.id if place.bundled else str(place.folder.resolve()),
            "device": device,
            "text": text,
            "where": where,
            "max_chars": max_chars,
            "classifiers": [one.to_json() for one in loaded],
        }
        # one string: pickles of equal structures may differ in which of their parts are the same object
        self.__setstate__(json.dumps(content, sort_keys=True))
        self._classifiers = loaded
        self._judge  # noqa: B018 - checks the condition now
        for line in unknown_labels(self._condition, loaded):
            warnings.warn(line, stacklevel=2)

    def __getstate__(self) -> str:
        return self._identity

    def __setstate__(self, identity: str) -> None:
        self._identity = identity
        self._lock = threading.Lock()
        self._content: dict[str, Any] = json.loads(identity)
        self.where: str = self._content["where"]
        self.settings = FilterSettings(
            text=self._content["text"],
            where=self.where,
            mode="attributes",
            max_chars=self._content["max_chars"],
        )

    @cached_property
    def schema(self) -> Any:
        """Arrow schema of the columns that are added."""
        import pyarrow as pa

        return pa.schema(
            [*self._judge.our_schema, pa.field(STATUS, pa.string()), pa.field(REASON, pa.string())]
        )

    def load(self) -> None:
        """Load the model now instead of on the first call, and check that the scope is the classifiers'.

        Raises:
            UsageError: no such scope or device.
            ScopeError: another scope than that of the fit, or files that are missing or damaged.
        """
        with self._lock:
            self._engine.reader.load()

    def __call__(self, batch: Any) -> Any:
        """Add our columns to a batch.

        Args:
            batch: columns by name, `[N]` values each: lists, numpy arrays or Arrow arrays; or an Arrow table.

        Returns:
            A dictionary of the batch's columns and ours, ours of the text column's kind; for a table, a table.

        Raises:
            UsageError: not columns, no text column, or a column with the name of one of ours.
        """
        import pyarrow as pa

        if isinstance(batch, pa.Table):
            columns = {name: batch.column(name) for name in batch.column_names}
            return pa.table(self(columns), metadata=batch.schema.metadata)
        if not isinstance(batch, Mapping):
            raise UsageError(
                f"expected a dictionary of columns or an Arrow table, got {type(batch).__name__}; "
                "choose that batch format"
            )
        texts = texts_of(batch, self.settings.text)
        check_names(batch, self.schema)
        ours = self.table(texts)
        like = batch[self.settings.text]
        return {**batch, **{name: in_kind(ours.column(name), like) for name in ours.column_names}}

    def table(self, texts: Sequence[Any]) -> Any:
        """Our columns for texts, an Arrow table `[N]` of the type `schema`.

        Args:
            texts: N values; those that are not strings, blank or too long are rejected.
        """
        import pyarrow as pa

        size = self.settings.shard_rows
        parts = [self._table(texts[begin : begin + size]) for begin in range(0, len(texts), size)]
        return pa.concat_tables(parts) if parts else self.schema.empty_table()

    def _table(self, texts: Sequence[Any]) -> Any:
        import pyarrow as pa

        column = self.settings.text
        rows = [
            Row("the batch", number, fields={column: value}).with_text(
                column, max_chars=self.settings.max_chars, blank=False
            )
            for number, value in enumerate(texts)
        ]
        result = self._result(Shard(0, 0, "jsonl", rows))
        place = {number: at for at, number in enumerate(result.judged)}
        ours = result.ours.take(pa.array([place.get(number) for number in range(len(rows))], pa.int64()))
        kept = set(result.kept)
        status = [
            REJECTED if row.reason else KEPT if number in kept else DROPPED
            for number, row in enumerate(result.rows)
        ]
        reasons = [
            row.reason or "; ".join(result.dropped.get(number, ())) for number, row in enumerate(result.rows)
        ]
        columns = [*ours.columns, pa.array(status, pa.string()), pa.array(reasons, pa.string())]
        return pa.table(columns, schema=self.schema)

    def _result(self, shard: Shard) -> ShardResult:
        with self._lock:
            engine, reader = self._engine, self._engine.reader.without_places()
            before = reader.threads
            settings = self.settings.on_device(engine.scope.device)
            try:
                return judge_shard(engine, reader, self._judge, shard, settings)
            finally:
                reader.threads = before

    @cached_property
    def _classifiers(self) -> list[Classifier]:
        texts = self._content["classifiers"]
        return [Classifier.from_dict(json.loads(text), origin="the scorer") for text in texts]

    @cached_property
    def _condition(self) -> Condition:
        return parse_condition(self.where, "where")

    @cached_property
    def _judge(self) -> RowJudge:
        import pyarrow as pa

        condition = self._condition
        ours = our_schema(self._classifiers, {})
        read = condition.input_columns([self.settings.text], ours.names)
        inputs = pa.schema([pa.field(name, pa.string()) for name in read])
        return RowJudge(condition, self.settings, self._classifiers, inputs)

    @cached_property
    def _engine(self) -> Engine:
        scope = Scope.load(self._content["scope"], device=self._content["device"])
        return Engine(in_precision_of(self._classifiers, scope), self._classifiers)


def _names_of(classifiers: Any) -> list[str | Path]:
    """The classifiers to load; none: all that are bundled with the scope."""
    if classifiers is None:
        return []
    if isinstance(classifiers, (str, Path)):
        return [classifiers]
    names = list(classifiers) if isinstance(classifiers, Sequence) else [classifiers]
    if not names or not all(isinstance(name, (str, Path)) for name in names):
        raise UsageError(
            f"classifiers: expected names or files, got {classifiers!r}; leave it out for all that are bundled"
        )
    return names
