"""Sparse autoencoders: the TopK SAE of one layer, and its file formats."""
