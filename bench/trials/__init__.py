"""Comparison of systems on a data set with published figures."""
