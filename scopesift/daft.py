"""Daft: the scorer's columns as an expression."""

from __future__ import annotations

from typing import Any

from scopesift_filtering.batches.missing import missing_tool
from scopesift_filtering.batches.scorer import Scorer

try:
    import daft
except ModuleNotFoundError as error:
    raise missing_tool(error, "daft>=0.6") from None

BATCH_ROWS = 1024


def scores(text: daft.Expression, scorer: Scorer, *, batch_size: int = BATCH_ROWS, **instances: Any) -> Any:
    """Add the scorer's columns to a frame.

    Example: `df.select("*", scores(df["text"], Scorer()))`

    Args:
        text: column of the texts.
        scorer: what scores them.
        batch_size: most rows that are scored together.
        instances: options of `daft.cls`: gpus, max_concurrency, use_process.

    Returns:
        An expression of as many columns as `scorer.schema` has.
    """
    import pyarrow as pa

    dtype = daft.DataType.from_arrow_type(pa.struct(list(scorer.schema)))

    @daft.cls(**instances)
    class Columns:
        def __init__(self, scorer: Scorer) -> None:
            self.scorer = scorer

        @daft.method.batch(return_dtype=dtype, unnest=True, batch_size=batch_size)  # type: ignore[untyped-decorator]
        def judge(self, text: daft.Series) -> Any:
            return self.scorer.table(text.to_pylist()).to_struct_array().combine_chunks()

    return Columns(scorer).judge(text)
