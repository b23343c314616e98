"""A rule for one more language from few labels."""
