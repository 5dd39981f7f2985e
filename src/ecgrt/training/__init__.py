"""From labelled records to a trained network and its ONNX file."""
