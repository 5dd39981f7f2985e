"""What the compiler makes of ONNX that ecgrt-export did not write: the family, or a clear no."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from family import (
    LABELS,
    GraphWriter,
    assert_parity,
    build,
    make_metadata,
    make_network,
    make_selector,
    save,
)
from onnx import helper, numpy_helper

from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.compile.onnx_graph import UnsupportedModelError
from ecgrt.metadata import ONNX_KEY
from ecgrt.training.config import NetworkConfig

# -- ONNX that other exporters might write


def graph() -> tuple[GraphWriter, str]:
    g = GraphWriter(3)
    return g, g.node("Transpose", "signal", perm=[0, 2, 1])


def finish(g: GraphWriter, x: str, channels: int = 3) -> onnx.ModelProto:
    return g.model(g.head(x, channels, 3), make_metadata(1, 9))


def vector(*values: float) -> Any:
    return np.array(values, np.float32)[:, None]


def squeezed_four_dimensional() -> onnx.ModelProto:
    g, x = graph()
    axis = g.constant(np.array([2]))
    x = g.node("Unsqueeze", x, axis)
    x = g.node("Conv", x, g.normal((3, 1, 1, 5), 1), pads=[0, 2, 0, 2])
    return finish(g, g.node("Relu", g.node("Squeeze", x, axis)))


def weights_in_constant_nodes() -> onnx.ModelProto:
    g, x = graph()
    values = numpy_helper.from_array(g.rng.normal(size=(3, 1, 4)).astype(np.float32))
    weights = g.node("Identity", g.node("Constant", value=values))
    return finish(g, g.node("Conv", x, weights, pads=[1, 2]))


def affine_maps_of_every_kind() -> onnx.ModelProto:
    g, x = graph()
    x = g.node("Mul", g.constant(vector(1, -2, 3)), g.conv(x, (1, 3), 5))
    x = g.node("Sub", x, g.constant(vector(0.5, 0.1, -0.5)))
    x = g.node("Add", x, g.constant(np.float32(0.25)))
    x = g.batch_norm(g.batch_norm(x, 3), 3)
    return finish(g, g.node("Dropout", g.node("Relu", x)))


def same_lower_padding() -> onnx.ModelProto:
    g, x = graph()
    return finish(g, g.node("Conv", x, g.normal((3, 1, 4), 1), auto_pad="SAME_LOWER"))


def lopsided_padding() -> onnx.ModelProto:
    g, x = graph()
    return finish(g, g.node("Conv", x, g.normal((3, 1, 6), 1), pads=[5, 0]))


def stride_beyond_the_filter() -> onnx.ModelProto:
    g, x = graph()
    x = g.node("Relu", g.conv(x, (1, 3), 2, stride=5))
    return g.model(g.head(x, 3, 3), make_metadata(5, 9))


def logits_behind_a_relu() -> onnx.ModelProto:
    g, x = graph()
    rows = g.node("Relu", g.node("Transpose", g.conv(x, (1, 3), 5), perm=[0, 2, 1]))
    return g.model(g.node("Softmax", rows, axis=-1), make_metadata(1, 9))


def old_softmax_over_the_classes() -> onnx.ModelProto:
    model = logits_behind_a_relu()
    model.opset_import[0].version = 11
    return model


@pytest.mark.parametrize(
    "make",
    [
        squeezed_four_dimensional,
        weights_in_constant_nodes,
        affine_maps_of_every_kind,
        same_lower_padding,
        lopsided_padding,
        stride_beyond_the_filter,
        logits_behind_a_relu,
        old_softmax_over_the_classes,
    ],
)
def test_other_ways_to_write_it(make: Callable[[], onnx.ModelProto], tmp_path: Path) -> None:
    assert_parity(make(), build(make(), tmp_path))


# -- ONNX that is not of the family


def not_of_the_family(
    operator: str, *, channels: int = 3, weights: tuple[int, ...] | None = None, **attributes: Any
) -> Callable[[], onnx.ModelProto]:
    """A sound network but for one node behind its first activation."""

    def make() -> onnx.ModelProto:
        g, x = graph()
        x = g.node("Relu", g.conv(x, (1, 3), 5))
        inputs = [x] if weights is None else [x, g.normal(weights, 0.5)]
        return finish(g, g.node(operator, *inputs, **attributes), channels)

    make.__name__ = "sound_but_for_one"
    return make


def vary_with_time() -> onnx.ModelProto:
    g, x = graph()
    factors = g.constant(np.ones((1, 1, 7), np.float32))
    return finish(g, g.node("Mul", g.conv(x, (1, 3), 5), factors))


def weights_from_the_signal() -> onnx.ModelProto:
    g, x = graph()
    return finish(g, g.node("Conv", x, g.node("Relu", x)))


def statistics_from_the_signal() -> onnx.ModelProto:
    g, x = graph()
    x = g.conv(x, (1, 3), 5)
    ones = g.constant(np.ones(3, np.float32))
    return finish(g, g.node("BatchNormalization", x, g.node("Relu", x), ones, ones, ones))


def gate() -> onnx.ModelProto:
    g, x = graph()
    x = g.conv(x, (1, 3), 5)
    return finish(g, g.node("Mul", x, g.node("Relu", x)))


def padded_with_ones() -> onnx.ModelProto:
    g, x = graph()
    x = g.node("Relu", g.conv(x, (1, 3), 5))
    wider = g.node("Pad", x, g.constant(np.array([0, 0, 0, 0, 3, 0])), g.constant(np.float32(1.0)))
    return finish(g, g.node("Add", wider, g.conv(x, (3, 6), 5)), 6)


def padded_on_chosen_axes() -> onnx.ModelProto:
    """From operator set 18 on, Pad may name the axes that its numbers are for: here the time."""
    g, x = graph()
    x = g.node("Relu", g.conv(x, (1, 3), 5))
    pads, axes = (g.constant(np.array(v)) for v in ([0, 0, 0, 0, 3, 0], [0, 2, 1]))
    wider = g.node("Pad", x, pads, "", axes)
    model = finish(g, g.node("Add", wider, g.conv(x, (3, 6), 5)), 6)
    model.opset_import[0].version = 18
    return model


def windows_that_do_not_overlap() -> onnx.ModelProto:
    g = GraphWriter()
    x = g.node("Reshape", "signal", g.constant(np.array([-1, 2, 1])))
    x = g.node("Transpose", x, perm=[0, 2, 1])
    return finish(g, g.node("Relu", g.conv(x, (1, 3), 5)))


def shortcut_of_the_signal() -> onnx.ModelProto:
    g, x = graph()
    return finish(g, g.conv(g.node("Add", x, g.conv(x, (1, 1), 5)), (1, 3), 3))


def softmax_over_time() -> onnx.ModelProto:
    g, x = graph()
    rows = g.node("Transpose", g.conv(x, (1, 3), 5), perm=[0, 2, 1])
    return g.model(g.node("Softmax", rows, axis=1), make_metadata(1, 9))


def old_softmax_over_time_and_classes() -> onnx.ModelProto:
    """Before operator set 13, Softmax was over all axes from the second on."""
    g, x = graph()
    rows = g.node("Transpose", g.conv(x, (1, 3), 5), perm=[0, 2, 1])
    model = g.model(g.node("Softmax", rows), make_metadata(1, 9))
    model.opset_import[0].version = 11
    return model


def cast_there_and_back(numbers: int) -> onnx.ModelProto:
    g, x = graph()
    x = g.node("Cast", g.conv(x, (1, 3), 5), to=numbers)
    return finish(g, g.node("Relu", g.node("Cast", x, to=onnx.TensorProto.FLOAT)))


def rounded_to_whole_numbers() -> onnx.ModelProto:
    return cast_there_and_back(onnx.TensorProto.INT32)


def rounded_to_half_precision() -> onnx.ModelProto:
    return cast_there_and_back(onnx.TensorProto.FLOAT16)


def batch_in_place_of_the_time() -> onnx.ModelProto:
    g, x = graph()
    x = g.node("Transpose", g.conv(x, (1, 3), 5))  # no permutation given: axes reversed
    return finish(g, g.node("Relu", x))


def more_channels_by_broadcasting() -> onnx.ModelProto:
    g, x = graph()
    return finish(g, g.node("Add", g.conv(x, (1, 1), 5), g.constant(vector(1, 2, 3))))


@pytest.mark.parametrize(
    ("make", "operator"),
    [
        (not_of_the_family("Sigmoid"), "Sigmoid"),
        (not_of_the_family("LeakyRelu"), "LeakyRelu"),
        (not_of_the_family("GlobalAveragePool"), "GlobalAveragePool"),
        (not_of_the_family("ConvTranspose", weights=(3, 3, 1)), "ConvTranspose"),
        (not_of_the_family("Conv", weights=(3, 3, 3), dilations=[2], pads=[2, 2]), "Conv"),
        (not_of_the_family("Conv", weights=(3, 1, 3), group=3, pads=[1, 1]), "Conv"),
        (not_of_the_family("Conv", weights=(3, 3, 3)), "Conv"),
        (not_of_the_family("Gemm", weights=(3, 3)), "Gemm"),
        (not_of_the_family("MaxPool", kernel_shape=[3], pads=[1, 1]), "MaxPool"),
        (rounded_to_whole_numbers, "Cast"),
        (rounded_to_half_precision, "Cast"),
        (not_of_the_family("Squeeze"), "Squeeze"),
        (old_softmax_over_time_and_classes, "Softmax"),
        (batch_in_place_of_the_time, "Transpose"),
        (more_channels_by_broadcasting, "Add"),
        (vary_with_time, "Mul"),
        (gate, "Mul"),
        (weights_from_the_signal, "Conv"),
        (statistics_from_the_signal, "BatchNormalization"),
        (padded_with_ones, "Pad"),
        (padded_on_chosen_axes, "Pad"),
        (windows_that_do_not_overlap, "Reshape"),
        (shortcut_of_the_signal, "Add"),
        (softmax_over_time, "Softmax"),
    ],
)
def test_foreign_operator_is_named_with_its_node(
    make: Callable[[], onnx.ModelProto], operator: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedModelError) as caught:
        build(make(), tmp_path)
    message = str(caught.value)
    nodes = [node.name for node in make().graph.node if node.op_type == operator]
    assert operator.lower() in message.lower()
    assert any(repr(node) in message for node in nodes)
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


def two_inputs() -> onnx.ModelProto:
    g, x = graph()
    y = g.node("Transpose", "signal1", perm=[0, 2, 1])
    x = g.node("Add", g.conv(x, (1, 3), 3), g.conv(y, (1, 3), 3))
    return g.model(g.head(x, 3, 3), make_metadata(1, 9), inputs=2)


def no_softmax() -> onnx.ModelProto:
    g, x = graph()
    rows = g.node("Transpose", g.conv(x, (1, 3), 5), perm=[0, 2, 1])
    return g.model(rows, make_metadata(1, 9))


def no_metadata() -> onnx.ModelProto:
    model = make_selector()
    del model.metadata_props[:]
    return model


def broken_metadata() -> onnx.ModelProto:
    model = make_selector()
    helper.set_model_props(model, {ONNX_KEY: '{"model":'})
    return model


def weights_that_are_not_numbers() -> onnx.ModelProto:
    model = make_selector()
    kernel = model.graph.initializer[0]
    kernel.CopyFrom(numpy_helper.from_array(np.full((4, 1, 4), np.nan, np.float32), kernel.name))
    return model


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (two_inputs, "2 inputs"),
        (no_softmax, "Softmax"),
        (no_metadata, "ecgrt-export"),
        (broken_metadata, "metadata"),
        (weights_that_are_not_numbers, "finite"),
        (lambda: make_selector(classes=LABELS[:3]), "classes"),
        (lambda: make_selector(samples_per_segment=8), "samples per segment"),
        (
            lambda: make_network(
                NetworkConfig(conv_subsample_lengths=(2,), conv_num_filters_start=4),
                make_metadata(2, 1),
            ),
            "segments on either side",
        ),
    ],
)
def test_model_that_cannot_be_used(
    make: Callable[[], onnx.ModelProto], says: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=says):
        build(make(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"no ONNX at all, but a line of text\n"])
def test_file_that_is_no_onnx(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.onnx"):
        build_cpu_plan(path, tmp_path / "model.plan")


def test_truncated_onnx(tmp_path: Path) -> None:
    path = save(make_selector(), tmp_path / "model.onnx")
    content = path.read_bytes()
    for size in range(1, len(content), len(content) // 20):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"."):
            build_cpu_plan(path, tmp_path / "model.plan")
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
