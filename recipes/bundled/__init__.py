"""Shared code of the bundled scopes' recipes: rows, languages from their own labels, feature cards."""
