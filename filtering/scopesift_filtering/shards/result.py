"""The result of classifiers and condition for a shard's rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.artifact.classifier import BINARY, DEFAULT, LANGUAGE, Classifier
from scopesift_classifiers.judging.answers import Answers
from scopesift_files.row_readers.row import Row

from scopesift_filtering.columns import ADDED, column_of, our_schema
from scopesift_filtering.condition import CompiledCondition, Condition
from scopesift_filtering.input_values import input_table
from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.shards.shard import Shard

DIGITS = 6  # more are float32 rounding error; with a steep calibration some of these too, see `Calibration`


@dataclass(frozen=True)
class ShardResult:
    """A classified shard.

    Attributes:
        shard: the rows.
        rows: the same rows; those for which the condition can't be evaluated are rejected too.
        judged: indices of the rows with scores.
        ours: Arrow table of our columns, one row for each of `judged`.
        kept: indices of the kept rows.
        dropped: index of each dropped row -> the parts of the condition that do not hold.
        places: tokens computed, including padding.
    """

    shard: Shard
    rows: list[Row]
    judged: list[int]
    ours: Any
    kept: list[int]
    dropped: Mapping[int, list[str]]
    places: int


@dataclass(frozen=True)
class Early:
    """What was dropped before all layers were read.

    Attributes:
        dropped: index of each such row -> the parts of the condition that don't hold.
        read: names of the classifiers whose layers were read for them.
    """

    dropped: Mapping[int, list[str]]
    read: Collection[str]


class RowJudge:
    """Applies condition and thresholds to the classifiers' answers for a shard."""

    def __init__(
        self,
        condition: Condition,
        settings: FilterSettings,
        classifiers: Sequence[Classifier],
        input_schema: Any,
    ) -> None:
        """Check the condition against the columns.

        Raises:
            UsageError: see `CompiledCondition`.
        """
        self.settings, self.classifiers = settings, list(classifiers)
        self.input_schema = input_schema
        self.our_schema = our_schema(classifiers, settings.thresholds)
        self.ambiguous = condition.unqualified(self.our_schema.names) | (
            {ADDED} if settings.splits else set()
        )
        cuts = [f'ours."{name}" < ours."{name}_threshold"' for name in settings.thresholds]
        names = [f"{name} < {name}_threshold" for name in settings.thresholds]
        self.reasons = [*condition.parts, *names]
        self.judge = CompiledCondition(
            [*condition.parts, *cuts], input_schema, self.our_schema, condition.setting
        )

    def result(
        self,
        shard: Shard,
        at: list[int],
        answers: Mapping[str, Answers],
        tokens: list[int],
        places: int,
        early: Early | None = None,
    ) -> ShardResult:
        """Decide which rows are kept.

        Args:
            shard: the rows.
            at: indices of the N classified rows.
            answers: for those, by classifier.
            tokens: of their texts.
            places: tokens computed, including padding.
            early: the rows that were dropped early; the answers of classifiers that they were not read for are null.
        """
        rows = list(shard.rows)
        early = early or Early({}, frozenset())
        early_N = np.array([number in early.dropped for number in at], dtype=np.bool_)
        ours = self._our_table([rows[number] for number in at], answers, tokens, early_N, early.read)
        inputs, bad = input_table(shard, at, self.input_schema, self.ambiguous)
        held, failed = self.judge.judge(inputs, ours)
        for number, why in bad.items():
            rows[number] = replace(rows[number], reason="bad_value", detail=why)
        for place, why in failed.items():
            if at[place] not in bad:
                rows[at[place]] = replace(rows[at[place]], reason="condition_failed", detail=why)
        kept: list[int] = []
        dropped: dict[int, list[str]] = {}
        for number, parts in zip(at, held, strict=True):
            if rows[number].reason:
                continue
            if number in early.dropped:
                dropped[number] = early.dropped[number]
            elif all(parts):
                kept.append(number)
            else:
                reasons = [
                    reason if part is False else f"{reason} is unknown"
                    for reason, part in zip(self.reasons, parts, strict=True)
                    if not part
                ]
                # the condition may have the same term
                dropped[number] = list(dict.fromkeys(reasons))
        good = [place for place, number in enumerate(at) if not rows[number].reason]
        judged = [at[place] for place in good]
        return ShardResult(
            shard, rows, judged, ours.take(good) if good else ours.slice(0, 0), kept, dropped, places
        )

    def _our_table(
        self,
        rows: list[Row],
        answers: Mapping[str, Answers],
        tokens: list[int],
        early_N: NDArray[np.bool_],
        read: Collection[str],
    ) -> Any:
        import pyarrow as pa

        columns: dict[str, Any] = {}
        unread_N = {one.name: early_N & (one.name not in read) for one in self.classifiers}
        for one in self.classifiers:
            name, answer, null_N = column_of(one.name), answers[one.name], unread_N[one.name]
            if one.kind == BINARY:
                columns[name] = pa.array(np.round(answer.scores_NC[:, 0], DIGITS), mask=null_N)
                columns[f"{name}_flagged"] = pa.array(answer.given_N, mask=null_N)
                continue
            columns[name] = pa.array(np.array(answer.label_N, dtype=object), pa.string(), mask=null_N)
            columns[f"{name}_score"] = pa.array(np.round(answer.score_N, DIGITS), mask=null_N)
            parts = [pa.array(part) for part in np.round(answer.scores_NC, DIGITS).T]
            columns[f"{name}_scores"] = pa.StructArray.from_arrays(
                parts, fields=list(self.our_schema.field(f"{name}_scores").type), mask=pa.array(null_N)
            )
        for name, cuts in self.settings.thresholds.items():
            languages = answers[LANGUAGE].label_N if LANGUAGE in answers else [DEFAULT] * len(rows)
            columns[f"{name}_threshold"] = [cuts.get(code, cuts[DEFAULT]) for code in languages]
        columns["chars"] = [len(row.text) for row in rows]
        columns["tokens"] = tokens
        return pa.table(
            [pa.array(columns[field.name], field.type) for field in self.our_schema], schema=self.our_schema
        )
