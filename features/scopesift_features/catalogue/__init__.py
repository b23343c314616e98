"""What scopes there are, how each reads a text, and what of it is on disk."""
