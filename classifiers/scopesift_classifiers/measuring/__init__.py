"""How good a classifier is: metrics, intervals, baselines, drift, and what its features fire on."""
