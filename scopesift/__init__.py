"""scopesift: text classifiers without gradient descent that read selected features of sparse autoencoders.

from scopesift import Scope, Classifier

Classifier.load("toxicity").predict(["You are an idiot."])
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scopesift_features.scope import Scope
    from scopesift_filtering.batches.scorer import Scorer

    from scopesift.face import Classifier

__all__ = ["Classifier", "Scope", "Scorer"]
__version__ = "0.1.0"

_PLACES = {
    "Classifier": "scopesift.face",
    "Scope": "scopesift_features.scope",
    "Scorer": "scopesift_filtering.batches.scorer",
}


def __getattr__(name: str) -> Any:
    """The public names, each imported on first use."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
