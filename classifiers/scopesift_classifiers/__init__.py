"""Rules over a few thresholded features, and what fits, measures and runs them."""
