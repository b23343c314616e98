"""The searches for rules: thresholds, counted log-odds, ridge regression."""
