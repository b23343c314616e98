"""Scopes, windows, batches and document features."""
