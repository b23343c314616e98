"""scopesift: training-free SAE feature classifiers."""
