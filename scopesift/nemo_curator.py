"""NeMo Curator: a stage that calls the scorer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scopesift_filtering.batches.columns import check_names, texts_of
from scopesift_filtering.batches.missing import missing_tool
from scopesift_filtering.batches.scorer import Scorer

try:
    import pandas as pd
    from nemo_curator.backends.base import WorkerMetadata
    from nemo_curator.stages.base import ProcessingStage
    from nemo_curator.stages.resources import Resources
    from nemo_curator.tasks import DocumentBatch
except ModuleNotFoundError as error:
    raise missing_tool(error, "nemo-curator>=1.4") from None


class ScopesiftStage(ProcessingStage[DocumentBatch, DocumentBatch]):
    """Adds the scorer's columns to batches of documents; `Filter` on `scopesift_status` then drops rows.

    On GPUs: `ScopesiftStage(scorer).with_(resources=Resources(gpus=1))`.
    """

    name = "scopesift"
    resources = Resources(cpus=1.0)

    def __init__(self, scorer: Scorer) -> None:
        """Choose the scorer; every worker loads its own model."""
        self.scorer = scorer

    def inputs(self) -> tuple[list[str], list[str]]:
        """What a batch needs: the text column."""
        return ["data"], [self.scorer.settings.text]

    def outputs(self) -> tuple[list[str], list[str]]:
        """What a batch has afterwards: the text column and ours."""
        return ["data"], [self.scorer.settings.text, *self.scorer.schema.names]

    def ray_stage_spec(self) -> dict[str, Any]:
        """Run in actors, which load the model once."""
        return {**super().ray_stage_spec(), "is_actor_stage": True}

    def setup(self, worker_metadata: WorkerMetadata | None = None) -> None:
        """Load the model, once a worker."""
        self.scorer.load()

    def process(self, task: DocumentBatch) -> DocumentBatch:
        """Score a batch; its data stay a pandas frame or an Arrow table, as they were.

        Raises:
            UsageError: the batch has a column with the name of one of ours.
        """
        data = self._frame(task.data) if isinstance(task.data, pd.DataFrame) else self.scorer(task.data)
        return replace(task, data=data)

    def _frame(self, data: pd.DataFrame) -> pd.DataFrame:
        """The frame with our columns; theirs are not converted."""
        check_names(data, self.scorer.schema)
        ours = self.scorer.table(texts_of(data, self.scorer.settings.text))
        return pd.concat([data, ours.to_pandas().set_index(data.index)], axis=1)
