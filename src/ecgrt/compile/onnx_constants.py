"""An ONNX model's constants: what it carries, and what cheap operators make of that.

Only operators of this list are ever computed, and never into more elements than the limit: a
model file is data, and reading it must neither take long nor give another plan the next time.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .graph import Array, UnsupportedModelError
from .onnx_scope import Operation, Scope

if TYPE_CHECKING:
    import onnx

#: Elements of one folded constant, and of all constants of a model together (1 GiB as float32).
MOST_ELEMENTS = 1 << 28

_ELEMENTWISE = {"Add", "Sub", "Mul", "Div", "Neg", "Sqrt", "Reciprocal"}
#: These do not make more elements than they get.
_MOVING = {"Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Concat", "Slice"}
FOLDED = _ELEMENTWISE | _MOVING | {"Constant"}
_ATTRIBUTES = {"axes", "axis", "perm", "to", "allowzero", "saturate"}


def read_initializers(graph: onnx.GraphProto) -> dict[str, Array]:
    """Return the constants that a graph carries."""
    constants = {
        tensor.name: to_array(tensor, f"the weights {tensor.name!r}")
        for tensor in graph.initializer
    }
    _check_total(constants)
    return constants


def to_array(tensor: onnx.TensorProto, what: str) -> Array:
    """Return a tensor's numbers; raise UnsupportedModelError if it does not hold what it says."""
    from onnx import numpy_helper

    if tensor.data_location or tensor.external_data:
        raise UnsupportedModelError(f"{what} lie in another file; save the model as one file")
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except Exception as error:  # onnx's and NumPy's exceptions have no common ancestor
        raise UnsupportedModelError(f"{what} cannot be read: {error}") from error


def fold(operation: Operation) -> None:
    """Compute a node whose operands are constants."""
    if operation.type not in FOLDED:
        raise operation.fail("operator on constants")
    scope = operation.scope
    if operation.type == "Constant":
        scope.constants[operation.output] = _constant(operation)
    else:
        scope.constants[operation.output] = _evaluate(operation)
    _check_total(scope.constants)


def _check_total(constants: dict[str, Array]) -> None:
    if sum(value.size for value in constants.values()) > MOST_ELEMENTS:
        raise UnsupportedModelError(
            f"the model's constants have more than {MOST_ELEMENTS} elements together"
        )


def _constant(operation: Operation) -> Array:
    if len(operation.node.attribute) != 1:
        raise operation.fail("constant without one value")
    attribute = operation.node.attribute[0]
    if attribute.name == "value":
        tensor = operation.attribute("value", attribute.TENSOR)
        return to_array(tensor, f"the value of node {operation.name!r}")
    if attribute.name in ("value_int", "value_ints"):
        values = operation.attribute(
            attribute.name, attribute.INTS if attribute.name.endswith("s") else attribute.INT
        )
        return np.array(values, np.int64)
    if attribute.name in ("value_float", "value_floats"):
        values = operation.attribute(
            attribute.name, attribute.FLOATS if attribute.name.endswith("s") else attribute.FLOAT
        )
        return np.array(values, np.float32)
    raise operation.fail(f"constant given by {attribute.name!r}")


def _evaluate(operation: Operation) -> Array:
    import onnx
    from onnx.reference import ReferenceEvaluator

    if unknown := {a.name for a in operation.node.attribute} - _ATTRIBUTES:
        raise operation.fail(f"attribute {min(unknown)!r}")
    operands = {name: operation.scope.constants[name] for name in operation.inputs if name}
    if _elements(operation, [operands[name] for name in operation.inputs if name]) > MOST_ELEMENTS:
        raise operation.fail(f"result of more than {MOST_ELEMENTS} elements")
    try:
        graph = onnx.helper.make_graph(
            [operation.node],
            "constant",
            [],
            [onnx.ValueInfoProto(name=operation.output)],
            [onnx.numpy_helper.from_array(value, name) for name, value in operands.items()],
        )
        opset = [onnx.helper.make_opsetid("", operation.scope.opset)]
        model = onnx.helper.make_model(graph, opset_imports=opset)
        with np.errstate(all="ignore"):
            (value,) = ReferenceEvaluator(model).run(None, {})
        return np.asarray(value)
    except Exception as error:  # whatever NumPy and onnx raise for operands that do not fit
        raise operation.fail(f"operands that do not fit ({error})") from error


def _elements(operation: Operation, operands: list[Array]) -> int:
    """An upper bound of the elements of the result, before it is computed."""
    if operation.type not in _ELEMENTWISE:
        return sum(value.size for value in operands)
    try:
        return math.prod(np.broadcast_shapes(*(value.shape for value in operands)))
    except ValueError as error:
        raise operation.fail(f"operands that do not fit ({error})") from error


def is_folded(operation: Operation, scope: Scope) -> bool:
    """Tell whether a node computes with constants only."""
    return operation.type == "Constant" or (
        bool(operation.inputs) and all(i in scope.constants for i in operation.inputs if i)
    )
