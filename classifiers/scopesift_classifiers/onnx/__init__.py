"""Export of classifiers to ONNX, and ONNX Runtime as an encoder."""
