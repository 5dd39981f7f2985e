"""Plans of format 1, which ecgrt no longer writes and reads for ever."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

ALIGNMENT = 64


def seal_format_1(header: dict[str, Any], blobs: bytes) -> bytes:
    """Return the plan of format 1 with this header and these blobs; docs/plan-format.md."""
    header = json.loads(json.dumps(header))  # a copy, however deep
    for entry in (*header.get("convolutions", ()), header.get("golden", {})):
        for blob in entry.values() if isinstance(entry, dict) else ():
            if isinstance(blob, dict):
                blob.pop("xxh3", None)
    text = json.dumps(header).encode()
    payload = text + bytes(-len(text) % ALIGNMENT) + blobs
    words = np.frombuffer(payload, "<u8")
    odd = 2 * np.arange(len(words), dtype=np.uint64) + np.uint64(1)
    checksum = int(np.sum(words * odd, dtype=np.uint64))
    size = ALIGNMENT + len(payload)
    return struct.pack("<8sIIQQQ24x", b"ECGRTCPU", 1, 0, len(text), size, checksum) + payload
