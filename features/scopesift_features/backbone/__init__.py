"""The language model below the deepest layer that is read, and where it comes from."""
