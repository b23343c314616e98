"""Batch filtering: from one file to a cluster, with nothing lost and nothing done twice."""
