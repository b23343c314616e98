"""Batch filtering of document files, on one machine or a Ray cluster; runs can be resumed."""
