"""Reading the rows of all classifiers of a scope once, into the user's feature cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.console import Console
from rich.progress import Progress
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_features.scope import Scope


def read_everything(scope: Scope, wanted: Iterable[LabelledText], say: Callable[[str], None]) -> None:
    """Read rows with features and mean residuals; fits and baselines then take both from the cache.

    Args:
        scope: What they are read with.
        wanted: Rows; texts that occur twice are read once.
        say: Called with one line.
    """
    cache = FeatureCache.default()
    if cache is None:
        say("the feature cache is off: each fit reads its own rows")
        return
    texts = list(dict.fromkeys(text for rows in wanted for text in rows.texts))
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"reading {len(texts):,} texts", total=len(texts))
        cache.document_features(
            scope,
            texts,
            scope.layers,
            mean_residual=True,
            on_progress=lambda done, _total: bar.update(task, completed=done),
        )
    say(f"{len(texts):,} texts are in {cache.folder}")
