"""The Triton back end: tiles of pre-activations, selection of the top-k, rounds of verifying selected features."""
