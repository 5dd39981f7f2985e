"""Networks of the family as ONNX written by hand, and what ONNX Runtime answers for them.

They owe nothing to Keras or tf2onnx: convolutions are three-dimensional, batch normalisation is
an operator of its own. So they show that the compiler reads ONNX, and not one exporter's habits.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import signal_reference
from onnx import TensorProto, helper, numpy_helper

import ecgrt
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.metadata import ONNX_KEY, Metadata
from ecgrt.training.config import NetworkConfig

Array = np.ndarray[Any, Any]
LABELS = ("A", "N", "O", "~", "V", "F")
#: Channels of :func:`wide_network` at the full rate.
WIDE = 1024
#: A network with every kind of step that is loaded in an instant.
SMALL = NetworkConfig(
    conv_subsample_lengths=(1, 2), conv_num_filters_start=5, conv_increase_channels_at=1
)


def make_metadata(samples_per_segment: int, context_segments: int, **changes: Any) -> Metadata:
    """Metadata of a test network: three classes, a mean and a standard deviation that show."""
    fields: dict[str, Any] = {
        "model": "test",
        "classes": LABELS[:3],
        "mean": 12.5,
        "std": 50.0,
        "sampling_rate": 300.0,
        "samples_per_segment": samples_per_segment,
        "context_segments": context_segments,
        "label_version": "v0",
        "training_digest": "",
        "training_records": 0,
    }
    return Metadata(**{**fields, **changes})


class GraphWriter:
    """Adds nodes to an ONNX graph; tensors are (batch, channels, time)."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[TensorProto] = []

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"{operator.lower()}{len(self.nodes)}"
        name = f"{output}/node"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=name, **attributes))
        return output

    def constant(self, values: Any) -> str:
        name = f"weights{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def normal(self, shape: tuple[int, ...], std: float) -> str:
        return self.constant(self.rng.normal(0, std, shape).astype(np.float32))

    def conv(self, x: str, channels: tuple[int, int], taps: int, stride: int = 1) -> str:
        """A 'same' convolution from and to so many channels, with a bias; pads in either way."""
        total = max(taps - stride, 0)
        padding: dict[str, Any] = {"pads": [total // 2, total - total // 2]}
        if taps >= stride and len(self.nodes) % 2:  # ONNX Runtime lets SAME_UPPER go below zero
            padding = {"auto_pad": "SAME_UPPER"}
        weights = self.normal((channels[1], channels[0], taps), (2 / (channels[0] * taps)) ** 0.5)
        bias = self.normal((channels[1],), 0.1)
        return self.node("Conv", x, weights, bias, strides=[stride], **padding)

    def batch_norm(self, x: str, channels: int) -> str:
        """Statistics far from 0 and 1, some scales negative, so that folding shows."""
        scale = self.rng.uniform(0.5, 1.5, channels) * self.rng.choice((-1, 1, 1), channels)
        shift = self.rng.normal(0, 0.3, channels)
        mean = self.rng.normal(0, 0.3, channels)
        variance = self.rng.uniform(0.3, 2.0, channels)
        vectors = (self.constant(v.astype(np.float32)) for v in (scale, shift, mean, variance))
        return self.node("BatchNormalization", x, *vectors, epsilon=1e-3)

    def head(self, x: str, channels: int, classes: int) -> str:
        """Dense layer and softmax over (batch, time, channels)."""
        rows = self.node("Transpose", x, perm=[0, 2, 1])
        product = self.node("MatMul", rows, self.normal((channels, classes), channels**-0.5))
        return self.node(
            "Softmax", self.node("Add", product, self.normal((classes,), 0.2)), axis=-1
        )

    def model(self, output: str, metadata: Metadata | None, inputs: int = 1) -> onnx.ModelProto:
        names = ["signal", *(f"signal{i}" for i in range(1, inputs))]
        graph = helper.make_graph(
            self.nodes,
            "test",
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["b", "t", 1]) for n in names],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["b", "s", None])],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        if metadata is not None:
            helper.set_model_props(model, {ONNX_KEY: metadata.to_json()})
        return model


def make_network(
    config: NetworkConfig, metadata: Metadata | None = None, seed: int = 0
) -> onnx.ModelProto:
    """The network that ``config`` describes, with random weights and statistics."""
    metadata = metadata or make_metadata(config.samples_per_segment, config.context_segments)
    g = GraphWriter(seed)
    taps, strides = config.conv_filter_length, config.conv_subsample_lengths
    x, channels = g.node("Transpose", "signal", perm=[0, 2, 1]), 1
    if config.is_regular_conv:
        for block, stride in enumerate(strides):
            x = g.conv(x, (channels, config.filters(block)), taps, stride)
            channels = config.filters(block)
            x = g.node("Relu", g.batch_norm(x, channels))
    else:
        channels = config.conv_num_filters_start
        x = g.node("Relu", g.batch_norm(g.conv(x, (1, channels), taps), channels))
        for block, stride in enumerate(strides):
            x = _residual_block(g, x, channels, config, block, stride)
            channels = config.filters(block)
        x = g.node("Relu", g.batch_norm(x, channels))
    return g.model(g.head(x, channels, len(metadata.classes)), metadata)


