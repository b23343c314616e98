"""The language model, cut after the deepest layer that is read, and its sources."""
