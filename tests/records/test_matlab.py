"""MATLAB's files without a WFDB header, and .npz."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from ecgrt.records import Record, read_record

RAMP = np.arange(-300.0, 300.0)


def write(folder: Path, kind: str, **variables: Any) -> Path:
    """Write variables as MATLAB 5 or 7.3, or as .npz."""
    path = folder / ("a.npz" if kind == "npz" else "a.mat")
    if kind == "npz":
        np.savez(path, **variables)
    elif kind == "5":
        savemat(path, variables)
    else:
        h5py = pytest.importorskip("h5py", reason='needs pip install "ecgrt[formats]"')
        with h5py.File(path, "w", userblock_size=512) as file:
            for name, value in variables.items():
                file[name] = np.atleast_2d(value).T
        content = bytearray(path.read_bytes())
        content[:10] = b"MATLAB 7.3"
        path.write_bytes(content)
    return path


@pytest.fixture(params=["5", "7.3", "npz"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def said(record: Record) -> tuple[float, str | None, str]:
    return record.fs, record.lead, record.unit


def test_one_variable(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, ecg=RAMP)
    with pytest.raises(ValueError, match=r"give fs= \(--fs\)"):
        read_record(path)
    record = read_record(path, fs=250, unit="mV")
    assert said(record) == (250.0, "ecg", "mV")
    np.testing.assert_array_equal(record.signal, RAMP * 1000)


def test_rate_and_leads(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, val=np.stack([RAMP, 2 * RAMP]), fs=500.0)
    with pytest.raises(ValueError, match=r"0 = val\.0, 1 = val\.1"):
        read_record(path, unit="uV")
    record = read_record(path, unit="uV", lead=1)
    assert said(record) == (500.0, "val.1", "uV")
    np.testing.assert_array_equal(record.signal, 2 * RAMP)
    with pytest.raises(ValueError, match="says 500 Hz, the caller 250 Hz"):
        read_record(path, unit="uV", lead=1, fs=250)


def test_a_variable_of_times(tmp_path: Path, kind: str) -> None:
    kept = np.r_[0:100, 200:600]
    path = write(tmp_path, kind, ecg=RAMP[kept], time=kept / 250)
    record = read_record(path, unit="uV")
    assert said(record) == (250.0, "ecg", "uV")
    assert record.gaps == ((100, 200),)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dtype", ["i1", "u1", "<i2", ">i2", "u2", "i4", "u4", "i8", "f4", "f8"])
def test_numbers_of_every_type(tmp_path: Path, dtype: str, compressed: bool) -> None:
    values = np.abs(RAMP % 100).reshape(2, 300).astype(dtype)
    variables = {"note": "text", "x": values, "unit": "mV", "fs": 250, "c": {"a": 1}, "z": 1j}
    savemat(tmp_path / "a.mat", variables, do_compression=compressed)
    record = read_record(tmp_path / "a.mat", lead="x.1")
    assert said(record) == (250.0, "x.1", "mV")
    np.testing.assert_allclose(record.signal, values[1] * 1000.0, rtol=1e-6)


def test_a_compressed_variable_may_not_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    savemat(tmp_path / "a.mat", {"x": np.zeros(100_000)}, do_compression=True)
    assert (tmp_path / "a.mat").stat().st_size < 2000
    monkeypatch.setattr("ecgrt.records.matlab_v5._MAX_BYTES", 100_000)
    with pytest.raises(ValueError, match="is not a whole MATLAB file"):
        read_record(tmp_path / "a.mat", fs=250, unit="uV")


def test_damaged_bytes_are_refused_or_read(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"x": RAMP, "fs": 250.0})
    content = (tmp_path / "a.mat").read_bytes()
    for place in (*range(126, 200), *range(len(content) - 60, len(content))):
        for value in (0, 0x7F, 0xFF):
            changed = content[:place] + bytes([value]) + content[place + 1 :]
            (tmp_path / "a.mat").write_bytes(changed)
            with contextlib.suppress(ValueError, TypeError):  # and nothing else
                read_record(tmp_path / "a.mat", fs=250, unit="uV")


def test_what_holds_no_numbers_is_refused(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"a": "text"})
    with pytest.raises((ValueError, TypeError), match=r"a\.mat"):
        read_record(tmp_path / "a.mat", fs=250, unit="uV")
    np.savez(tmp_path / "b.npz", a=np.array([{}], object))
    with pytest.raises(ValueError, match=r"not a whole \.npz file"):
        read_record(tmp_path / "b.npz", fs=250, unit="uV")
    for name in ("a.mat", "b.npz"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(ValueError, match=name):
            read_record(tmp_path / name, fs=250, unit="uV")
