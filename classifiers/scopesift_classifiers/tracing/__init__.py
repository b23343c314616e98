"""Tracing: which features fired on which token of a prompt and of what the model wrote."""
