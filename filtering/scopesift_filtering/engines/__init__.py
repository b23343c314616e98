"""What runs the shards: threads on this machine, or Ray."""
