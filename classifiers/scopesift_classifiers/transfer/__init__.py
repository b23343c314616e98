"""Transfer: a decision for one more language from few labels."""
