"""Sparse autoencoders: the TopK SAE of one layer, and the files that hold them."""
