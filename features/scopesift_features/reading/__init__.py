"""Reading of texts: windows, batches, residuals, activations."""
