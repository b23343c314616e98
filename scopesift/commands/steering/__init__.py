"""`scopesift steer` and what belongs to it."""
