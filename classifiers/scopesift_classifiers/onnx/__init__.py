"""Classifiers as ONNX files, and ONNX Runtime as an encoder."""
