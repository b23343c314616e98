"""The benchmark of fitting."""
