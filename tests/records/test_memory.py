"""Files larger than memory: what is held grows with the wanted column, not with the table."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np

from ecgrt.records import read_record

LEADS = 12
WAVE = np.round(np.sin(np.arange(1000) / 20), 3)


def write_table(path: Path, rows: int) -> None:
    block = "".join(",".join([f"{value:.3f}"] * LEADS) + "\n" for value in WAVE)
    with path.open("w") as file:
        file.write(",".join(f"V{i} (mV)" for i in range(LEADS)) + "\n")
        for _ in range(rows // len(WAVE)):
            file.write(block)


def peak_of_reading(path: Path, rows: int) -> tuple[int, int]:
    """Bytes held at most while a column was read, and bytes of the column."""
    write_table(path, rows)
    tracemalloc.start()
    try:
        record = read_record(path, lead="V7", fs=500)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert record.signal.size == rows
    np.testing.assert_allclose(record.signal[-1000:], WAVE * 1000, rtol=1e-6)
    return peak, record.signal.nbytes


def test_memory_grows_with_the_column_that_is_wanted(tmp_path: Path) -> None:
    """Above what blocks of the file take, three columns at most; the table would be twelve."""
    small, small_column = peak_of_reading(tmp_path / "small.csv", 100_000)
    large, large_column = peak_of_reading(tmp_path / "large.csv", 400_000)
    assert large - small < 3.2 * (large_column - small_column)
