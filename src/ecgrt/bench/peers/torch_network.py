"""A network as PyTorch's functions, with the weights that the ONNX model has."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from ...compile.fusion import FusedConv, FusedNetwork
from ..engine import Array


def torch_network(network: FusedNetwork) -> Any:
    """Return a ``torch.fx.GraphModule`` of fused layers.

    It takes (records, 1, n) and answers (records, segments, classes).
    """
    torch: Any = importlib.import_module("torch")

    def forward(x: Any) -> Any:
        tensors = {0: x}
        for conv in network.convolutions:
            have = network.tensors[conv.residual].channels if conv.residual >= 0 else 0
            _add(torch, tensors, conv, have)
        logits = tensors[network.logits][:, : network.classes]
        return torch.softmax(logits, 1).transpose(1, 2)

    return torch.fx.symbolic_trace(forward)


def _add(torch: Any, tensors: dict[int, Any], conv: FusedConv, have: int) -> None:
    """Add a layer; `have` is the number of channels of its shortcut."""
    functional = torch.nn.functional
    taps, _, filters = conv.kernel.shape
    after = max(taps - conv.stride, 0) - conv.pad
    x = tensors[conv.input]
    if after != conv.pad:
        x = functional.pad(x, (conv.pad, max(after, 0)))
    kernel = _constant(torch, conv.kernel.transpose(2, 1, 0))
    pad = conv.pad if after == conv.pad else 0
    x = functional.conv1d(x, kernel, _constant(torch, conv.bias), conv.stride, pad)
    if conv.residual >= 0:
        shortcut = tensors[conv.residual]
        if conv.pool > 1:
            shortcut = functional.max_pool1d(shortcut, conv.pool)
        if more := filters - have:
            shortcut = functional.pad(shortcut, (0, 0, 0, more))
        x = x + shortcut
    if conv.raw >= 0:
        tensors[conv.raw] = x
    if conv.activated >= 0:
        if conv.scale is not None and conv.shift is not None:
            scale, shift = (_constant(torch, v[:, None]) for v in (conv.scale, conv.shift))
            x = x * scale + shift
        tensors[conv.activated] = torch.relu(x)


def _constant(torch: Any, values: Array) -> Any:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