def _residual_block(
    g: GraphWriter, x: str, channels: int, config: NetworkConfig, block: int, stride: int
) -> str:
    filters = config.filters(block)
    shortcut = x
    if stride > 1:
        shortcut = g.node("MaxPool", shortcut, kernel_shape=[stride], strides=[stride])
    if filters > channels:
        pads = g.constant(np.array([0, 0, 0, 0, filters - channels, 0]))
        shortcut = g.node("Pad", shortcut, pads)
    for number in range(config.conv_num_skip):
        if block > 0 or number > 0:
            x = g.node("Relu", g.batch_norm(x, channels))
        x = g.conv(x, (channels, filters), config.conv_filter_length, stride if number == 0 else 1)
        channels = filters
    return g.node("Add", shortcut, x)


def make_selector(**changes: Any) -> onnx.ModelProto:
    """A network whose segment of four samples has the logits that the samples have (negatives 0).

    So a test writes down every segment's probabilities by writing the signal.
    """
    fields = {"classes": LABELS[:4], "mean": 0.0, "std": 1.0, **changes}
    metadata = make_metadata(fields.pop("samples_per_segment", 4), 0, **fields)
    g = GraphWriter()
    x = g.node("Transpose", "signal", perm=[0, 2, 1])
    kernel = g.constant(np.eye(4, dtype=np.float32)[:, None, :])  # (out, in, taps)
    x = g.node("Relu", g.node("Conv", x, kernel, strides=[4]))
    rows = g.node("Transpose", x, perm=[0, 2, 1])
    product = g.node("MatMul", rows, g.constant(np.eye(4, dtype=np.float32)))
    return g.model(g.node("Softmax", product, axis=-1), metadata)


class Reference:
    """ONNX Runtime on a model, from the signal on, with preprocessing of its own."""

    def __init__(self, model: onnx.ModelProto | str | os.PathLike[str]) -> None:
        self.model = model if isinstance(model, onnx.ModelProto) else onnx.load(Path(model))
        properties = {p.key: p.value for p in self.model.metadata_props}
        self.metadata = Metadata.from_json(properties[ONNX_KEY])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            self.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, signal: Array, fs: float | None = None) -> Array:
        """Probabilities (segments, classes) of a signal without gaps, at the model's own rate.

        Models that say how their signal is made take it at any rate.
        """
        size = self.metadata.samples_per_segment
        if self.metadata.signal:
            rate = fs or self.metadata.sampling_rate
            whole = signal_reference.see(signal, rate, asdict(self.metadata))
            seen = whole.signal.astype(np.float32)
        else:
            cut = signal[: len(signal) // size * size].astype(np.float64)
            seen = ((cut - self.metadata.mean) / self.metadata.std).astype(np.float32)
        answers = self.session.run(None, {self.session.get_inputs()[0].name: seen[None, :, None]})
        probabilities: Array = answers[0][0]
        return probabilities


def wide_network(context: int) -> onnx.ModelProto:
    """A network with so many channels at the full rate that a window holds few segments."""
    g = GraphWriter(1)
    x = g.node("Transpose", "signal", perm=[0, 2, 1])
    x = g.node("Relu", g.conv(x, (1, WIDE), 5))
    x = g.node("Relu", g.conv(x, (WIDE, 6), 16, 16))
    x = g.node("Relu", g.conv(x, (6, 6), 9))  # an answer depends on 5 segments to either side
    return g.model(g.head(x, 6, 3), make_metadata(16, context, std=230.0))


def save(model: onnx.ModelProto, path: Path) -> Path:
    onnx.save(model, path)
    return path


def build(model: onnx.ModelProto, folder: Path, **options: Any) -> Path:
    plan = folder / "model.plan"
    build_cpu_plan(save(model, folder / "model.onnx"), plan, **options)
    return plan


def assert_parity(model: onnx.ModelProto, plan: Path, tolerance: float = 1e-5) -> None:
    """ecgrt answers as ONNX Runtime does, at several lengths, on one thread and on two."""
    reference = Reference(model)
    size, rng = reference.metadata.samples_per_segment, np.random.default_rng(1)
    for threads in (1, 2):
        classifier = ecgrt.Classifier(plan, threads=threads)
        assert classifier.self_test() <= tolerance
        for segments in (1, 2, 5, 23):
            signal = rng.normal(12.5, 50, segments * size + rng.integers(size))
            found = classifier.predict(signal).segment_probabilities
            np.testing.assert_allclose(found, reference(signal), rtol=0, atol=tolerance)
