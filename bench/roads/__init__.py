"""The ways to read e5: torch, ONNX Runtime without torch, and that in int8."""
