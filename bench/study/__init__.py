"""Sparse rules against dense probes and TF-IDF: by labels, features, layer and language; the report's section 5."""
