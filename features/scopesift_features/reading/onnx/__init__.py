"""Reading of selected features by ONNX Runtime, without torch."""
