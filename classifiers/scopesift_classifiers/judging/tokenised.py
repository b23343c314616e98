"""Texts that are tokenised and ready for the model: made in any thread, joined to batches where the model runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scopesift_features.reading.batching.windows import Window, make_windows
from scopesift_features.scope import Scope

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.forms import TextForms


@dataclass(frozen=True, eq=False)
class TokenisedTexts:
    """The windows of N texts and of their restored forms.

    Attributes:
        forms: the D documents that are read for the texts.
        windows: their windows; `Window.document` is a row of `forms.texts`.
    """

    forms: TextForms
    windows: list[Window]

    @classmethod
    def of(
        cls, scope: Scope, texts: Sequence[str], classifiers: Iterable[Classifier], *, offsets: bool = True
    ) -> TokenisedTexts:
        """Tokenise texts; releases the GIL most of the time, so that a thread can do it beside the model.

        Args:
            scope: has the tokenizer.
            texts: N strings.
            classifiers: those that will judge them.
            offsets: as in `make_windows`.
        """
        forms = TextForms.of(texts, classifiers)
        return cls(forms, make_windows(scope, forms.texts, offsets=offsets))

    @classmethod
    def join(cls, parts: Sequence[TokenisedTexts]) -> TokenisedTexts:
        """The texts of several parts, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        forms, rows = TextForms.join([part.forms for part in parts])
        return cls(
            forms,
            [
                replace(window, document=int(row_D[window.document]))
                for part, row_D in zip(parts, rows, strict=True)
                for window in part.windows
            ],
        )

    @property
    def tokens(self) -> int:
        """Tokens that the model runs, with prefixes and suffixes, without padding."""
        return sum(len(window.ids) for window in self.windows)

    @property
    def tokens_N(self) -> NDArray[np.int64]:
        """Tokens of each text, without prefixes and suffixes; those in an overlap of windows count twice."""
        found_N = np.zeros(len(self.forms.originals), dtype=np.int64)
        for window in self.windows:
            if window.document < len(found_N):
                found_N[window.document] += np.count_nonzero(window.keep)
        return found_N
