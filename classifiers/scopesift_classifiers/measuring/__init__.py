"""Evaluation of classifiers: metrics, intervals, baselines, drift, and feature cards."""
