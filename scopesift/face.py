"""The Python API: `Scope` and `Classifier`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scopesift_classifiers.artifact.classifier import Classifier as Artifact
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.loading import in_precision_of
from scopesift_classifiers.judging.routing import with_language
from scopesift_classifiers.judging.verdict import Verdict
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.scope import Scope
from scopesift_features.torch_package import require_torch

if TYPE_CHECKING:
    from scopesift_classifiers.feature_tables.cache import FeatureCache
    from scopesift_classifiers.fitting.fit import FitSettings
    from scopesift_classifiers.labelled_rows.rows import LabelledText


class Classifier:
    """A classifier with its scope: fit, load, save, predict.

    Attributes:
        artifact: Decisions, calibration and provenance.
        engine: Runs them; the bundled language classifier chooses between decisions of languages.
    """

    def __init__(self, artifact: Artifact, scope: Scope, *, backend: str | None = None) -> None:
        """Combine an artifact with the scope that it was fitted on.

        Args:
            artifact: The artifact.
            scope: Its scope.
            backend: As `load`.

        Raises:
            UsageError: A back end that cannot be used here.
            ScopeError: It was fitted on another scope.
        """
        self.artifact = artifact
        self.engine = Engine(scope, with_language([artifact]), backend=backend)

    @classmethod
    def load(
        cls, name_or_path: str | Path, scope: Scope | str | None = None, *, backend: str | None = None
    ) -> Classifier:
        """Load a bundled classifier by name, or an artifact by path.

        Args:
            name_or_path: "toxicity", "language", …; "toxicity-int8", … for its version in int8; or a file.
            scope: The scope or its name; `load("toxicity", "nano")` is nano's classifier. None: the default scope for a
                name, the artifact's for a file. By name it is read in int8 if the artifact is in int8.
            backend: "onnx" (ONNX Runtime) or "torch"; None: see `scopesift_classifiers.judging.backend`.

        Raises:
            UsageError: No such classifier, or a back end that cannot be used here.
            InputError: Not an artifact, of a newer schema, or with a wrong hash.
            ScopeError: Its scope is not on this machine, or another one was given.
        """
        if scope is None:
            artifact = Artifact.load(name_or_path)
            return cls(
                artifact, in_precision_of([artifact], Scope.load(artifact.scope["id"])), backend=backend
            )
        place = scope if isinstance(scope, Scope) else Scope.load(scope)
        artifact = Artifact.load(name_or_path, place.id)
        if not isinstance(scope, Scope):
            place = in_precision_of([artifact], place)
        return cls(artifact, place, backend=backend)

    @classmethod
    def fit(
        cls,
        name: str,
        train: LabelledText | str | Path,
        dev: LabelledText | str | Path | None = None,
        *,
        scope: Scope | str = DEFAULT_SCOPE,
        settings: FitSettings | None = None,
        cache: FeatureCache | None = None,
    ) -> Classifier:
        """Fit on labelled text; without dev rows a fifth of the train rows is held out.

        Args:
            name: Name of the classifier.
            train: Rows, or a JSONL, CSV or Parquet file with text and label, of which the rows marked train are used if
                it has a `split` column.
            dev: The same, for choosing the number of features and the cut; None: the file's rows marked dev.
            scope: A scope or its name; `Scope.load("e5", device="cpu", dtype="int8")` for e5 in int8.
            settings: Preset and its limits.
            cache: Cache of document features, with which a second fit takes seconds; `FeatureCache.default()` is that
                of `scopesift fit`. None: no cache.

        Raises:
            UsageError, InputError, ScopeError: As `fit_classifier`.
        """
        require_torch("fitting")
        from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
        from scopesift_classifiers.fitting.fit_rows import fit_rows

        rows, held_out = fit_rows(train, dev)
        place = scope if isinstance(scope, Scope) else Scope.load(scope)
        artifact = fit_classifier(name, place, rows, held_out, settings or FitSettings(), cache=cache)
        return cls(artifact, place)

    def predict(self, texts: Sequence[str]) -> list[Verdict]:
        """One verdict per text, in order.

        Args:
            texts: Strings of any content and length.
        """
        return [answer[self.artifact.name] for answer in self.engine.predict(texts)]

    def save(self, path: str | Path) -> None:
        """Write the artifact atomically."""
        self.artifact.save(path)
