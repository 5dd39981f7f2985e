"""Operators that move axes and leave the numbers as they are."""

from __future__ import annotations

import numpy as np

from .onnx_scope import Operation
from .onnx_shapes import reshape

FLOAT32 = 1  # TensorProto.FLOAT


def transpose(operation: Operation) -> None:
    """Define the output of a Transpose."""
    axes = operation.value().axes
    order = operation.attribute_list("perm", range(len(axes))[::-1])
    if sorted(order) != list(range(len(axes))):
        raise operation.fail(f"order {order} of {len(axes)} axes")
    operation.view("".join(axes[i] for i in order))


def unsqueeze(operation: Operation) -> None:
    """Define the output of an Unsqueeze."""
    axes = operation.value().axes
    wanted = operation.integers(1, "axes")
    rank = len(axes) + len(wanted)
    places = {operation.axis(axis, rank) for axis in wanted}
    if not places or len(places) != len(wanted) or rank > 8:
        raise operation.fail(f"new axes {wanted}")
    rest = iter(axes)
    operation.view("".join("1" if i in places else next(rest) for i in range(rank)))


def squeeze(operation: Operation) -> None:
    """Define the output of a Squeeze."""
    axes = operation.value().axes
    dropped = {operation.axis(i, len(axes)) for i in operation.integers(1, "axes")}
    if not dropped or any(axes[i] != "1" for i in dropped):
        raise operation.fail("squeeze of an axis that is not 1")
    operation.view("".join(a for i, a in enumerate(axes) if i not in dropped))


def identity(operation: Operation) -> None:
    """Define the output of an operator that changes nothing."""
    operation.view(operation.value().axes)


def dropout(operation: Operation) -> None:
    """Define the output of a Dropout, which does nothing but in training."""
    if operation.has(2) and np.any(operation.constant(2)):
        raise operation.fail("training mode")
    identity(operation)


def cast(operation: Operation) -> None:
    """Define the output of a Cast to what the numbers are already."""
    if operation.integer("to", 0) != FLOAT32:
        raise operation.fail("conversion to another type than float32")
    identity(operation)


VIEWS = {
    "Transpose": (transpose, {"perm"}),
    "Unsqueeze": (unsqueeze, {"axes"}),
    "Squeeze": (squeeze, {"axes"}),
    "Reshape": (reshape, {"allowzero"}),
    "Identity": (identity, set[str]()),
    "Dropout": (dropout, {"ratio", "seed"}),
    "Cast": (cast, {"to", "saturate", "round_mode"}),
}
