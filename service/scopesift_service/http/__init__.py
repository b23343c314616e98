"""HTTP: requests, limits, keys, errors, routes."""
