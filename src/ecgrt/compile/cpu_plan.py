"""Compiles ONNX into a plan of the CPU engine. This file and plan_file.cpp know the byte layout.

A plan is a preamble of 64 bytes, a JSON header, and blobs, each padded with zeros to 64 bytes:

========  =====  ==========================================================
offset    bytes  content
========  =====  ==========================================================
0         8      ``ECGRTCPU``
8         4      format version, little-endian as every number here
12        4      zero
16        8      bytes of the JSON header, which starts at 64
24        8      bytes of the whole file, a multiple of 64
32        8      checksum: sum of ``word[i] * (2 i + 1)`` modulo 2**64 over
                 the 64-bit words from offset 64 to the end of the file
40        24     zero
========  =====  ==========================================================

Blob offsets in the header count from the first multiple of 64 behind the header. Weights are plain
(folded, but neither packed nor transformed), so one plan loads on every instruction set. They lie
in the order of the convolutions.
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import _core
from .._extras import require
from .._files import check_writable, replacing
from ..metadata import ONNX_KEY, ONNX_TRAINING_RECORDS_KEY, Metadata
from .fusion import FusedConv, FusedNetwork, fuse
from .graph import Array, UnsupportedModelError
from .onnx_graph import load_graph

MAGIC = b"ECGRTCPU"
FORMAT_VERSION = _core.PLAN_FORMAT_VERSION
ALIGNMENT = 64
#: Channels are padded with zeros to a multiple of the engine's widest vector.
CHANNEL_MULTIPLE = _core.CHANNEL_MULTIPLE
PRECISIONS = ("fp32", "fp16")
GOLDEN_SEGMENTS = 6


def build_cpu_plan(
    onnx_path: str | os.PathLike[str],
    plan_path: str | os.PathLike[str],
    *,
    precision: str = "fp32",
    opt_seconds: float = 30.0,
) -> None:
    """Compile an ONNX model into a plan for the native CPU engine.

    Parameters
    ----------
    onnx_path
        A model written by ``ecgrt-export``.
    plan_path
        Where the plan goes; written beside it first and then renamed.
    precision
        ``"fp32"``, or ``"fp16"`` to store the weights in half precision (the arithmetic stays
        fp32): half the file, less memory traffic.
    opt_seconds
        Length of record that the engine chooses its algorithms for; others work as well.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        There is no such model, or the plan cannot be written.
    UnsupportedModelError
        The model is not of the family; the message names operator and node. A ValueError.
    ValueError
        An impossible option, a file that is no ecgrt model, or a plan that would replace it.
    """
    check_writable(plan_path, onnx_path)
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {PRECISIONS}, not {precision!r}")
    if not 0 < opt_seconds <= 86_400:
        raise ValueError(f"opt_seconds must be from 0 to 86400 s, not {opt_seconds}")
    model = _load_model(Path(onnx_path))
    properties = {p.key: p.value for p in model.metadata_props}
    if ONNX_KEY not in properties:
        raise ValueError(
            f"{onnx_path} carries no {ONNX_KEY!r} metadata; write the model with ecgrt-export"
        )
    metadata = Metadata.from_json(properties[ONNX_KEY])
    network = fuse(load_graph(model))
    _check(network, metadata)
    golden = _golden(model, network)
    header, blobs = _Writer(network, precision).describe()
    header |= {
        "metadata": metadata.to_json(),
        "training_records": properties.get(ONNX_TRAINING_RECORDS_KEY, ""),
        "precision": precision,
        "opt_samples": round(opt_seconds * metadata.sampling_rate),
        "golden": {"input": blobs.add(golden[0]), "probabilities": blobs.add(golden[1])},
    }
    _write(Path(plan_path), header, blobs)


def _load_model(path: Path) -> Any:
    onnx = require("onnx", extra="build")
    if not path.is_file():
        raise FileNotFoundError(f"there is no model {path}")
    try:
        return onnx.load(path, load_external_data=False)  # what is refused need not be read
    except Exception as error:  # protobuf's own exception types differ between versions
        raise ValueError(f"{path} is not an ONNX model: {error}") from error


def _check(network: FusedNetwork, metadata: Metadata) -> None:
    found = (network.classes, network.samples_per_segment)
    stated = (len(metadata.classes), metadata.samples_per_segment)
    if found != stated:
        raise UnsupportedModelError(
            f"the network has {found[0]} classes and {found[1]} samples per segment, its metadata "
            f"says {stated[0]} and {stated[1]}"
        )
    if network.evidence != metadata.evidence:
        raise UnsupportedModelError(
            f"the network answers {network.evidence} channels of evidence, the record head of its "
            f"metadata reads {metadata.evidence}"
        )
    if network.context_segments > metadata.context_segments:
        raise UnsupportedModelError(
            f"the network's outputs depend on {network.context_segments} segments on either side, "
            f"its metadata says {metadata.context_segments}"
        )


def _golden(model: Any, network: FusedNetwork) -> tuple[Array, Array]:
    """A normalised input and what ONNX Runtime answers: every load can be checked against it."""
    onnxruntime = require("onnxruntime", extra="build")
    size = GOLDEN_SEGMENTS * network.samples_per_segment
    signal = np.random.default_rng(2017).standard_normal(size).astype(np.float32)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    answers = session.run(None, {session.get_inputs()[0].name: signal[None, :, None]})
    return signal, np.concatenate([a[0] for a in answers], axis=1).astype(np.float32)


@dataclass
class _Blobs:
    data: list[Array] = field(default_factory=list)
    size: int = 0

    def add(self, values: Array) -> dict[str, Any]:
        blob = {"offset": self.size, "count": int(values.size), "type": str(values.dtype)}
        self.data.append(np.ascontiguousarray(values))
        self.size += _aligned(values.nbytes)
        return blob


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _padded(channels: int) -> int:
    return -(-channels // CHANNEL_MULTIPLE) * CHANNEL_MULTIPLE


class _Writer:
    def __init__(self, network: FusedNetwork, precision: str) -> None:
        self.network = network
        self.weights_type = np.float16 if precision == "fp16" else np.float32
        self.blobs = _Blobs()

    def describe(self) -> tuple[dict[str, Any], _Blobs]:
        slots = _assign_slots(self.network)
        tensors = [
            {"channels": _padded(t.channels), "rate": t.rate, "slot": slot}
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
        kernel = np.zeros((taps, 1 if conv.input == 0 else _padded(inputs), _padded(outputs)))
        kernel[:, :inputs, :outputs] = conv.kernel
        self._check_values(conv)
        entry: dict[str, Any] = {
            name: getattr(conv, name)
            for name in ("name", "input", "residual", "raw", "activated", "stride", "pad", "pool")
        }
        entry["taps"] = taps
        entry["weights"] = self.blobs.add(kernel.astype(self.weights_type))
        entry["bias"] = self._vector(conv.bias)
        if conv.scale is not None and conv.shift is not None:
            entry["scale"] = self._vector(conv.scale)
            entry["shift"] = self._vector(conv.shift)
        return entry

    def _check_values(self, conv: FusedConv) -> None:
        vectors = (conv.kernel, conv.bias, conv.scale, conv.shift)
        if not all(np.isfinite(v).all() for v in vectors if v is not None):
            raise ValueError(f"a weight of {conv.name!r} is not finite; the training went wrong")
        if np.abs(conv.kernel).max(initial=0) > np.finfo(self.weights_type).max:
            raise ValueError(f"a weight of {conv.name!r} does not fit half precision; use fp32")

    def _vector(self, values: Array) -> dict[str, Any]:
        padded = np.zeros(_padded(len(values)), np.float32)
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


def checksum(payload: bytes) -> int:
    """Checksum of a plan from offset 64 on; see the module's docstring."""
    words = np.frombuffer(payload, "<u8")
    odd = 2 * np.arange(len(words), dtype=np.uint64) + np.uint64(1)
    return int(np.sum(words * odd, dtype=np.uint64))


def _write(path: Path, header: dict[str, Any], blobs: _Blobs) -> None:
    text = json.dumps(header, separators=(",", ":")).encode()
    parts = [text] + [array.tobytes() for array in blobs.data]
    payload = b"".join(part + bytes(_aligned(len(part)) - len(part)) for part in parts)
    preamble = struct.pack(
        "<8sIIQQQ24x",
        MAGIC,
        FORMAT_VERSION,
        0,
        len(text),
        ALIGNMENT + len(payload),
        checksum(payload),
    )
    with replacing(path) as part:
        part.write_bytes(preamble + payload)
