"""Records of every format read piece by piece are those read as a whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from piece_files import (
    ASKED,
    FORMATS,
    WAVE,
    WITH_GAPS,
    N,
    write_edf,
    write_ishne,
    write_wfdb,
)

import ecgrt
from ecgrt.records import RecordReader, open_record, read_record, reading, stored
from ecgrt.records.formats import edf, matlab, text, wfdb


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
