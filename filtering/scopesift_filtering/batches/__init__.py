"""Batches that data tools pass: columns in, the same columns and ours out."""
