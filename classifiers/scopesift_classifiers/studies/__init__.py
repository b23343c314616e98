"""Studies over languages and layers, and what they cost."""
