"""Perspective: its routes, attributes, and the discovery document of its client."""
