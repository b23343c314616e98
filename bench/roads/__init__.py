"""The two ways to read e5: torch, and ONNX Runtime without torch."""
