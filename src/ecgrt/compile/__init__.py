"""From an ONNX model to a plan: for the CPU engine, or for TensorRT."""
