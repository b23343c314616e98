"""From activations to verdicts: routing, labels, evidence, and the engine."""
