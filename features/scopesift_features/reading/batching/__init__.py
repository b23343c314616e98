"""Texts into windows, and windows into padded batches."""
