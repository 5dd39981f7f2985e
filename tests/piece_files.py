"""Records of every format that is read piece by piece, and what must be asked for to read them."""

from __future__ import annotations

import binascii
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

RNG = np.random.default_rng(5)
N = 30_011
WAVE = np.round(400 * np.sin(np.arange(N) / 20) + RNG.normal(0, 30, N))


def write_npy(folder: Path) -> Path:
    np.save(folder / "a.npy", WAVE.astype(np.float32))
    return folder / "a.npy"


def write_npy_leads(folder: Path) -> Path:
    np.save(folder / "a.npy", np.stack([WAVE, -WAVE], axis=1).astype(np.int16))
    return folder / "a.npy"


def write_fortran(folder: Path) -> Path:
    np.save(folder / "a.npy", np.asfortranarray(np.stack([WAVE, -WAVE], axis=1)))
    return folder / "a.npy"


def write_npz(folder: Path) -> Path:
    np.savez(folder / "a.npz", ecg=WAVE)
    return folder / "a.npz"


def write_planar(folder: Path) -> Path:
    np.save(folder / "a.npy", np.stack([WAVE, -WAVE]).astype(">f4"))
    return folder / "a.npy"


def with_times() -> dict[str, Any]:
    """A variable of two leads, and one of times that leave out samples."""
    times = np.arange(N) / 250
    times[12_345:] += 20
    leads = np.stack([WAVE, -WAVE]).astype(np.int32)
    return {"ecg": leads, "time": times, "fs": np.float64(250), "unit": np.str_("uV")}


def write_npz_times(folder: Path) -> Path:
    np.savez(folder / "a.npz", **with_times())
    return folder / "a.npz"


def write_packed(folder: Path) -> Path:
    leads = np.stack([WAVE, -WAVE], axis=1).astype(np.int16)
    np.savez_compressed(folder / "a.npz", ecg=leads, fs=250)
    return folder / "a.npz"


def write_mat(folder: Path, *, times: bool = False, packed: bool = False) -> Path:
    variables = with_times() if times else {"val": np.stack([WAVE, -WAVE]), "fs": 250}
    savemat(folder / "a.mat", variables, do_compression=packed)
    return folder / "a.mat"


def write_hdf5(folder: Path, *, turned: bool = False) -> Path:
    h5py = pytest.importorskip("h5py", reason='needs pip install "ecgrt[formats]"')
    leads = np.stack([WAVE, -WAVE])
    with h5py.File(folder / "a.mat", "w", userblock_size=512) as file:
        file["ecg"] = leads.T if turned else leads
        file["fs"] = [[250.0]]
        if turned:
            file["time"] = (with_times()["time"])[None, :]
    return folder / "a.mat"


def write_ishne(folder: Path, more: bytes = b"a remark", fault: int = 2222) -> Path:
    """Two leads of 5 and 2.5 microvolts a step; the first was off once."""
    samples = np.stack([WAVE / 5, WAVE / -2.5], axis=1).round().astype("<i2")
    samples[fault, 0] = -(2**15)
    head = bytearray(512)
    struct.pack_into("<4i", head, 0, len(more), N, 522, 522 + len(more))
    struct.pack_into("<3h", head, 138 - 10, 24, 12, 2025)
    struct.pack_into("<3h", head, 150 - 10, 20, 15, 30)
    struct.pack_into("<3h", head, 156 - 10, 2, 6, 15)
    struct.pack_into("<2h", head, 206 - 10, 5000, 2500)
    struct.pack_into("<h", head, 272 - 10, 250)
    checked = bytes(head) + more
    checksum = struct.pack("<H", binascii.crc_hqx(checked, 0xFFFF))
    (folder / "a.ecg").write_bytes(b"ISHNE1.0" + checksum + checked + samples.tobytes())
    return folder / "a.ecg"


def write_index(folder: Path) -> Path:
    """With a column that counts, and two gaps."""
    count = np.arange(N)
    count[10_000:] += 500
    rows = (f"{i},{x:g}\n" for i, x in zip(count, WAVE, strict=True))
    (folder / "a.csv").write_text("sample,ECG [uV]\n" + "".join(rows))
    return folder / "a.csv"


def write_column(folder: Path) -> Path:
    (folder / "a.csv").write_text("".join(f"{x:g}\n" for x in WAVE))
    return folder / "a.csv"


def write_table(folder: Path) -> Path:
    """With times, and two gaps."""
    times = np.arange(N) * 4
    times[10_000:] += 2000
    times[25_000:] += 40_000
    rows = (f"{t},{x:g}\n" for t, x in zip(times, WAVE, strict=True))
    (folder / "a.csv").write_text("time [ms],ECG [uV]\n" + "".join(rows))
    return folder / "a.csv"


