"""Shapes that an ONNX graph computes at run time, followed symbolically, and reshapes to them."""

from __future__ import annotations

from .onnx_scope import Extent, Operation, Value


def is_shape_arithmetic(operation: Operation) -> bool:
    """Tell whether a node makes a shape, or another shape of one."""
    if operation.type == "Shape":
        return True
    makes_shapes = operation.type in _OPERATORS
    return makes_shapes and any(i in operation.scope.shapes for i in operation.inputs)


def follow_shape(operation: Operation) -> None:
    """Define the output of a node that makes a shape."""
    operation.scope.shapes[operation.output] = _OPERATORS[operation.type](operation)


def _shape(operation: Operation) -> list[Extent]:
    return operation.value().extents()[
        slice(operation.integer("start", 0), operation.attribute("end", 2))
    ]


def _entries(operation: Operation, index: int) -> list[Extent]:
    """An operand that is a shape: computed, or constant."""
    name = operation.inputs[index]
    if name in operation.scope.shapes:
        return operation.scope.shapes[name]
    return list(operation.integers(index, ""))


def _same(operation: Operation) -> list[Extent]:
    return _entries(operation, 0)


def _gather(operation: Operation) -> list[Extent]:
    entries = _entries(operation, 0)
    wanted = operation.integers(1, "")
    if operation.integer("axis", 0) != 0:
        raise operation.fail("another axis than that of the shape")
    return [entries[operation.axis(i, len(entries))] for i in wanted]


def _concat(operation: Operation) -> list[Extent]:
    joined = [e for i in range(len(operation.inputs)) for e in _entries(operation, i)]
    if len(joined) > 16:
        raise operation.fail("shape of more than 16 axes")
    return joined


#: Squeezed and unsqueezed, a shape of one entry and that entry count as the same.
_OPERATORS = {
    "Shape": _shape,
    "Cast": _same,
    "Identity": _same,
    "Squeeze": _same,
    "Unsqueeze": _same,
    "Gather": _gather,
    "Concat": _concat,
}


def reshape(operation: Operation) -> None:
    """Define the output of a Reshape, which may add and drop axes of 1 and join batch and time."""
    value = operation.value()
    if not operation.has(1) or operation.integer("allowzero", 0):
        raise operation.fail("reshape without a shape, or to one with zeros")
    name = operation.inputs[1]
    if name not in operation.scope.shapes and name not in operation.scope.constants:
        raise operation.fail(f"shape {name!r} that is not known")
    entries = _entries(operation, 1)
    axes = _match(value, entries)
    if axes is None:
        told = [e if isinstance(e, int) else e[0] for e in entries]
        raise operation.fail(f"reshape of {value.axes} to {told}")
    operation.view(axes)


def _match(value: Value, target: list[Extent]) -> str | None:
    """The axes after a reshape, None if it is more than another look at the same numbers."""
    if value.axes == "NTC" and target == [-1, value.channels]:
        return "TC"  # a dense layer's rows
    if value.axes == "TC":  # and back; the signal's N and T must be told apart by one of them
        allowed: tuple[tuple[Extent, ...], ...] = (
            (("N", 0), -1),
            (("T", value.rate), -1),
            (value.channels, -1),
        )
        fits = len(target) == 3 and all(e in a for e, a in zip(target, allowed, strict=True))
        return "NTC" if fits and target.count(-1) <= 1 else None
    source = value.extents()
    found = [
        source[i] if entry == 0 and i < len(source) else entry for i, entry in enumerate(target)
    ]
    kept = [extent for extent in source if extent != 1]
    if found.count(-1) > 1:
        return None
    if -1 in found:
        missing = [extent for extent in kept if extent not in found]
        if len(missing) > 1:
            return None
        found[found.index(-1)] = missing[0] if missing else 1
    if [extent for extent in found if extent != 1] != kept:
        return None
    letters = {("N", 0): "N", ("T", value.rate): "T", 1: "1", value.channels: "C"}
    if value.channels > 1:
        return "".join(letters[extent] for extent in found)
    # The lone channel takes the place of the first axis of 1.
    letters[1] = "1"
    axes = "".join(letters[extent] for extent in found)
    return axes.replace("1", "C", 1) if "1" in axes else None
