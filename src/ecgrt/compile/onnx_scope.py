"""What is known while an ONNX graph is read: its values, and a checked view of a node.

Everything that a handler asks of a node is asked here, so that a malformed one ends in
:class:`UnsupportedModelError` with the names of operator and node, and in nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .graph import Array, Layer, UnsupportedModelError

if TYPE_CHECKING:
    import onnx

#: Channels, strides and the like are fewer; the engine's reader has the same limit.
MOST = 1 << 20

#: An entry of a shape: a number, or the length of an axis that differs from record to record.
Extent = int | tuple[str, int]


@dataclass(frozen=True)
class Value:
    """A layer's output, and how ONNX sees it.

    Exporters wrap one-dimensional layers in transposes, squeezes and reshapes, which only move the
    names of the axes about: N, T and C, or 1 for an axis that is none of them.
    """

    layer: str
    axes: str
    channels: int
    rate: int  # input samples per row

    def extents(self) -> list[Extent]:
        """Return the shape: N and T are not known, T is so many segments of ``rate``."""
        known: dict[str, Extent] = {"C": self.channels, "T": ("T", self.rate), "N": ("N", 0)}
        return [known.get(axis, 1) for axis in self.axes]


@dataclass
class Scope:
    """What the nodes that were read so far define."""

    opset: int
    constants: dict[str, Array]
    values: dict[str, Value] = field(default_factory=dict)
    shapes: dict[str, list[Extent]] = field(default_factory=dict)  # computed at run time
    layers: list[Layer] = field(default_factory=list)

    def knows(self, name: str) -> bool:
        """Tell whether a name is defined."""
        return name in self.constants or name in self.values or name in self.shapes


class Operation:
    """A node, asked for what a handler needs of it."""

    def __init__(self, node: onnx.NodeProto, scope: Scope) -> None:
        self.scope = scope
        self.node = node
        self.type = str(node.op_type)
        self.inputs = list(node.input)
        while self.inputs and not self.inputs[-1]:  # optional operands that are not there
            self.inputs.pop()
        if not node.output or not node.output[0]:
            raise self.fail("node without output")
        self.output = str(node.output[0])

    @property
    def name(self) -> str:
        """For messages."""
        return str(self.node.name or (self.node.output[0] if self.node.output else "without name"))

    def fail(self, what: str) -> UnsupportedModelError:
        """Return the error to raise; ``what`` is not supported."""
        return UnsupportedModelError(
            f"{what} not supported: {self.type} in node {self.name!r}; the CPU engine takes the "
            "residual and plain convolutional networks of ecgrt-train"
        )

    # -- operands

    def has(self, index: int) -> bool:
        """Tell whether there is an operand of this number."""
        return len(self.inputs) > index and bool(self.inputs[index])

    def value(self, index: int = 0) -> Value:
        """Return an operand that must come from the signal."""
        if not self.has(index):
            raise self.fail(f"missing operand {index}")
        if self.inputs[index] not in self.scope.values:
            raise self.fail(f"operand {self.inputs[index]!r} that does not come from the signal")
        return self.scope.values[self.inputs[index]]

    def constant(self, index: int) -> Array:
        """Return an operand that must be a constant, as float64."""
        if not self.has(index):
            raise self.fail(f"missing operand {index}")
        if self.inputs[index] not in self.scope.constants:
            raise self.fail(f"operand {self.inputs[index]!r} that is no constant")
        values = self.scope.constants[self.inputs[index]]
        if values.dtype.kind in "OUScMm":
            raise self.fail(f"operand {self.inputs[index]!r} that is not of numbers")
        return values.astype(np.float64)

    def vector(self, index: int, size: int) -> Array:
        """Return a constant operand of exactly so many numbers."""
        values = self.constant(index)
        if values.shape != (size,):
            raise self.fail(f"operand of shape {values.shape} where ({size},) is needed")
        return values

    # -- attributes

    def attribute(self, name: str, kind: int) -> Any:
        """Return an attribute of an ``onnx.AttributeProto`` type, None if it is not there."""
        import onnx

        for attribute in self.node.attribute:
            if attribute.name == name:
                if attribute.type != kind or attribute.ref_attr_name:
                    raise self.fail(f"attribute {name!r} of another type than the operator has")
                return onnx.helper.get_attribute_value(attribute)
        return None

    def integer(self, name: str, default: int) -> int:
        """Return an attribute of one integer."""
        value = self.attribute(name, 2)
        return default if value is None else int(value)

    def number(self, name: str, default: float) -> float:
        """Return an attribute of one number."""
        value = self.attribute(name, 1)
        return default if value is None else float(value)

    def text(self, name: str, default: str) -> str:
        """Return an attribute of text."""
        value = self.attribute(name, 3)
        return default if value is None else value.decode("utf-8", errors="replace")

    def attribute_list(self, name: str, default: Sequence[int]) -> list[int]:
        """Return an attribute of integers."""
        value = self.attribute(name, 7)
        return list(default) if value is None else [int(v) for v in value]

    def integers(self, index: int, attribute: str) -> list[int]:
        """Return an operand of integers that older operator sets carried as an attribute."""
        if not self.has(index):
            return self.attribute_list(attribute, [])
        values = self.constant(index).ravel()
        if not np.all(np.isfinite(values) & (np.abs(values) < 2**53)):
            raise self.fail(f"operand {self.inputs[index]!r} with numbers beyond 2^53")
        return [int(v) for v in values]

    def axis(self, axis: int, rank: int) -> int:
        """Return an axis, counted from the end where it is negative."""
        if not -rank <= axis < rank:
            raise self.fail(f"axis {axis} of a tensor of {rank} axes")
        return axis % rank

    # -- results

    def view(self, axes: str, of: Value | None = None) -> None:
        """Define the output as another look at an input."""
        value = of or self.value()
        if "N" in axes[1:]:
            raise self.fail("move of the batch")
        self.scope.values[self.output] = Value(value.layer, axes, value.channels, value.rate)

    def emit(self, layer: type[Layer], result: Value, *inputs: Value, **fields: Any) -> None:
        """Add a layer; its output is ``result``."""
        if not (0 < result.channels <= MOST and 0 < result.rate <= MOST):
            raise self.fail(f"{result.channels} channels at a step of {result.rate} samples")
        names = tuple(value.layer for value in inputs)
        self.scope.layers.append(
            layer(node=self.name, operator=self.type, inputs=names, output=result.layer, **fields)
        )
        self.scope.values[self.output] = result
