"""Changes of a classifier by hand: a feature named or muted, and what that does to verdicts."""
