"""The documents that are read for texts: the texts, and their restored forms if a classifier needs them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scopesift_features.restoring.restore import restore
from scopesift_features.tokenizing.normalisation import Aligned

from scopesift_classifiers.artifact.classifier import Classifier


@dataclass(frozen=True, eq=False)
class TextForms:
    """The documents that are read for N texts.

    Attributes:
        originals: the N texts.
        texts: the D documents: the originals, then the restored forms that differ from them.
        restored: offsets of each restored form in its original, by its row in `texts`.
        restored_N: row of each text's restored form, int64.
    """

    originals: Sequence[str]
    texts: Sequence[str]
    restored: dict[int, Aligned]
    restored_N: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str], classifiers: Iterable[Classifier]) -> TextForms:
        """The documents for these classifiers; a text that restoring doesn't change is read once."""
        row_N = np.arange(len(texts))
        if not any(one.restore for one in classifiers):
            return cls(texts, texts, {}, row_N)
        read, restored = list(texts), {}
        for row, text in enumerate(texts):
            aligned = restore(text)
            if aligned.text != text:
                row_N[row] = len(read)
                restored[len(read)] = aligned
                read.append(aligned.text)
        return cls(texts, read, restored, row_N)

    @classmethod
    def join(cls, parts: Sequence[TextForms]) -> tuple[TextForms, list[NDArray[np.int64]]]:
        """The documents of several parts, one part's texts after the other's.

        Returns:
            The joined documents, and for each part the new rows of its documents.
        """
        originals = [text for part in parts for text in part.originals]
        read, restored, rows, begin = list(originals), dict[int, Aligned](), [], 0
        for part in parts:
            count = len(part.originals)
            added = part.texts[count:]
            row_D = np.concatenate([begin + np.arange(count), len(read) + np.arange(len(added))])
            restored.update({int(row_D[row]): aligned for row, aligned in part.restored.items()})
            read += added
            rows.append(row_D)
            begin += count
        row_N = [row_D[part.restored_N] for part, row_D in zip(parts, rows, strict=True)]
        return cls(originals, read, restored, np.concatenate(row_N)), rows

    def select(self, text_M: NDArray[np.int64]) -> tuple[TextForms, NDArray[np.int64]]:
        """The documents of some of the texts.

        Returns:
            Them, and their rows in `texts`, int64.
        """
        restored_M = self.restored_N[text_M]
        differs_M = restored_M != text_M
        row_D = np.concatenate((text_M, restored_M[differs_M]))
        place_M = np.where(differs_M, len(text_M) + np.cumsum(differs_M) - 1, np.arange(len(text_M)))
        restored = {
            place: self.restored[row] for place, row in enumerate(row_D.tolist()) if row in self.restored
        }
        read = [self.texts[row] for row in row_D]
        return TextForms(read[: len(text_M)], read, restored, place_M), row_D

    def rows(self, classifier: Classifier) -> NDArray[np.int64]:
        """Row of the document that a classifier reads for each text, int64 `[N]`."""
        return self.restored_N if classifier.restore else np.arange(len(self.originals))

    def original(self, row: int, start: int, end: int) -> tuple[int, int]:
        """The span in the original text of a span in the document of row `row`."""
        if row not in self.restored or start >= end:
            return start, end
        ((first, last),) = self.restored[row].original(np.array([[start, end]])).tolist()
        return first, last
