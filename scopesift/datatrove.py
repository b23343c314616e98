"""datatrove: a filter and a labeller, both of which call the scorer."""

from __future__ import annotations

from scopesift_files.errors import UsageError
from scopesift_filtering.batches.columns import check_names
from scopesift_filtering.batches.missing import missing_tool
from scopesift_filtering.batches.scorer import KEPT, REASON, STATUS, Scorer

try:
    from datatrove.data import Document
    from datatrove.pipeline.filters.base_filter import BaseFilter
    from datatrove.pipeline.writers.disk_base import DiskWriter
except ModuleNotFoundError as error:
    raise missing_tool(error, "datatrove>=0.10") from None

BATCH_DOCUMENTS = 1024


class ScopesiftLabeller(BaseFilter):
    """Adds the scorer's columns to every document's metadata, and removes none."""

    name = "🔭 scopesift labels"

    def __init__(self, scorer: Scorer, batch_size: int = BATCH_DOCUMENTS) -> None:
        """Choose the scorer.

        Args:
            scorer: what scores the documents' text; its condition, if any, only sets `scopesift_status`.
            batch_size: documents that are scored together.
        """
        super().__init__(batch_size=batch_size)
        self.scorer = scorer

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Label one document; a batch is much faster."""
        return self.filter_batch([doc])[0]

    def filter_batch(self, batch: list[Document]) -> list[bool | tuple[bool, str]]:
        """Label documents.

        Raises:
            UsageError: a document's metadata has the name of one of our columns.
        """
        _label(self.scorer, batch)
        return [True] * len(batch)


class ScopesiftFilter(BaseFilter):
    """Drops documents that do not meet the scorer's condition, or have no verdict; their reason is `scopesift_reason`.

    All documents get the scorer's columns in their metadata, and those of `exclusion_writer` the reason as
    `filter_reason`.
    """

    name = "🔭 scopesift"

    def __init__(
        self, scorer: Scorer, exclusion_writer: DiskWriter | None = None, batch_size: int = BATCH_DOCUMENTS
    ) -> None:
        """Choose the scorer.

        Args:
            scorer: what scores the documents' text, with a condition.
            exclusion_writer: writes the dropped documents.
            batch_size: documents that are scored together.

        Raises:
            UsageError: the scorer has no condition.
        """
        if not scorer.where.strip():
            raise UsageError("the scorer has no condition; give Scorer(where=…), or use ScopesiftLabeller")
        super().__init__(exclusion_writer, batch_size)
        self.scorer = scorer

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Judge one document; a batch is much faster."""
        return self.filter_batch([doc])[0]

    def filter_batch(self, batch: list[Document]) -> list[bool | tuple[bool, str]]:
        """Judge documents: True for those that are kept, (False, reason) for the others.

        Raises:
            UsageError: a document's metadata has the name of one of our columns.
        """
        _label(self.scorer, batch)
        return [doc.metadata[STATUS] == KEPT or (False, doc.metadata[REASON]) for doc in batch]


def _label(scorer: Scorer, batch: list[Document]) -> None:
    for doc in batch:
        check_names(doc.metadata, scorer.schema)
    rows = scorer.table([doc.text for doc in batch]).to_pylist()
    for doc, row in zip(batch, rows, strict=True):
        doc.metadata.update(row)
