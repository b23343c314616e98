"""The Triton back end: tiles of pre-activations, top-k selection, and verification of selected features in rounds."""
