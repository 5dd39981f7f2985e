"""Reads an ONNX model of the network family into a list of plain layers.

Exporters wrap one-dimensional layers in transposes, squeezes and reshapes. Here every tensor is
(batch, time, channels), and those wrappers only move the names of the axes about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .graph import Array, Graph, Layer, UnsupportedModelError

if TYPE_CHECKING:
    import onnx


def load_graph(model: onnx.ModelProto) -> Graph:
    """Return the layers of ``model``.

    Raises
    ------
    UnsupportedModelError
        For an operator, an attribute or a shape that the family does not have.
    """
    return _Importer(model).run()


class _Importer:
    def __init__(self, model: onnx.ModelProto) -> None:
        from onnx import numpy_helper

        self.graph = model.graph
        self.opset = max((o.version for o in model.opset_import if not o.domain), default=1)
        self.constants: dict[str, Array] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in self.graph.initializer
        }
        self.shapes: set[str] = set()  # values that are shapes, computed at run time
        self.names: dict[str, str] = {}  # ONNX value -> the layer output that it is a view of
        self.axes: dict[str, str] = {}  # ONNX value -> its axes: N, T, C, or 1
        self.channels: dict[str, int] = {}
        self.layers: list[Layer] = []

    def run(self) -> Graph:
        inputs = [v for v in self.graph.input if v.name not in self.constants]
        if len(inputs) != 1 or len(self.graph.output) != 1:
            raise UnsupportedModelError(
                f"the model has {len(inputs)} inputs and {len(self.graph.output)} outputs; "
                "a network of this family has one of each"
            )
        dims = [d.dim_value for d in inputs[0].type.tensor_type.shape.dim]
        if len(dims) != 3 or dims[2] != 1:
            raise UnsupportedModelError(
                f"the input {inputs[0].name!r} has shape {dims}; (batch, samples, 1) is needed"
            )
        self._set(inputs[0].name, inputs[0].name, "NTC", 1)
        for node in self.graph.node:
            self._import(node)
        last = self.layers[-1] if self.layers else None
        if last is None or last.kind != "softmax":
            raise UnsupportedModelError("the model does not end in a Softmax over the classes")
        if self.names.get(self.graph.output[0].name) != last.output:
            raise UnsupportedModelError("the model's output is not its last Softmax")
        return Graph(self.layers, inputs[0].name, self.channels[last.output])

    def _import(self, node: onnx.NodeProto) -> None:
        if self._is_shape_arithmetic(node):
            self.shapes.update(node.output)
            return
        if node.op_type == "Constant" or all(i in self.constants for i in node.input if i):
            self._fold_constant(node)
            return
        handler: Callable[[onnx.NodeProto], None] | None = getattr(
            self, f"_{node.op_type.lower()}", None
        )
        if handler is None:
            raise self._unsupported(node, "operator")
        handler(node)

    def _is_shape_arithmetic(self, node: onnx.NodeProto) -> bool:
        if node.op_type == "Shape":
            return True
        takes_shape = any(i in self.shapes for i in node.input)
        return takes_shape and node.op_type not in {"Reshape", "Expand"}

    def _fold_constant(self, node: onnx.NodeProto) -> None:
        import onnx
        from onnx.reference import ReferenceEvaluator

        function = onnx.helper.make_graph(
            [node],
            "constant",
            [],
            [onnx.ValueInfoProto(name=name) for name in node.output],
            [onnx.numpy_helper.from_array(self.constants[i], i) for i in node.input if i],
        )
        opset = [onnx.helper.make_opsetid("", 17)]
        evaluator = ReferenceEvaluator(onnx.helper.make_model(function, opset_imports=opset))
        for name, value in zip(node.output, evaluator.run(None, {}), strict=True):
            self.constants[name] = np.asarray(value)

    # -- helpers

    def _unsupported(self, node: onnx.NodeProto, what: str) -> UnsupportedModelError:
        return UnsupportedModelError(
            f"{what} not supported: {node.op_type} in node {_name(node)!r}; the CPU "
            "engine takes the residual and plain convolutional networks of ecgrt-train"
        )

    def _set(self, value: str, name: str, axes: str, channels: int) -> None:
        self.names[value], self.axes[value], self.channels[name] = name, axes, channels

    def _attributes(self, node: onnx.NodeProto) -> dict[str, Any]:
        import onnx

        return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}

    def _constant(self, node: onnx.NodeProto, index: int) -> Array:
        """An operand that must be a constant."""
        if node.input[index] not in self.constants:
            raise self._unsupported(node, f"operand {node.input[index]!r} that is no constant")
        return self.constants[node.input[index]].astype(np.float64)

    def _integers(self, node: onnx.NodeProto, index: int, attribute: str) -> list[int]:
        """An operand that older operator sets carried as an attribute."""
        if len(node.input) > index and node.input[index]:
            return [int(v) for v in self._constant(node, index).ravel()]
        return [int(v) for v in self._attributes(node).get(attribute, [])]

    def _view(self, node: onnx.NodeProto, axes: str) -> None:
        source = node.input[0]
        name = self.names[source]
        self._set(node.output[0], name, axes, self.channels[name])

    def _emit(self, node: onnx.NodeProto, kind: str, channels: int, **fields: Any) -> None:
        source = node.input[0] if node.input[0] in self.names else node.input[1]
        inputs = [self.names[i] for i in node.input if i in self.names]
        output = node.output[0]
        self.layers.append(Layer(kind, _name(node), inputs, output, **fields))
        self._set(output, output, self.axes[source], channels)

    def _channel_vector(self, node: onnx.NodeProto, value: Array, source: str) -> Array:
        """A constant operand as one number per channel, or an error if it is not that."""
        axes = self.axes[source]
        shape = (1,) * (len(axes) - value.ndim) + value.shape
        channels = self.channels[self.names[source]]
        varying = [a for a, n in zip(axes, shape, strict=True) if n != 1]
        fits = value.size in (1, channels) and varying in ([], ["C"])
        if value.ndim > len(axes) or not fits:
            raise self._unsupported(node, f"operand of shape {value.shape}")
        return np.broadcast_to(value.ravel().astype(np.float64), (channels,)).copy()

    # -- operators that compute

    def _conv(self, node: onnx.NodeProto) -> None:
        attributes = self._attributes(node)
        weights = self._constant(node, 1)  # (out, in, [1,] taps)
        axes = self.axes[node.input[0]]
        taps = weights.shape[-1]
        if weights.size != weights.shape[0] * weights.shape[1] * taps or axes[-1] != "T":
            raise self._unsupported(node, f"kernel of shape {weights.shape}")
        if attributes.get("group", 1) != 1 or any(d != 1 for d in attributes.get("dilations", [1])):
            raise self._unsupported(node, "grouped or dilated convolution")
        kernel = weights.reshape(weights.shape[0], weights.shape[1], taps).transpose(2, 1, 0)
        stride = attributes.get("strides", [1])[-1]
        self._emit(
            node,
            "conv",
            kernel.shape[2],
            kernel=kernel,
            stride=stride,
            pad=self._left_padding(node, attributes, taps, stride),
        )
        # the channels take the place that the input's had, which may be an unnamed axis of 1
        self.axes[node.output[0]] = axes[0] + "C" + axes[2:].replace("C", "1")
        if len(node.input) > 2 and node.input[2]:
            self._append_bias(node, node.output[0], self._constant(node, 2))

    def _left_padding(
        self, node: onnx.NodeProto, attributes: dict[str, Any], taps: int, stride: int
    ) -> int:
        # Lengths are multiples of the stride, for which 'same' means the same rows at any length.
        total = max(taps - stride, 0)
        mode = attributes.get("auto_pad", b"NOTSET").decode()
        if mode == "SAME_UPPER" or (mode == "VALID" and total == 0):
            return total // 2
        if mode == "SAME_LOWER":
            return total - total // 2
        pads = attributes.get("pads", [0] * (2 * (len(self.axes[node.input[0]]) - 2)))
        left, right = pads[len(pads) // 2 - 1], pads[-1]
        if mode != "NOTSET" or left + right != total:
            raise self._unsupported(node, f"padding {mode} {list(pads)} (not 'same')")
        return int(left)

    def _append_bias(self, node: onnx.NodeProto, value: str, shift: Array) -> None:
        """Adds a bias behind the layer that ``value`` names."""
        name = self.names[value]
        channels = self.channels[name]
        output = f"{name}/bias"
        scale = np.ones(channels)
        self.layers.append(Layer("affine", _name(node), [name], output, scale=scale, shift=shift))
        self._set(value, output, self.axes[value], channels)

    def _batchnormalization(self, node: onnx.NodeProto) -> None:
        gamma, beta, mean, variance = (self._constant(node, i) for i in range(1, 5))
        scale = gamma / np.sqrt(variance + self._attributes(node).get("epsilon", 1e-5))
        channels = self.channels[self.names[node.input[0]]]
        self._emit(node, "affine", channels, scale=scale, shift=beta - mean * scale)

    def _mul(self, node: onnx.NodeProto) -> None:
        self._binary(node, lambda v: {"scale": v, "shift": np.zeros_like(v)})

    def _add(self, node: onnx.NodeProto) -> None:
        if all(i in self.names for i in node.input):
            a, b = node.input
            channels = self.channels[self.names[a]]
            if self.axes[a] != self.axes[b] or channels != self.channels[self.names[b]]:
                raise self._unsupported(node, "sum of tensors of different layouts")
            self._emit(node, "add", channels)
            return
        self._binary(node, lambda v: {"scale": np.ones_like(v), "shift": v})

    def _sub(self, node: onnx.NodeProto) -> None:
        if node.input[1] not in self.constants:
            raise self._unsupported(node, "difference of tensors")
        self._binary(node, lambda v: {"scale": np.ones_like(v), "shift": -v})

    def _binary(self, node: onnx.NodeProto, fields: Callable[[Array], dict[str, Array]]) -> None:
        constants = [i for i in node.input if i in self.constants]
        source = next(i for i in node.input if i in self.names)
        if len(constants) != 1:
            raise self._unsupported(node, "product of tensors")
        vector = self._channel_vector(node, self.constants[constants[0]], source)
        self._emit(node, "affine", len(vector), **fields(vector))

    def _relu(self, node: onnx.NodeProto) -> None:
        self._emit(node, "relu", self.channels[self.names[node.input[0]]])

    def _maxpool(self, node: onnx.NodeProto) -> None:
        attributes = self._attributes(node)
        window, stride = attributes["kernel_shape"][-1], attributes.get("strides", [1])[-1]
        if (
            self.axes[node.input[0]][-1] != "T"
            or window != stride
            or any(attributes.get("pads", []))
        ):
            raise self._unsupported(node, "pooling whose window is not its stride")
        self._emit(node, "maxpool", self.channels[self.names[node.input[0]]], stride=stride)

    def _pad(self, node: onnx.NodeProto) -> None:
        if len(node.input) > 3 and node.input[3]:
            raise self._unsupported(node, "padding of chosen axes")
        pads = self._integers(node, 1, "pads")
        axes = self.axes[node.input[0]]
        channel = axes.index("C")
        added = pads[len(axes) + channel]
        filling = self._constant(node, 2).any() if len(node.input) > 2 and node.input[2] else False
        mode = self._attributes(node).get("mode", b"constant")
        if sum(map(abs, pads)) != added or filling or mode != b"constant":
            raise self._unsupported(node, f"padding {pads} (not of the channels' end alone)")
        channels = self.channels[self.names[node.input[0]]] + added
        self._emit(node, "pad_channels", channels)

    def _matmul(self, node: onnx.NodeProto) -> None:
        weights = self.constants.get(node.input[1])
        if weights is None or weights.ndim != 2 or self.axes[node.input[0]][-1] != "C":
            raise self._unsupported(node, "product that is no dense layer")
        self._emit(node, "conv", weights.shape[1], kernel=weights.astype(np.float64)[None])

    def _softmax(self, node: onnx.NodeProto) -> None:
        axes = self.axes[node.input[0]]
        # Before operator set 13 the default was all axes from the second on.
        if axes[self._attributes(node).get("axis", -1 if self.opset >= 13 else 1)] != "C":
            raise self._unsupported(node, "Softmax over another axis than the classes")
        self._emit(node, "softmax", self.channels[self.names[node.input[0]]])

    # -- operators that move

    def _transpose(self, node: onnx.NodeProto) -> None:
        axes = self.axes[node.input[0]]
        order = self._attributes(node).get("perm", range(len(axes))[::-1])
        moved = "".join(axes[i] for i in order)
        if "N" in moved[1:]:
            raise self._unsupported(node, "move of the batch")
        self._view(node, moved)

    def _unsqueeze(self, node: onnx.NodeProto) -> None:
        axes = list(self.axes[node.input[0]])
        for axis in sorted(self._integers(node, 1, "axes")):
            axes.insert(axis if axis >= 0 else axis + len(axes) + 1, "1")
        self._view(node, "".join(axes))

    def _squeeze(self, node: onnx.NodeProto) -> None:
        axes = self.axes[node.input[0]]
        dropped = {i % len(axes) for i in self._integers(node, 1, "axes")}
        if not dropped or any(axes[i] != "1" for i in dropped):
            raise self._unsupported(node, "squeeze of an axis that is not 1")
        self._view(node, "".join(a for i, a in enumerate(axes) if i not in dropped))

    def _reshape(self, node: onnx.NodeProto) -> None:
        axes = self.axes[node.input[0]]
        channels = self.channels[self.names[node.input[0]]]
        shape = [int(v) for v in self.constants.get(node.input[1], np.empty(0)).ravel()]
        if channels == 1 and shape[:1] == [0] and len(shape) == len(axes):
            # moves the lone channel past the time
            moved = "".join({1: "1", -1: "T"}.get(n, "?") for n in shape[1:])
            if set(moved) <= {"1", "T"} and moved.count("T") == 1:
                self._view(node, "N" + moved.replace("1", "C", 1))
                return
        if axes == "NTC" and shape == [-1, channels]:  # a dense layer's rows
            self._view(node, "TC")
            return
        if axes == "TC" and node.input[1] in self.shapes:
            self._view(node, "NTC")
            return
        raise self._unsupported(node, f"reshape of {axes} to {shape}")

    def _identity(self, node: onnx.NodeProto) -> None:
        self._view(node, self.axes[node.input[0]])

    _dropout = _identity

    def _cast(self, node: onnx.NodeProto) -> None:
        if self._attributes(node)["to"] != 1:  # TensorProto.FLOAT
            raise self._unsupported(node, "conversion to another type than float32")
        self._identity(node)


def _name(node: onnx.NodeProto) -> str:
    return str(node.name or node.output[0])
