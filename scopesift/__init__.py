"""scopesift: text classifiers without gradient descent that read selected features of sparse autoencoders.

from scopesift import Scope, Classifier

Classifier.load("toxicity").predict(["You are an idiot."])
"""

from scopesift_features.scope import Scope

from scopesift.face import Classifier

__all__ = ["Classifier", "Scope"]
__version__ = "0.1.0"
