"""Scopes, backbones, SAEs, and reading of texts: windows, batches and document features."""
