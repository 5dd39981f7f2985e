"""ONNX that is malformed, or asks for more than a model of the family needs: one kind of error."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from family import SMALL, GraphWriter, build, make_metadata, make_network, make_selector
from onnx import TensorProto, helper, numpy_helper

from ecgrt.compile import onnx_constants
from ecgrt.compile.graph import UnsupportedModelError
from ecgrt.compile.onnx_graph import load_graph


def with_node(node: onnx.NodeProto) -> onnx.ModelProto:
    """A sound model with one more node, which nothing reads."""
    model = make_selector()
    model.graph.node.insert(1, node)
    return model


def with_constant(operator: str, *inputs: Any, **attributes: Any) -> Callable[[], onnx.ModelProto]:
    def make() -> onnx.ModelProto:
        names = [f"operand{i}" for i in range(len(inputs))]
        model = with_node(helper.make_node(operator, names, ["more"], name="bad", **attributes))
        model.graph.initializer.extend(
            numpy_helper.from_array(np.asarray(v), n) for v, n in zip(inputs, names, strict=True)
        )
        return model

    make.__name__ = f"constant_{operator}"
    return make


def loop_of_2_to_the_60() -> onnx.ModelProto:
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["goes_on"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("goes_on", TensorProto.BOOL, [])],
    )
    return with_constant("Loop", 1 << 60, True, body=body)()


def with_attribute(operator: str, name: str, value: Any) -> Callable[[], onnx.ModelProto]:
    """A network of the family where an attribute of an operator is something else."""

    def make() -> onnx.ModelProto:
        model = make_network(SMALL)
        node = next(n for n in model.graph.node if n.op_type == operator)
        replaced = (name, "auto_pad") if name == "pads" else (name,)
        kept = [a for a in node.attribute if a.name not in replaced]
        integers = onnx.AttributeProto.INTS if value == [] else None  # which cannot be told
        del node.attribute[:]
        node.attribute.extend([*kept, helper.make_attribute(name, value, attr_type=integers)])
        return model

    make.__name__ = f"{operator}.{name}={value}"[:40]
    return make


def with_operands(operator: str, *inputs: str) -> Callable[[], onnx.ModelProto]:
    def make() -> onnx.ModelProto:
        model = make_network(SMALL)
        node = next(n for n in model.graph.node if n.op_type == operator)
        del node.input[:]
        node.input.extend(inputs)
        return model

    make.__name__ = f"{operator}_of_{len(inputs)}"
    return make


def with_operator(name: str, domain: str = "") -> Callable[[], onnx.ModelProto]:
    def make() -> onnx.ModelProto:
        model = make_network(SMALL)
        node = next(n for n in model.graph.node if n.op_type == "Relu")
        node.op_type, node.domain = name, domain
        return model

    make.__name__ = f"operator_{name}_{domain}"
    return make


def change_model(change: Callable[[onnx.ModelProto], object]) -> Callable[[], onnx.ModelProto]:
    def make() -> onnx.ModelProto:
        model = make_network(SMALL)
        change(model)
        return model

    make.__name__ = change.__name__
    return make


def output_without_name(model: onnx.ModelProto) -> None:
    model.graph.node[1].output[0] = ""


def no_output_at_all(model: onnx.ModelProto) -> None:
    del model.graph.node[1].output[:]


def output_defined_twice(model: onnx.ModelProto) -> None:
    model.graph.node[2].output[0] = model.graph.node[1].output[0]


def reads_what_comes_later(model: onnx.ModelProto) -> None:
    model.graph.node[1].input[0] = model.graph.node[-1].output[0]


def weights_in_another_file(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def weights_of_text(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.CopyFrom(helper.make_tensor(tensor.name, TensorProto.STRING, [1], [b"1"]))


def weights_that_say_more_than_they_hold(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[0] = 1 << 40


def weights_of_nothing(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    values = np.empty((1 << 40, 0, 3), np.float32)
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def old_operators(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 6


def own_function(model: onnx.ModelProto) -> None:
    model.functions.append(helper.make_function("", "Relu", ["x"], ["y"], [], []))


def dead_convolution_at_the_end(model: onnx.ModelProto) -> None:
    conv = copy.deepcopy(next(n for n in model.graph.node if n.op_type == "Conv"))
    conv.output[0], conv.name = "dead", "dead"
    model.graph.node.append(conv)


def signal_of_doubles(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE


def half_of_a_batch_norm(model: onnx.ModelProto) -> None:
    node = next(n for n in model.graph.node if n.op_type == "BatchNormalization")
    del node.input[3:]


def dense_layer_of_another_width(model: onnx.ModelProto) -> None:
    node = next(n for n in model.graph.node if n.op_type == "MatMul")
    tensor = next(t for t in model.graph.initializer if t.name == node.input[1])
    tensor.CopyFrom(numpy_helper.from_array(np.ones((3, 3), np.float32), tensor.name))


def classes_in_place_of_the_segments(model: onnx.ModelProto) -> None:
    last = model.graph.output[0]
    model.graph.node.append(helper.make_node("Transpose", [last.name], ["turned"], perm=[0, 2, 1]))
    last.name = "turned"


MALFORMED = [
    with_constant("RandomNormal", shape=[4]),
    with_constant("RandomUniform", shape=[4]),
    with_constant("ConstantOfShape", [1 << 28]),
    with_constant("Range", 0, 1 << 40, 1),
    with_constant("Expand", 1.0, [1 << 30]),
    with_constant("Tile", np.ones(8), [1 << 27]),
    with_constant("EyeLike", np.ones((8, 8))),
    with_constant("If", True),
    loop_of_2_to_the_60,
    with_constant("Add", np.ones((1 << 15, 1)), np.ones((1, 1 << 15))),
    with_constant("Reshape", np.ones(6), [4, 4]),
    with_constant("Concat", np.ones(3), np.ones((2, 2)), axis=0),
    with_constant("Transpose", np.ones(3), perm=[1, 0]),
    with_constant("Constant"),
    with_constant("Constant", value_string="x"),
    with_constant("Add", np.ones(3)),
    *(with_operator(name) for name in ("Import", "Set", "View", "Emit", "Unsupported", "", "🫀")),
    with_operator("Relu", "com.example"),
    *(with_operands(name) for name in ("Conv", "Relu", "Add", "Pad", "Softmax", "Transpose")),
    with_operands("Add", "signal"),
    with_operands("Add", "nowhere", "signal"),
    with_operands("MatMul", "signal", "nowhere"),
    with_attribute("Conv", "strides", []),
    with_attribute("Conv", "strides", [0]),
    with_attribute("Conv", "strides", [-1]),
    with_attribute("Conv", "strides", [1 << 40]),
    with_attribute("Conv", "strides", "1"),
    with_attribute("Conv", "pads", [1]),
    with_attribute("Conv", "pads", [-1, 16]),
    with_attribute("Conv", "auto_pad", "\x00"),
    with_attribute("Conv", "dilations", [2.5]),
    with_attribute("Conv", "kernel_shape", [3]),
    with_attribute("Conv", "speed", 1),
    with_attribute("MaxPool", "kernel_shape", []),
    with_attribute("MaxPool", "dilations", [2]),
    with_attribute("Transpose", "perm", [0, 1, 5]),
    with_attribute("Transpose", "perm", [0, 0, 0]),
    with_attribute("Softmax", "axis", 7),
    with_attribute("Softmax", "axis", -4),
    with_attribute("BatchNormalization", "epsilon", -1e9),
    with_attribute("BatchNormalization", "training_mode", 1),
    *map(
        change_model,
        (
            output_without_name,
            no_output_at_all,
            output_defined_twice,
            reads_what_comes_later,
            weights_in_another_file,
            weights_of_text,
            weights_that_say_more_than_they_hold,
            weights_of_nothing,
            old_operators,
            own_function,
            dead_convolution_at_the_end,
            signal_of_doubles,
            half_of_a_batch_norm,
            dense_layer_of_another_width,
            classes_in_place_of_the_segments,
        ),
    ),
]


@pytest.mark.parametrize("make", MALFORMED)
def test_malformed_graph_is_one_kind_of_error(
    make: Callable[[], onnx.ModelProto], tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedModelError, match=r"\w"):
        build(make(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


def test_cheap_constants_are_still_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    g = GraphWriter(3)
    x = g.node("Transpose", "signal", perm=[0, 2, 1])
    weights = g.node("Reshape", g.normal((12,), 1), g.constant(np.array([3, 1, 4])))
    weights = g.node("Mul", g.node("Neg", weights), g.constant(np.float32(0.5)))
    model = g.model(g.head(g.node("Conv", x, weights, pads=[1, 2]), 3, 3), make_metadata(1, 9))
    assert load_graph(model).classes == 3
    monkeypatch.setattr(onnx_constants, "MOST_ELEMENTS", 30)
    with pytest.raises(UnsupportedModelError, match="30 elements"):
        load_graph(model)


def mutate(model: onnx.ModelProto, rng: np.random.Generator) -> None:
    """Change one thing that a node says, or where it stands."""
    nodes = model.graph.node
    node = nodes[rng.integers(len(nodes))]
    names = [o for n in nodes for o in n.output] + [t.name for t in model.graph.initializer] + [""]
    types = sorted({n.op_type for n in nodes} | {"Shape", "Identity", "Squeeze", "Reshape"})
    kind = rng.integers(7)
    if kind == 0:
        node.op_type = str(rng.choice(types))
    elif kind == 1 and node.input:
        node.input[rng.integers(len(node.input))] = str(rng.choice(names))
    elif kind == 2:
        node.input.append(str(rng.choice(names)))
    elif kind == 3:
        del node.input[rng.integers(len(node.input) + 1) :]
    elif kind == 4 and node.attribute:
        attribute = node.attribute[rng.integers(len(node.attribute))]
        name, value = attribute.name, [int(v) for v in rng.integers(-3, 5, rng.integers(4))]
        attribute.CopyFrom(helper.make_attribute(name, value or 1))
    elif kind == 5:
        nodes.remove(node)
    elif tensors := model.graph.initializer:
        tensor = tensors[rng.integers(len(tensors))]
        shape = tuple(int(n) for n in rng.integers(0, 4, rng.integers(4)))
        values = rng.normal(size=shape).astype(rng.choice(["f4", "f8", "i8", "f2"]))
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def test_mutated_graphs_are_read_or_refused() -> None:
    """A few hundred of what tests/fuzz runs by the million."""
    rng = np.random.default_rng(21)
    original, read = make_network(SMALL), 0
    for _ in range(600):
        model = copy.deepcopy(original)
        for _ in range(rng.integers(1, 4)):
            mutate(model, rng)
        try:
            load_graph(model)
            read += 1
        except UnsupportedModelError:
            continue
    assert 0 < read < 400
