"""What the recipes of the bundled scopes share: rows, languages from their own labels, feature cards."""
