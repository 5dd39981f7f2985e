"""Networks in float16, as TensorRT is given them, beside the same in float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_tensorrt import make_metadata, make_network

from ecgrt.compile import tensorrt_builder
from ecgrt.metadata import ONNX_KEY, Metadata
from ecgrt.records.base import read_record

onnx = pytest.importorskip("onnx")

MODELS = Path(__file__).resolve().parents[2] / "models"


def test_fp16_network_answers_as_the_fp32_one(model: Path, records: Path) -> None:
    ort = pytest.importorskip("onnxruntime")
    original = onnx.load(model)
    metadata = Metadata.from_json({p.key: p.value for p in original.metadata_props}[ONNX_KEY])
    halved = tensorrt_builder.to_fp16(onnx.load(model))
    types = {tensor.data_type for tensor in halved.graph.initializer}
    assert onnx.TensorProto.FLOAT not in types
    inferred = onnx.shape_inference.infer_shapes(halved).graph
    types = {value.name: value.type.tensor_type.elem_type for value in inferred.value_info}
    (softmax,) = (node for node in halved.graph.node if node.op_type == "Softmax")
    assert types[softmax.input[0]] == onnx.TensorProto.FLOAT
    for node in halved.graph.node:
        if node.op_type in ("Conv", "MatMul", "Add", "Mul", "Relu"):
            assert types[node.output[0]] == onnx.TensorProto.FLOAT16
    signal = read_record(records / "S0001").signal[: 8 * metadata.samples_per_segment]
    x = ((signal - metadata.mean) / metadata.std).astype(np.float32)[None, :, None]
    answers = [
        ort.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"]).run(
            None, {"signal": x}
        )[0]
        for m in (original, halved)
    ]
    assert answers[1].dtype == np.float32
    assert 0 < np.abs(answers[0] - answers[1]).max() <= 5e-3


def test_fp16_network_with_evidence_answers_as_the_fp32_one() -> None:
    """The compact model has a second output, which the core reads in float32 too."""
    ort = pytest.importorskip("onnxruntime")
    original = onnx.load(MODELS / "cinc17-compact.onnx")
    x = np.random.default_rng(1).normal(size=(2, 64 * 32, 1)).astype(np.float32)
    (p, evidence), (p16, evidence16) = (
        ort.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"]).run(
            ["probabilities", "evidence"], {"signal": x}
        )
        for m in (original, tensorrt_builder.to_fp16(original))
    )
    assert (p16.dtype, evidence16.dtype) == (np.float32, np.float32)
    assert 0 < np.abs(p - p16).max() <= 5e-3
    assert 0 < np.abs(evidence - evidence16).max() <= 0.01 * np.abs(evidence).max()


def test_fp16_refuses_weights_beyond_its_range() -> None:
    from onnx import numpy_helper

    network = make_network(make_metadata())
    weights = numpy_helper.to_array(network.graph.initializer[0]).copy()
    weights[0, 0, 0] = -7e4
    network.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "weights"))
    with pytest.raises(ValueError, match="weights do not fit float16"):
        tensorrt_builder.to_fp16(network)


def test_fp16_refuses_a_network_that_does_not_end_in_softmax() -> None:
    with pytest.raises(ValueError, match="cannot be converted to float16"):
        tensorrt_builder.to_fp16(make_network(make_metadata(), activation="Sigmoid"))