def write_edf(folder: Path, kind: str = "EDF") -> Path:
    edfio = pytest.importorskip("edfio", reason='needs pip install "ecgrt[formats]"')
    bdf = kind.startswith("BDF")
    make, whole = (edfio.BdfSignal, edfio.Bdf) if bdf else (edfio.EdfSignal, edfio.Edf)
    signals = [
        make(
            np.tile(WAVE[:30_000], 1),
            250,
            label="ECG II",
            physical_dimension="uV",
            physical_range=(-1000, 1000),
        ),
        make(WAVE[:120], 1, label="SpO2", physical_dimension="%", physical_range=(-1000, 1000)),
    ]
    notes = [edfio.EdfAnnotation(0.0, None, "begin")] if "+" in kind else None
    path = folder / f"a.{'bdf' if bdf else 'edf'}"
    whole(signals, data_record_duration=1, annotations=notes).write(path)
    if kind == "EDF+D":
        content = path.read_bytes()
        for second in range(119, 60, -1):
            old, new = (f"+{s}\x14\x14".encode() for s in (second, second + 300))
            content = content.replace(old.ljust(8, b"\0"), new.ljust(8, b"\0"))
        path.write_bytes(content.replace(b"EDF+C", b"EDF+D"))
    return path


def write_wfdb(folder: Path, code: str = "212", gain: float = 200.0) -> Path:
    package = pytest.importorskip("wfdb", reason='needs pip install "ecgrt[formats]"')
    signal = WAVE / gain
    signal[5000:5100] = np.nan
    package.wrsamp(
        "a",
        360,
        ["mV"] * 2,
        ["II", "V5"],
        np.stack([signal, -signal], axis=1),
        fmt=[code] * 2,
        adc_gain=[gain] * 2,
        baseline=[0, 0],
        write_dir=str(folder),
    )
    return folder / "a.hea"


def write_segments(folder: Path) -> Path:
    package = pytest.importorskip("wfdb", reason='needs pip install "ecgrt[formats]"')
    for name, part in (("s1", WAVE[:9_000]), ("s2", WAVE[9_000:20_000])):
        package.wrsamp(
            name,
            360,
            ["mV"],
            ["II"],
            part[:, None] / 200,
            fmt=["16"],
            adc_gain=[200.0],
            baseline=[0],
            write_dir=str(folder),
        )
    (folder / "a.hea").write_text("a/3 1 360 25000\ns1 9000\n~ 5000\ns2 11000\n")
    return folder / "a.hea"


def write_skewed(folder: Path, code: str = "16", skew: int = 2345) -> Path:
    path = write_wfdb(folder, code)
    path.write_text(path.read_text().replace(f"dat {code} ", f"dat {code}:{skew} "))
    return path


FORMATS: dict[str, Callable[[Path], Path]] = {
    "npy": write_npy,
    "npy, leads": write_npy_leads,
    "npy, fortran": write_fortran,
    "npz": write_npz,
    "npz, packed": write_packed,
    "npz, times": write_npz_times,
    "npy, planar": write_planar,
    "MATLAB 5": write_mat,
    "MATLAB 5, times": lambda folder: write_mat(folder, times=True),
    "MATLAB 7": lambda folder: write_mat(folder, packed=True),
    "MATLAB 7.3": write_hdf5,
    "MATLAB 7.3, times": lambda folder: write_hdf5(folder, turned=True),
    "ISHNE": write_ishne,
    "text, an index": write_index,
    "text, a column": write_column,
    "text, times": write_table,
    "EDF": write_edf,
    "EDF+C": lambda folder: write_edf(folder, "EDF+C"),
    "EDF+D": lambda folder: write_edf(folder, "EDF+D"),
    "BDF": lambda folder: write_edf(folder, "BDF"),
    "WFDB 212": write_wfdb,
    "WFDB 16": lambda folder: write_wfdb(folder, "16"),
    "WFDB 16, microvolts": lambda folder: write_wfdb(folder, "16", 1000.0),
    "WFDB, skewed": write_skewed,
    "WFDB, all skew": lambda folder: write_skewed(folder, skew=N - 1),
    "WFDB, segments": write_segments,
}
#: What files do not tell, and which lead.
PLAIN = {"fs": 250.0, "unit": "uV"}
LEADS = {"fs": 250.0, "unit": "mV", "lead": 1}
ASKED: dict[str, dict[str, object]] = {
    "npy": PLAIN,
    "npz": PLAIN,
    "npz, packed": {"unit": "mV", "lead": 1},
    "npz, times": {"lead": 1},
    "npy, planar": LEADS,
    "MATLAB 5": {"unit": "uV", "lead": 1},
    "MATLAB 5, times": {"lead": 0},
    "MATLAB 7": {"unit": "uV", "lead": 1},
    "MATLAB 7.3": {"unit": "uV", "lead": 1},
    "MATLAB 7.3, times": {"unit": "uV", "lead": 1},
    "ISHNE": {"lead": "II"},
    "text, an index": {"fs": 250.0},
    "text, a column": PLAIN,
    "npy, leads": LEADS,
    "npy, fortran": LEADS,
    "WFDB 212": {"lead": "II"},
    "WFDB 16": {"lead": "II"},
    "WFDB 16, microvolts": {"lead": "II"},
    "WFDB, skewed": {"lead": "II"},
    "WFDB, all skew": {"lead": "II"},
}
WITH_GAPS = {"text, times", "EDF+D", "ISHNE", "npz, times", "text, an index"}
WITH_GAPS |= {"MATLAB 5, times", "MATLAB 7.3, times"}
WITH_GAPS |= {*(name for name in FORMATS if name.startswith("WFDB"))}
