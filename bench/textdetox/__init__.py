"""Toxicity in nine languages, beside the figures of TextClass-Benchmark."""
