"""The bytes of a CPU plan; docs/plan-format.md describes them. ``plan_file.cpp`` reads them.

A plan is a preamble of 64 bytes, a JSON header, and blobs, each padded with zeros to 64 bytes:

========  =====  ==========================================================
offset    bytes  content
========  =====  ==========================================================
0         8      ``ECGRTCPU``
8         4      format version, little-endian as every number here: 2, of
                 plans with weights in bfloat16 3
12        4      zero
16        8      bytes of the JSON header, which starts at 64
24        8      bytes of the whole file, a multiple of 64
32        8      XXH3 (64 bits, no seed) of the preamble, with zeros in this
                 place, and the padded header
40        24     zero
========  =====  ==========================================================

The header has the XXH3 of each blob and its padding, so whoever reads a blob can check it alone.
Blob offsets in the header count from the first multiple of 64 behind the header. Weights are plain
(folded, but neither packed nor transformed), so one plan loads on every instruction set.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

from .. import _core
from .._extras import require
from .graph import Array

MAGIC = b"ECGRTCPU"
FORMAT_VERSION = _core.PLAN_FORMAT_VERSION
#: What is written where no weights are bfloat16, so that older readers can read it.
PLAIN_VERSION = 2
ALIGNMENT = 64
_PREAMBLE = "<8sIIQQQ24x"


class Blobs:
    """Arrays on their way into a plan."""

    def __init__(self) -> None:
        self._hash = require("xxhash", extra="build").xxh3_64_hexdigest
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, values: Array, kind: str | None = None) -> dict[str, Any]:
        """Take an array, and return what the header says of it; ``kind`` if NumPy has no name."""
        part = padded(np.ascontiguousarray(values).tobytes())
        blob = {
            "offset": self._size,
            "count": int(values.size),
            "type": kind or str(values.dtype),
            "xxh3": self._hash(part),
        }
        self._parts.append(part)
        self._size += len(part)
        return blob

    def content(self) -> bytes:
        """Return them one behind the other."""
        return b"".join(self._parts)


def version_of(precision: str) -> int:
    """Return the format version of plans of a precision."""
    return FORMAT_VERSION if precision == "bf16" else PLAIN_VERSION


def padded(part: bytes) -> bytes:
    """Return bytes with zeros behind them up to a multiple of :data:`ALIGNMENT`."""
    return part + bytes(-len(part) % ALIGNMENT)


def seal(header: dict[str, Any], blobs: bytes) -> bytes:
    """Return a plan of this header and these blobs, its sizes and its hash put right."""
    xxh3 = require("xxhash", extra="build").xxh3_64_intdigest
    text = json.dumps(header, separators=(",", ":")).encode()
    size = ALIGNMENT + len(padded(text)) + len(blobs)
    version = version_of(header.get("precision", "fp32"))

    def preamble(checksum: int) -> bytes:
        return struct.pack(_PREAMBLE, MAGIC, version, 0, len(text), size, checksum)

    return preamble(xxh3(preamble(0) + padded(text))) + padded(text) + blobs


def unseal(plan: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the header and the blobs of a plan that is known to be sound."""
    (size,) = struct.unpack_from("<Q", plan, 16)
    header = json.loads(plan[ALIGNMENT : ALIGNMENT + size])
    return header, plan[ALIGNMENT + size + -size % ALIGNMENT :]


def precision_of(plan: bytes) -> str:
    """Return the precision that a sound CPU plan was built in; of TensorRT's, ``"fp32"``."""
    return str(unseal(plan)[0]["precision"]) if plan.startswith(MAGIC) else "fp32"
