"""Reads an ONNX model of the network family into a list of plain layers.

A table of operators says what is understood; what a node may ask for is checked in
:mod:`.onnx_scope`, constants are computed in :mod:`.onnx_constants`, shapes followed in
:mod:`.onnx_shapes`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .graph import Graph, Slice, Softmax, UnsupportedModelError
from .onnx_constants import fold, is_folded, read_initializers
from .onnx_layers import LAYERS
from .onnx_scope import Operation, Scope, Value
from .onnx_shapes import follow_shape, is_shape_arithmetic
from .onnx_views import VIEWS

if TYPE_CHECKING:
    import onnx

#: What is done with an operator, and the attributes that it may have.
OPERATORS: dict[str, tuple[Callable[[Operation], None], set[str]]] = {**LAYERS, **VIEWS}
#: Before, some operators broadcast or normalised in other ways.
OLDEST_OPSET = 9


def load_graph(model: onnx.ModelProto) -> Graph:
    """Return the layers of ``model``.

    Raises
    ------
    UnsupportedModelError
        For an operator, an attribute or a shape that the family does not have, and for a graph
        that is malformed.
    """
    scope = Scope(_opset(model), read_initializers(model.graph))
    signal = _define_input(model.graph, scope)
    for node in model.graph.node:
        _read(Operation(node, scope))
    probabilities = _probabilities(model.graph, scope)
    evidence = _evidence(model.graph, scope, probabilities)
    return Graph(scope.layers, signal, probabilities.channels, evidence)


def _opset(model: onnx.ModelProto) -> int:
    opset = max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=1)
    if opset < OLDEST_OPSET:
        raise UnsupportedModelError(
            f"the model has operator set {opset}; {OLDEST_OPSET} or a later one is needed"
        )
    if model.functions:
        raise UnsupportedModelError(
            f"the model defines a function {model.functions[0].name!r}; inline it before"
        )
    return opset


def _define_input(graph: onnx.GraphProto, scope: Scope) -> str:
    inputs = [v for v in graph.input if v.name not in scope.constants]
    if len(inputs) != 1 or not 1 <= len(graph.output) <= 2:
        raise UnsupportedModelError(
            f"the model has {len(inputs)} inputs and {len(graph.output)} outputs; "
            "a network of this family has one input, probabilities and perhaps evidence"
        )
    tensor = inputs[0].type.tensor_type
    dims = [d.dim_value for d in tensor.shape.dim]
    if len(dims) != 3 or dims[2] != 1 or tensor.elem_type != 1:
        raise UnsupportedModelError(
            f"the input {inputs[0].name!r} has shape {dims} and type {tensor.elem_type}; "
            "(batch, samples, 1) of float32 is needed"
        )
    name = str(inputs[0].name)
    scope.values[name] = Value(name, "NTC", 1, 1)
    return name


def _probabilities(graph: onnx.GraphProto, scope: Scope) -> Value:
    softmaxes = [layer for layer in scope.layers if isinstance(layer, Softmax)]
    if len(softmaxes) != 1:
        raise UnsupportedModelError("the model does not end in a Softmax over the classes")
    output = scope.values.get(graph.output[0].name)
    if output is None or output.layer != softmaxes[0].output:
        raise UnsupportedModelError("the model's first output is not its Softmax")
    _check_axes(output)
    return output


def _evidence(graph: onnx.GraphProto, scope: Scope, probabilities: Value) -> int:
    """Return how many channels the second output has: those behind the classes' logits."""
    layers = {layer.output: layer for layer in scope.layers}
    logits = layers.get(layers[probabilities.layer].inputs[0])
    if len(graph.output) == 1 and not isinstance(logits, Slice):
        return 0
    output = scope.values.get(graph.output[-1].name)
    evidence = layers.get(output.layer) if output else None
    if (
        not isinstance(logits, Slice)
        or not isinstance(evidence, Slice)
        or output is None
        or logits.inputs != evidence.inputs
        or (logits.first, logits.end) != (0, evidence.first)
    ):
        raise UnsupportedModelError(
            "the model's second output is not what stands behind the logits of its Softmax"
        )
    _check_axes(output)
    return output.channels


def _check_axes(output: Value) -> None:
    if output.axes != "NTC":
        raise UnsupportedModelError(
            f"an output of the model has axes {output.axes}; (batch, segments, classes) is needed"
        )


def _read(operation: Operation) -> None:
    if any(name and operation.scope.knows(name) for name in operation.node.output):
        raise operation.fail("second definition of an output")
    if operation.node.domain not in ("", "ai.onnx"):
        raise operation.fail(f"operator of the domain {operation.node.domain!r}")
    if is_shape_arithmetic(operation):
        follow_shape(operation)
        return
    if is_folded(operation, operation.scope):
        fold(operation)
        return
    if operation.type not in OPERATORS:
        raise operation.fail("operator")
    handler, attributes = OPERATORS[operation.type]
    if unknown := {a.name for a in operation.node.attribute} - attributes:
        raise operation.fail(f"attribute {min(unknown)!r}")
    handler(operation)
