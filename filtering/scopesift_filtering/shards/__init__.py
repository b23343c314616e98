"""Shards: parts of the input that are read, classified and written as a unit."""
