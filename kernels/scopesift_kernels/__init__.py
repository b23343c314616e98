"""Tensors in, tensors out: the two exact encodes of a TopK sparse autoencoder."""
