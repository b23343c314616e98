"""Engines that run the shards: threads on this machine, or Ray."""
