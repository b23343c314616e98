"""Shards: parts of the input that are read, judged and written as one."""
