"""What a CPU plan's JSON header says of a network; ``plan_header.cpp`` reads it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from .fusion import FusedConv, FusedNetwork
from .graph import Array, UnsupportedModelError
from .plan_file import Blobs

#: Channels are padded with zeros to a multiple of the engine's widest vector.
CHANNEL_MULTIPLE = _core.CHANNEL_MULTIPLE
#: 1 GiB in single precision.
MOST_WEIGHTS = 1 << 28
MOST_FLOAT = float(np.finfo(np.float32).max)


#: By precision; of bfloat16, which has the exponents of single precision, what rounds to a number.
MOST_WEIGHT = {
    "fp32": MOST_FLOAT,
    "fp16": float(np.finfo(np.float16).max),
    "bf16": float.fromhex("0x1.fep127"),
}


def to_bfloat16(values: Array) -> Array:
    """Return the bits of the nearest bfloat16 of single precision numbers, of two the even one."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def padded_channels(channels: int) -> int:
    """Return the number of channels that a tensor of so many takes in memory."""
    return -(-channels // CHANNEL_MULTIPLE) * CHANNEL_MULTIPLE


class HeaderWriter:
    """Writes the header of a plan and collects its blobs."""

    def __init__(self, network: FusedNetwork, precision: str) -> None:
        self.network = network
        self.precision = precision
        self.weights_type = np.float16 if precision == "fp16" else np.float32
        self.blobs = Blobs()
        self.weights = 0

    def describe(self) -> tuple[dict[str, Any], Blobs]:
        """Return tensors and convolutions, and the blobs that they refer to."""
        slots = _assign_slots(self.network)
        tensors = [
            {"channels": padded_channels(t.channels), "rate": t.rate, "slot": slot}
            for t, slot in zip(self.network.tensors, slots, strict=True)
        ]
        tensors[0]["channels"] = 1  # the lead itself is read in place, not as vectors of channels
        header = {
            "tensors": tensors,
            "convolutions": [self._convolution(c) for c in self.network.convolutions],
            "logits": self.network.logits,
            "classes": self.network.classes,
        }
        return header, self.blobs

    def _convolution(self, conv: FusedConv) -> dict[str, Any]:
        taps, inputs, outputs = conv.kernel.shape
        self._check_values(conv)
        width = 1 if conv.input == 0 else padded_channels(inputs)
        self.weights += taps * width * padded_channels(outputs)
        if self.weights > MOST_WEIGHTS:
            raise UnsupportedModelError(
                f"the network has more than {MOST_WEIGHTS} weights up to {conv.name!r}, channels "
                f"counted in multiples of {CHANNEL_MULTIPLE}"
            )
        kernel = np.zeros((taps, width, padded_channels(outputs)), self.weights_type)
        kernel[:, :inputs, :outputs] = conv.kernel
        entry: dict[str, Any] = {
            name: getattr(conv, name)
            for name in ("name", "input", "residual", "raw", "activated", "stride", "pad", "pool")
        }
        entry["taps"] = taps
        entry["weights"] = (
            self.blobs.add(to_bfloat16(kernel), "bfloat16")
            if self.precision == "bf16"
            else self.blobs.add(kernel)
        )
        entry["bias"] = self._vector(conv.bias)
        if conv.scale is not None and conv.shift is not None:
            entry["scale"] = self._vector(conv.scale)
            entry["shift"] = self._vector(conv.shift)
        return entry

    def _check_values(self, conv: FusedConv) -> None:
        vectors = (conv.kernel, conv.bias, conv.scale, conv.shift)
        if not all((np.abs(v) <= MOST_FLOAT).all() for v in vectors if v is not None):
            raise ValueError(f"a weight of {conv.name!r} is not finite; the training went wrong")
        if np.abs(conv.kernel).max(initial=0) > MOST_WEIGHT[self.precision]:
            raise ValueError(f"a weight of {conv.name!r} does not fit half precision; use fp32")

    def _vector(self, values: Array) -> dict[str, Any]:
        padded = np.zeros(padded_channels(len(values)), np.float32)
        padded[: len(values)] = values
        return self.blobs.add(padded)


def _assign_slots(network: FusedNetwork) -> list[int]:
    """Give each tensor a slot of memory that no tensor alive at the same time has.

    One exception: a sum may replace the shortcut that it reads last, element by element.
    """
    last_use = dict.fromkeys(range(len(network.tensors)), -1)
    for step, conv in enumerate(network.convolutions):
        last_use[conv.input] = last_use[conv.residual] = step
    last_use[network.logits] = len(network.convolutions)
    slots = [0] * len(network.tensors)  # tensor 0, the input, takes slot 0
    busy = {0: 0}  # slot -> tensor
    for step, conv in enumerate(network.convolutions):
        for tensor in (conv.raw, conv.activated):
            if tensor < 0:
                continue
            if tensor == conv.raw and _replaces_residual(network, conv, last_use, step):
                slots[tensor] = slots[conv.residual]
            else:
                slots[tensor] = next(i for i in range(len(busy) + 1) if i not in busy)
            busy[slots[tensor]] = tensor
        busy = {slot: tensor for slot, tensor in busy.items() if last_use[tensor] > step}
    return slots


def _replaces_residual(
    network: FusedNetwork, conv: FusedConv, last_use: dict[int, int], step: int
) -> bool:
    if conv.residual < 0 or conv.residual == conv.input or last_use[conv.residual] > step:
        return False
    shortcut, result = network.tensors[conv.residual], network.tensors[conv.raw]
    return (shortcut.channels, shortcut.rate) == (result.channels, result.rate)
