"""Nodes of exported graphs."""
