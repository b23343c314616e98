"""Whether a scope does here what its makers published, and what it was measured with."""
