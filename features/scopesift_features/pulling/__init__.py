"""Fetching scopes from a hub or a local folder, and their requirements."""
