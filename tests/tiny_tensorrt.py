"""A network of one convolution, for TensorRT to build: 256 samples in, 4 probabilities out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecgrt.metadata import ONNX_KEY, Metadata


def make_metadata() -> Metadata:
    return Metadata(
        model="tiny",
        classes=("A", "N", "O", "~"),
        mean=0.0,
        std=1.0,
        sampling_rate=300,
        samples_per_segment=256,
        context_segments=2,
        label_version="v3",
        training_digest="0" * 64,
        training_records=0,
    )


def make_network(metadata: Metadata, activation: str = "Softmax") -> Any:
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(1).normal(size=(4, 1, 256)).astype(np.float32)
    nodes = [
        helper.make_node("Transpose", ["signal"], ["rows"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["rows", "weights"], ["logits"], strides=[256]),
        helper.make_node("Transpose", ["logits"], ["turned"], perm=[0, 2, 1]),
        helper.make_node(activation, ["turned"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("signal", TensorProto.FLOAT, ["N", "T", 1])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", "S", 4])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {ONNX_KEY: metadata.to_json()})
    return model
