"""Classifiers on SAE features: artifacts, fitting, measuring, transfer, ONNX export and inference."""
