"""scopesift: text classifiers without gradient descent that read selected features of sparse autoencoders.

from scopesift import Scope, Classifier

Classifier.load("toxicity").predict(["You are an idiot."])
"""

from typing import TYPE_CHECKING, Any

from scopesift_features.scope import Scope

from scopesift.face import Classifier

if TYPE_CHECKING:
    from scopesift_filtering.batches.scorer import Scorer

__all__ = ["Classifier", "Scope", "Scorer"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`Scorer`, imported on first use, since few programs need it."""
    if name == "Scorer":
        from scopesift_filtering.batches.scorer import Scorer

        return Scorer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
