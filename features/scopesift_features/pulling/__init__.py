"""Scopes from a hub or a local folder: what a machine needs for them, and what is fetched."""
