"""Early drop: rows that classifiers of shallow layers rule out are dropped without running deeper blocks for them.

Exact: a row is kept if all terms of the condition hold, so one term that does not decides it. Rows that are kept are
read to the end, in batches of the same width as without early drop.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.forms import TextForms
from scopesift_features.reading.batching.batches import Batch
from scopesift_features.reading.batching.windows import Window
from scopesift_features.reading.selected_reader import SelectedReader
from scopesift_features.reading.selected_reading import BatchReading
from scopesift_files.errors import UsageError

from scopesift_filtering.columns import column_of, our_schema
from scopesift_filtering.condition import Condition, parse_condition
from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.shards.prepared import Prepared
from scopesift_filtering.shards.result import Early, RowJudge
from scopesift_filtering.shards.shard import Shard


class EarlyDrop:
    """The terms of a condition that classifiers of shallow layers decide.

    Attributes:
        layer: the deepest layer that these classifiers read.
        classifiers: the shallow classifiers, by name.
    """

    def __init__(
        self, engine: Engine, condition: Condition, settings: FilterSettings, input_schema: Any
    ) -> None:
        """Find the terms.

        Args:
            engine: scope and all classifiers.
            condition: of the run.
            settings: of the run.
            input_schema: Arrow schema of the input columns that the condition reads.

        Raises:
            UsageError: no term is decided by classifiers whose layers are all shallower than the deepest one.
        """
        depths = _depths(engine)
        deepest = max(engine.reader.layers, default=0)
        shallow = [one for name, one in engine.classifiers.items() if depths[name] < deepest]
        deep = _names([one for name, one in engine.classifiers.items() if depths[name] == deepest])
        deep |= {f"{name}_threshold".casefold() for name in settings.thresholds}
        named = {part: _named(part) for part in condition.parts}
        parts = [part for part in condition.parts if not named[part] & deep]
        used = [one for one in shallow if any(named[part] & _names([one]) for part in parts)]
        if not used:
            read = ", ".join(f"{column_of(name)} {depth}" for name, depth in sorted(depths.items()))
            raise UsageError(
                "--early-drop needs a term of --where that only reads classifiers of shallower layers than the deepest "
                f"one; the deepest layers are: {read}. Fit one with `scopesift fit … --max-layer N`"
            )
        self.layer = max(depths[one.name] for one in used)
        chosen = {one.name for one in used} | ({LANGUAGE} if any(one.by_lang for one in used) else set())
        self.classifiers = {name: one for name, one in engine.classifiers.items() if name in chosen}
        self._engine = Engine(engine.scope, list(self.classifiers.values()), backend=engine.backend.name)
        at = {feature: column for column, feature in enumerate(engine.features)}
        self._columns_S = np.array([at[feature] for feature in self._engine.features], dtype=np.int64)
        self._judge = RowJudge(
            replace(condition, parts=tuple(parts)),
            replace(settings, thresholds={}),
            list(self.classifiers.values()),
            input_schema,
        )

    def documents(self, forms: TextForms) -> NDArray[np.int64]:
        """The documents that these classifiers read for each text, int64 `[N, classifiers]`."""
        return np.stack([forms.rows(one) for one in self.classifiers.values()], axis=1)

    def drop(
        self, shard: Shard, at: list[int], forms: TextForms, acts_DS: NDArray[np.float32], tokens: list[int]
    ) -> dict[int, list[str]]:
        """The rows that are ruled out, each with the terms that don't hold.

        Args:
            shard: the rows.
            at: indices of N readable rows.
            forms: the D documents that are read for their texts.
            acts_DS: activations of all features of the run's engine in these; deeper layers' may be missing.
            tokens: of the N texts.
        """
        answers = self._engine.answers(acts_DS[:, self._columns_S], forms)
        return dict(self._judge.result(shard, at, answers, tokens, 0).dropped)


class StagedReading:
    """The reading of one shard with early drop; its batches may be read from several threads.

    Attributes:
        early: the rows that are dropped so far.
    """

    def __init__(self, early: EarlyDrop, prepared: Prepared, reader: SelectedReader) -> None:
        """Begin with a tokenised shard."""
        self._dropped: dict[int, list[str]] = {}
        self.early = Early(self._dropped, early.classifiers)
        self._drop, self._prepared = early, prepared
        self._lock = threading.Lock()
        self._rest: list[tuple[Batch, NDArray[np.int64]]] = []
        forms = prepared.forms
        self._reading = reader.nothing(len(forms.texts))
        self._read_NC = early.documents(forms)
        self._text_D = np.arange(len(forms.texts))
        self._text_D[forms.restored_N] = np.arange(len(prepared.at))
        self._windows_D = self._count(window for batch in prepared.batches for window in batch.windows)

    @property
    def acts_NS(self) -> NDArray[np.float32]:
        """Activations in the N documents so far, float32; deeper layers' are missing where the row is dropped."""
        return self._reading.acts_NS

    def read(self, reader: SelectedReader, batch: Batch) -> None:
        """Read one batch: to the end for the texts that are not dropped, if all of their windows are in it."""
        halted = reader.read_shallow(batch, self._drop.layer)
        self._take_in(halted.reading)
        text_W = self._text_D[[window.document for window in batch.windows]]
        missing_D = self._windows_D > self._count(batch.windows)
        known_M = np.unique(text_W)
        known_M = known_M[~missing_D[self._read_NC[known_M]].any(axis=1)]
        with reader.clock("judge"):
            kept_M = self._kept(known_M)
        later_W = np.flatnonzero(~np.isin(text_W, known_M))
        if len(later_W):
            with self._lock:
                self._rest.append((batch, later_W))
        on_W = np.flatnonzero(np.isin(text_W, kept_M))
        if len(on_W):
            self._take_in(reader.read_deeper(halted, on_W))

    def finish(self, reader: SelectedReader) -> None:
        """Read what is left after the last batch: texts with windows in several batches, if they are not dropped."""
        document_W = [batch.windows[row].document for batch, rows_W in self._rest for row in rows_W]
        known_M = np.unique(self._text_D[document_W])
        with reader.clock("judge"):
            kept_M = self._kept(known_M)
        for batch, rows_W in self._rest:
            text_W = self._text_D[[batch.windows[row].document for row in rows_W]]
            on_W = rows_W[np.isin(text_W, kept_M)]
            if len(on_W):
                self._take_in(reader.read_batch(batch.select(on_W)))

    def _kept(self, text_M: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the texts that the shallow classifiers don't rule out; the others' rows are dropped."""
        prepared = self._prepared
        asked_M = np.array(
            [text for text in text_M.tolist() if prepared.at[text] not in self._dropped], np.int64
        )
        if not len(asked_M):
            return asked_M
        at = [prepared.at[text] for text in asked_M]
        forms, row_D = prepared.forms.select(asked_M)
        tokens = [prepared.tokens[text] for text in asked_M]
        found = self._drop.drop(prepared.shard, at, forms, self.acts_NS[row_D], tokens)
        with self._lock:
            self._dropped.update(found)
        return asked_M[[number not in found for number in at]]

    def _take_in(self, found: BatchReading) -> None:
        with self._lock:
            self._reading.take_in(found)

    def _count(self, windows: Iterable[Window]) -> NDArray[np.int64]:
        """Windows of each document."""
        documents = [window.document for window in windows]
        return np.bincount(documents, minlength=len(self._prepared.forms.texts))


def _depths(engine: Engine) -> dict[str, int]:
    """The deepest layer that each classifier's answer depends on, by name."""
    language = engine.classifiers.get(LANGUAGE)
    routing = language.deepest_layer if language else 0
    return {
        name: max(one.deepest_layer, routing if one.by_lang else 0)
        for name, one in engine.classifiers.items()
    }


def _names(classifiers: Sequence[Classifier]) -> set[str]:
    """The columns that classifiers add, as SQL compares names."""
    return {field.name.casefold() for field in our_schema(classifiers, {})} - {"chars", "tokens"}


def _named(part: str) -> set[str]:
    """The columns, ours or the input's, that a term of a condition names."""
    paths = parse_condition(part).columns
    return {
        (path[1] if path[0].casefold() == "ours" and len(path) > 1 else path[0]).casefold() for path in paths
    }
