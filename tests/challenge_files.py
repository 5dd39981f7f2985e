"""Records in the challenge's format, written without ecgrt."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt


def write_record(
    folder: Path,
    name: str,
    samples: npt.ArrayLike,
    *,
    gain: str = "1000/mV",
    checksum: int | None = None,
    first: int | None = None,
    length: int | None = None,
    leads: tuple[str, ...] = ("ECG",),
) -> Path:
    """Write NAME.hea and NAME.mat, true to each other but for what is given; return the .hea.

    `samples` is (n,), or (n, leads) if several are named.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = np.asarray(samples, dtype="<i2").reshape(-1, len(leads))
    lines = [f"{name} {len(leads)} 300 {len(columns) if length is None else length}"]
    for lead, column in zip(leads, columns.T, strict=True):
        true_sum = int(column.sum(dtype=np.int64)) % 65536
        true_first = int(column[0]) if column.size else 0
        lines.append(
            f"{name}.mat 16+24 {gain} 16 0 {true_first if first is None else first} "
            f"{true_sum if checksum is None else checksum} 0 {lead}"
        )
    header = folder / f"{name}.hea"
    header.write_text("\r\n".join(lines) + "\r\n")  # the challenge's own end so
    mat_header = struct.pack("<5i4s", 30, len(leads), len(columns), 0, 4, b"val\0")
    (folder / f"{name}.mat").write_bytes(mat_header + columns.tobytes())
    return header
