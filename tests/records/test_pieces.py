"""Records of every format read piece by piece are those read as a whole."""

from __future__ import annotations

import binascii
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

import ecgrt
from ecgrt.records import RecordReader, open_record, read_record, reading, stored
from ecgrt.records.formats import edf, matlab, text, wfdb

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


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many pieces of small files."""
    for module in (reading, stored, matlab, wfdb):
        monkeypatch.setattr(module, "PIECE", 1000)
    monkeypatch.setattr(edf, "_BLOCK", 5000)
    monkeypatch.setattr(text, "BLOCK", 20_000)
    monkeypatch.setattr("ecgrt.records.table.BLOCK", 20_000)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("seconds", [0.5, 7.3, 1000])
@pytest.mark.parametrize("name", list(FORMATS))
def test_pieces_make_the_whole(name: str, seconds: float, tmp_path: Path) -> None:
    path = FORMATS[name](tmp_path)
    whole = read_record(path, **ASKED.get(name, {}))  # type: ignore[arg-type]
    assert (name in WITH_GAPS) == bool(whole.gaps)
    reader = open_record(path, **ASKED.get(name, {}))  # type: ignore[arg-type]
    for field in ("name", "fs", "lead", "unit", "start", "format", "path"):
        assert getattr(reader, field) == getattr(whole, field)
    for _ in range(2):  # a reader can be asked again
        chunks = list(reader.chunks(seconds))
        assert {len(chunk) for chunk in chunks[:-1]} <= {round(seconds * whole.fs)}
        joined = np.concatenate(chunks)
        assert joined.size == whole.signal.size
        np.testing.assert_allclose(joined, whole.signal, rtol=1e-12, atol=0)
    assert reader.size in (None, whole.signal.size)


def test_what_is_small_by_nature_is_read_as_a_whole(records: Path) -> None:
    reader = open_record(records / "S0001")
    (chunk,) = reader.chunks(100)
    assert np.array_equal(chunk, read_record(records / "S0001").signal)
    assert isinstance(reader, RecordReader)
    assert repr(reader) == "<RecordReader: 300 Hz, lead 'ECG', WFDB>"


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("EDF", lambda data: data[:-1000], "may be damaged"),
        ("npy", lambda data: data[:-1000], r"not a whole \.npy"),
        ("npy, planar", lambda data: data + b"x", "bytes more than its header"),
        ("npz", lambda data: flipped(data, len(data) // 2), r"not a whole \.npz .*BadZipFile"),
        ("npz, times", lambda data: flipped(data, 600), r"not a whole \.npz .*BadZipFile"),
        ("npz, packed", lambda data: flipped(data, len(data) // 2), r"not a whole \.npz"),
        ("npz", lambda data: data[: len(data) // 2], r"not a whole \.npz"),
        ("MATLAB 5", lambda data: data[:-300], "not a whole MATLAB file"),
        ("MATLAB 7", lambda data: flipped(data, len(data) // 2), "not a whole MATLAB file"),
        ("MATLAB 7.3", lambda data: data[: len(data) // 2], "cannot be read"),
        ("ISHNE", lambda data: data[:-1], "cannot be trusted: it is cut short"),
        ("ISHNE", lambda data: data[:-400], "tells of 30011 samples, but holds 29911"),
        ("ISHNE", lambda data: flipped(data, 525), "its checksum is wrong"),
        ("ISHNE", lambda data: data[:300], "cut short: 300 bytes"),
        ("text, an index", lambda data: data + b"12,5\n", "go back"),
        ("text, a column", lambda data: data[:-300] + b"x" * 300, "is not a number"),
        ("text, times", lambda data: data + b"12,5\n", "go back"),
    ],
)
def test_damage_is_told(
    name: str, damage: Callable[[bytes], bytes], message: str, tmp_path: Path
) -> None:
    path = FORMATS[name](tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=message):
        list(open_record(path, **ASKED.get(name, {})).chunks())  # type: ignore[arg-type]


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("name", ["npy", "npz", "MATLAB 5", "ISHNE"])
def test_a_file_that_became_shorter_is_told(name: str, tmp_path: Path) -> None:
    path = FORMATS[name](tmp_path)
    reader = open_record(path, **ASKED[name])  # type: ignore[arg-type]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"has become shorter|not a whole"):
        list(reader.chunks())


def test_ishne_tells_when_it_began(tmp_path: Path) -> None:
    record = read_record(write_ishne(tmp_path), lead="V5")
    assert (record.fs, record.unit, str(record.start)) == (250.0, "uV", "2025-12-24 20:15:30")
    np.testing.assert_allclose(record.signal, np.round(WAVE / -2.5) * 2.5)
    assert read_record(tmp_path / "a.ecg", lead="II").gaps == ((2222, 2223),)


def test_times_too_coarse_for_a_rate_are_read_in_pieces(tmp_path: Path) -> None:
    rows = (f"{i // 200},{x:g}\n" for i, x in enumerate(np.tile(WAVE, 10)))
    (tmp_path / "a.csv").write_text("time [s],ECG [uV]\n" + "".join(rows))
    assert open_record(tmp_path / "a.csv", fs=200).size is None
    assert sum(one.size for one in open_record(tmp_path / "a.csv", fs=200).chunks()) == 10 * N
    with pytest.raises(ValueError, match=r"has times over [0-9]+ s, but 250 Hz would be "):
        list(open_record(tmp_path / "a.csv", fs=250).chunks())


@pytest.mark.usefixtures("small_pieces")
def test_a_wrong_checksum_is_told_at_the_end(tmp_path: Path) -> None:
    path = write_wfdb(tmp_path, "16")
    data = bytearray((tmp_path / "a.dat").read_bytes())
    data[40_000] ^= 1
    (tmp_path / "a.dat").write_bytes(data)
    chunks = open_record(path, lead="II").chunks(10)
    next(chunks)
    with pytest.raises(ValueError, match="checksum"):
        list(chunks)


@pytest.mark.usefixtures("small_pieces")
def test_times_that_change_their_pace_are_told(tmp_path: Path) -> None:
    times = np.arange(N) * 4.0
    times[3000:] = times[3000] + np.arange(N - 3000) * 4.02
    rows = (f"{t:.2f},{x:g}\n" for t, x in zip(times, WAVE, strict=True))
    (tmp_path / "a.csv").write_text("time [ms],ECG [uV]\n" + "".join(rows))
    with pytest.raises(ValueError, match="begins with times of 250 Hz"):
        list(open_record(tmp_path / "a.csv").chunks())


def test_nothing_but_missing_samples_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full(500, np.nan))
    with pytest.raises(ValueError, match="missing samples only"):
        list(open_record(tmp_path / "a.npy", fs=250, unit="uV").chunks())


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_impossible_chunks_are_refused(seconds: float, records: Path) -> None:
    with pytest.raises(ValueError, match="positive number of seconds"):
        list(ecgrt.open_record(records / "S0001").chunks(seconds))


def test_a_file_may_be_replaced_while_its_reader_waits(tmp_path: Path) -> None:
    path = write_edf(tmp_path)
    reader = open_record(path)
    shutil.copy(path, tmp_path / "b.edf")
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(ValueError, match="has become shorter"):
        list(reader.chunks())
