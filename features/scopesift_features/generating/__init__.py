"""Text from the whole language model, with SAE features changed in its residual stream."""
