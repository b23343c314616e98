"""The benchmark of exported ONNX classifiers against torch."""
