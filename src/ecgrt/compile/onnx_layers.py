"""Operators that compute: each becomes a layer of :mod:`.graph`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .graph import Add, Affine, Array, Conv, MaxPool, PadChannels, Relu, Slice, Softmax
from .onnx_scope import MOST, Operation, Value


def conv(operation: Operation) -> None:
    """Add a convolution over time, and its bias."""
    value, weights = operation.value(), operation.constant(1)  # (out, in, [1,] taps)
    axes = value.axes
    if weights.ndim != len(axes) or weights.ndim < 3 or axes[-1] != "T" or axes[0] != "N":
        raise operation.fail(f"kernel of shape {weights.shape}")
    outputs, inputs, taps = weights.shape[0], weights.shape[1], weights.shape[-1]
    across = axes[1] == "C" or value.channels == 1
    fits = inputs == value.channels and across and 0 < taps <= MOST
    if not fits or weights.size != outputs * inputs * taps or weights.size == 0:
        raise operation.fail(f"kernel of shape {weights.shape}")
    if operation.integer("group", 1) != 1 or set(operation.attribute_list("dilations", [1])) != {1}:
        raise operation.fail("grouped or dilated convolution")
    if operation.attribute_list("kernel_shape", weights.shape[2:]) != list(weights.shape[2:]):
        raise operation.fail("kernel_shape that is not the weights'")
    kernel = weights.reshape(outputs, inputs, taps).transpose(2, 1, 0)
    stride = _time_stride(operation, len(axes) - 2)
    # the channels take the place that the input's had, which may be an unnamed axis of 1
    axes = axes[0] + "C" + axes[2:].replace("C", "1")
    result = Value(operation.output, axes, outputs, value.rate * stride)
    pad = _left_padding(operation, taps, stride)
    operation.emit(Conv, result, value, kernel=kernel, stride=stride, pad=pad)
    if operation.has(2):
        _append_shift(operation, result, operation.vector(2, outputs))


def _time_stride(operation: Operation, spatial: int) -> int:
    strides = operation.attribute_list("strides", [1] * spatial)
    if len(strides) != spatial or not all(0 < s <= MOST for s in strides):
        raise operation.fail(f"strides {strides}")
    return strides[-1]


def _left_padding(operation: Operation, taps: int, stride: int) -> int:
    # Lengths are multiples of the stride, for which 'same' means the same rows at any length.
    total = max(taps - stride, 0)
    mode = operation.text("auto_pad", "NOTSET")
    if mode == "SAME_UPPER" or (mode == "VALID" and total == 0):
        return total // 2
    if mode == "SAME_LOWER":
        return total - total // 2
    size = 2 * (len(operation.value().axes) - 2)
    pads = operation.attribute_list("pads", [0] * size)
    if mode != "NOTSET" or len(pads) != size or min(pads) < 0 or sum(pads) != total:
        raise operation.fail(f"padding {mode} {pads} (not 'same')")
    left, right = pads[size // 2 - 1], pads[-1]
    if left + right != total:  # the rest is of axes that are not the time
        raise operation.fail(f"padding {mode} {pads} (not 'same')")
    return left


def _append_shift(operation: Operation, value: Value, shift: Array) -> None:
    """Add a bias behind a layer."""
    result = replace(value, layer=f"{value.layer}/bias")
    operation.emit(Affine, result, value, scale=np.ones(value.channels), shift=shift)


def batch_normalization(operation: Operation) -> None:
    """Add what batch normalization is in use: an affine map."""
    value = operation.value()
    if value.axes[1:2] != "C" or operation.integer("training_mode", 0):
        raise operation.fail("statistics of another axis than the channels, or of the signal")
    gamma, beta, mean, variance = (operation.vector(i, value.channels) for i in range(1, 5))
    spread = variance + operation.number("epsilon", 1e-5)
    if not np.all(spread > 0):
        raise operation.fail("variance that is not positive")
    scale = gamma / np.sqrt(spread)
    _affine(operation, value, scale, beta - mean * scale)


def _affine(operation: Operation, value: Value, scale: Array, shift: Array) -> None:
    result = replace(value, layer=operation.output)
    operation.emit(Affine, result, value, scale=scale, shift=shift)


def mul(operation: Operation) -> None:
    """Add a product with a number per channel."""
    value, vector = _with_constant(operation)
    _affine(operation, value, vector, np.zeros_like(vector))


def add(operation: Operation) -> None:
    """Add a sum: of two tensors, or with a number per channel."""
    if len(operation.inputs) == 2 and all(i in operation.scope.values for i in operation.inputs):
        a, b = operation.value(0), operation.value(1)
        if (a.axes, a.channels, a.rate) != (b.axes, b.channels, b.rate):
            raise operation.fail("sum of tensors of different layouts")
        operation.emit(Add, replace(a, layer=operation.output), a, b)
        return
    value, vector = _with_constant(operation)
    _affine(operation, value, np.ones_like(vector), vector)


def sub(operation: Operation) -> None:
    """Add a difference with a number per channel."""
    operation.constant(1)
    value, vector = _with_constant(operation)
    _affine(operation, value, np.ones_like(vector), -vector)


def _with_constant(operation: Operation) -> tuple[Value, Array]:
    """The operands of a product of a tensor and a constant, which is given per channel."""
    sides = [i for i, name in enumerate(operation.inputs) if name in operation.scope.constants]
    if len(operation.inputs) != 2 or len(sides) != 1:
        raise operation.fail("product of tensors")
    value = operation.value(1 - sides[0])
    return value, _channel_vector(operation, operation.constant(sides[0]), value)


def _channel_vector(operation: Operation, constant: Array, value: Value) -> Array:
    """A constant operand as one number per channel, or an error if it is not that."""
    if constant.ndim <= len(value.axes):
        shape = (1,) * (len(value.axes) - constant.ndim) + constant.shape
        varying = [a for a, n in zip(value.axes, shape, strict=True) if n != 1]
        if constant.size in (1, value.channels) and varying in ([], ["C"]):
            return np.broadcast_to(constant.ravel(), (value.channels,)).copy()
    raise operation.fail(f"operand of shape {constant.shape}")


def relu(operation: Operation) -> None:
    """Add a ReLU."""
    value = operation.value()
    operation.emit(Relu, replace(value, layer=operation.output), value)


def max_pool(operation: Operation) -> None:
    """Add a max-pool whose windows do not overlap."""
    value = operation.value()
    window = operation.attribute_list("kernel_shape", [])
    stride = _time_stride(operation, len(value.axes) - 2)
    plain = (
        value.axes[:1] == "N"
        and value.axes[-1:] == "T"
        and len(window) == len(value.axes) - 2
        and window == [1] * (len(window) - 1) + [stride]
        and not any(operation.attribute_list("pads", []))
        and set(operation.attribute_list("dilations", [1])) == {1}
    )
    if not plain:
        raise operation.fail("pooling whose window is not its stride")
    result = replace(value, layer=operation.output, rate=value.rate * stride)
    operation.emit(MaxPool, result, value, stride=stride)


def pad(operation: Operation) -> None:
    """Add channels of zeros behind the last."""
    value = operation.value()
    if operation.has(3):
        raise operation.fail("padding of chosen axes")
    pads = operation.integers(1, "pads")
    axes = value.axes
    filling = operation.number("value", 0.0) or (operation.has(2) and operation.constant(2).any())
    if len(pads) != 2 * len(axes) or "C" not in axes:
        raise operation.fail(f"padding {pads} of {len(axes)} axes")
    added = pads[len(axes) + axes.index("C")]
    constant = operation.text("mode", "constant") == "constant" and not filling
    if sum(map(abs, pads)) != added or not constant:
        raise operation.fail(f"padding {pads} (not of the channels' end alone)")
    result = replace(value, layer=operation.output, channels=value.channels + added)
    operation.emit(PadChannels, result, value)


def mat_mul(operation: Operation) -> None:
    """Add a dense layer: a convolution of one tap."""
    value, weights = operation.value(), operation.constant(1)
    if weights.ndim != 2 or value.axes[-1:] != "C" or weights.shape[0] != value.channels:
        raise operation.fail("product that is no dense layer")
    result = replace(value, layer=operation.output, channels=weights.shape[1])
    operation.emit(Conv, result, value, kernel=weights[None])


def softmax(operation: Operation) -> None:
    """Add the softmax over the classes."""
    value = operation.value()
    # Before operator set 13 the default was all axes from the second on.
    default = -1 if operation.scope.opset >= 13 else 1
    axis = operation.axis(operation.integer("axis", default), len(value.axes))
    last = axis == len(value.axes) - 1  # older sets joined all axes from this one on
    if value.axes[axis] != "C" or not (last or operation.scope.opset >= 13):
        raise operation.fail("Softmax over another axis than the classes")
    operation.emit(Softmax, replace(value, layer=operation.output), value)


def slice_channels(operation: Operation) -> None:
    """Add a choice of neighbouring channels."""
    value = operation.value()
    first, end = operation.integers(1, "starts"), operation.integers(2, "ends")
    axes = operation.integers(3, "axes") or list(range(len(first)))
    steps = operation.integers(4, "") if operation.has(4) else [1] * len(first)
    whole = {"N": (0, MOST), "T": (0, MOST), "C": (0, value.channels)}
    if not len(first) == len(end) == len(axes) == len(steps) or set(steps) != {1}:
        raise operation.fail("slice with steps")
    for axis, low, high in zip(axes, first, end, strict=True):
        name = value.axes[operation.axis(axis, len(value.axes))]
        if name == "C":
            limits = (low, high if high >= 0 else high + value.channels)
            whole["C"] = (max(limits[0], 0), min(limits[1], value.channels))
        if low < 0 or (name != "C" and (low > 0 or high < MOST)):
            raise operation.fail(f"slice of the axis {name} from {low} to {high}")
    low, high = whole["C"]
    if not low < high:
        raise operation.fail(f"slice of the channels from {low} to {high}")
    result = replace(value, layer=operation.output, channels=high - low)
    operation.emit(Slice, result, value, first=low, end=high)


LAYERS = {
    "Conv": (conv, {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"}),
    "BatchNormalization": (batch_normalization, {"epsilon", "momentum", "training_mode"}),
    "Mul": (mul, set[str]()),
    "Add": (add, set[str]()),
    "Sub": (sub, set[str]()),
    "Relu": (relu, set[str]()),
    "MaxPool": (
        max_pool,
        {"auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"},
    ),
    "Pad": (pad, {"mode", "pads", "value"}),
    "MatMul": (mat_mul, set[str]()),
    "Softmax": (softmax, {"axis"}),
    "Slice": (slice_channels, {"starts", "ends", "axes"}),
}
