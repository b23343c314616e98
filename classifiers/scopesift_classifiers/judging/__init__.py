"""From activations to verdicts: which rule, which label, which evidence."""
