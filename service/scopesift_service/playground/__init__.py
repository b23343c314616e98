"""The page at `/` and its parts."""
