"""Long records are read in little memory, whatever their length."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from ecgrt.records import open_record

#: Nine hours at 250 Hz: 64 MB as float64.
WAVE = np.resize(np.round(400 * np.sin(np.arange(3000) / 20)), 8_000_000).astype(np.int16)
#: Bytes that reading may take at a time.
MOST = 24 << 20


def write_npy(folder: Path) -> Path:
    np.save(folder / "a.npy", WAVE)
    return folder / "a.npy"


def write_edf(folder: Path) -> Path:
    """By hand: the package takes more memory to write than is asked of reading."""
    fixed = ["0", "X X X X", "Startdate X X X X", "01.01.26", "00.00.00", "512", "", "8000", "4"]
    widths = [8, 80, 80, 8, 8, 8, 44, 8, 8]
    signal = ["ECG", "", "uV", "-32768", "32767", "-32768", "32767", "", "1000", ""]
    head = "".join(text.ljust(width) for text, width in zip(fixed, widths, strict=True)) + "1   "
    widths = [16, 80, 8, 8, 8, 8, 8, 80, 8, 32]
    head += "".join(text.ljust(width) for text, width in zip(signal, widths, strict=True))
    (folder / "a.edf").write_bytes(head.encode() + WAVE.tobytes())
    return folder / "a.edf"


def write_wfdb(folder: Path) -> Path:
    pytest.importorskip("wfdb", reason='needs pip install "ecgrt[formats]"')
    WAVE.tofile(folder / "a.dat")
    (folder / "a.hea").write_text(f"a 1 250 {WAVE.size}\na.dat 16 200/mV 16 0 0 0 0 II\n")
    return folder / "a.hea"


def write_skewed(folder: Path) -> Path:
    path = write_wfdb(folder)
    path.write_text(path.read_text().replace("dat 16 ", "dat 16:25 "))
    return path


def write_npz(folder: Path) -> Path:
    np.savez_compressed(folder / "a.npz", ecg=WAVE)
    return folder / "a.npz"


def write_npz_times(folder: Path) -> Path:
    """With a gap, so that the times are needed throughout."""
    times = np.arange(WAVE.size) / 250
    times[WAVE.size - 100 :] += 4 / 250
    np.savez_compressed(folder / "a.npz", ecg=WAVE, time=times.astype(np.float64))
    return folder / "a.npz"


def write_mat(folder: Path) -> Path:
    savemat(folder / "a.mat", {"ecg": WAVE})
    return folder / "a.mat"


def write_hdf5(folder: Path) -> Path:
    h5py = pytest.importorskip("h5py", reason='needs pip install "ecgrt[formats]"')
    with h5py.File(folder / "a.mat", "w", userblock_size=512) as file:
        file.create_dataset("ecg", data=WAVE[:, None], chunks=(10_000, 1), compression="gzip")
    return folder / "a.mat"


def write_ishne(folder: Path) -> Path:
    head = bytearray(514)
    struct.pack_into("<4i", head, 2, 0, WAVE.size, 522, 522)
    struct.pack_into("<2h", head, 148, 1, 6)
    struct.pack_into("<h", head, 198, 1000)
    struct.pack_into("<h", head, 264, 250)
    (folder / "a.ecg").write_bytes(b"ISHNE1.0" + head + WAVE.tobytes())
    return folder / "a.ecg"


WRITERS = [write_npy, write_edf, write_wfdb, write_skewed, write_npz, write_npz_times, write_mat]
WRITERS += [write_hdf5, write_ishne]


@pytest.mark.parametrize("write", WRITERS)
def test_reading_takes_little_memory(write: Callable[[Path], Path], tmp_path: Path) -> None:
    path = write(tmp_path)
    stated = {"fs": 250.0, "unit": "uV"} if path.suffix in (".npy", ".npz", ".mat") else {}
    list(open_record(path, **stated).chunks())  # type: ignore[arg-type]  # what it imports
    tracemalloc.start()
    try:
        count = sum(chunk.size for chunk in open_record(path, **stated).chunks())  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == WAVE.size + (4 if write is write_npz_times else 0)
    assert peak < MOST
