"""From texts to what features say of them: windows, batches, residuals, activations."""
