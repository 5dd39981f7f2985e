"""Records that are not in the challenge's own format: .npy, text, EDF and other WFDB."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ecgrt.records.base import read_record

RAMP = np.arange(-300, 300, dtype=np.int16)
#: What files that hold nothing but numbers have to be told.
AS_STORED: dict[str, Any] = {"fs": 250, "unit": "uV"}


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "i4", "f4", "f8", ">f8", "i8", "u1", "f2"])
def test_npy_of_any_number_type_is_read(tmp_path: Path, dtype: str) -> None:
    values = np.arange(100).astype(dtype)
    np.save(tmp_path / "a.npy", values)
    record = read_record(tmp_path / "a", fs=250, unit="uV")
    assert (record.name, record.fs) == ("a", 250.0)
    assert record.signal.dtype in (np.int16, np.int32, np.float32, np.float64)
    assert record.signal.dtype.isnative
    np.testing.assert_array_equal(record.signal, np.arange(100))


@pytest.mark.parametrize("shape", [(100,), (1, 100), (100, 1)])
def test_npy_of_one_lead_may_be_a_row_or_a_column(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.arange(100.0).reshape(shape))
    record = read_record(tmp_path / "a.npy", fs=250, unit="uV")
    np.testing.assert_array_equal(record.signal, np.arange(100.0))


def test_npy_of_several_leads(tmp_path: Path) -> None:
    columns = np.arange(300.0).reshape(100, 3)
    np.save(tmp_path / "a.npy", columns)
    signal = read_record(tmp_path / "a.npy", lead=2, **AS_STORED).signal
    np.testing.assert_array_equal(signal, columns[:, 2])
    assert signal.flags.c_contiguous
    with pytest.raises(ValueError, match="holds 3 leads"):
        read_record(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", columns.T)
    signal = read_record(tmp_path / "b.npy", lead=2, **AS_STORED).signal
    np.testing.assert_array_equal(signal, columns[:, 2])
    assert signal.flags.c_contiguous
    np.save(tmp_path / "c.npy", columns[:3])
    with pytest.raises(ValueError, match="neither side is clearly that of the leads"):
        read_record(tmp_path / "c.npy", lead=2, **AS_STORED)


def test_npy_tells_neither_rate_nor_unit(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", RAMP)
    with pytest.raises(ValueError, match=r"sampling rate; give fs= \(--fs\)"):
        read_record(tmp_path / "a.npy", unit="mV")
    with pytest.raises(ValueError, match=r"unit of its samples; give unit= \(--unit\)"):
        read_record(tmp_path / "a.npy", fs=250)
    np.testing.assert_array_equal(
        read_record(tmp_path / "a.npy", fs=250, unit="mV").signal, RAMP * 1000.0
    )


def test_a_tail_of_npy_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", RAMP)
    with (tmp_path / "a.npy").open("ab") as file:
        file.write(b"\0\0")
    with pytest.raises(ValueError, match="has 2 bytes more than its header tells of"):
        read_record(tmp_path / "a.npy", **AS_STORED)


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (np.array(["a", "b"]), TypeError, "integers and floating-point are accepted"),
        (np.array([True, False]), TypeError, "holds bool"),
        (np.array([1j, 2j]), TypeError, "holds complex128"),
        (np.array([None]), ValueError, "not a whole .npy file"),
        (np.zeros(0), ValueError, "holds no samples"),
        (np.zeros((0, 2)), ValueError, "holds no samples"),
        (np.zeros(()), ValueError, r"shape \(\)"),
        (np.zeros((4, 4, 4)), ValueError, r"shape \(4, 4, 4\)"),
    ],
)
def test_npy_of_anything_else_is_refused(
    tmp_path: Path, array: npt.NDArray[Any], error: type[Exception], message: str
) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(error, match=message):
        read_record(tmp_path / "a.npy")


@pytest.mark.parametrize("keep", [0, 5, 60, 200])
def test_a_truncated_npy_is_refused(tmp_path: Path, keep: int) -> None:
    np.save(tmp_path / "a.npy", np.arange(100.0))
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"not a whole \.npy file"):
        read_record(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("whole", "damaged"),
    [(b"{'descr'", b"_'descr'"), (b"'<f8'", b"'<,8'"), (b" 'shape'", b"b'shape'")],
)
def test_a_damaged_npy_header_is_refused(tmp_path: Path, whole: bytes, damaged: bytes) -> None:
    np.save(tmp_path / "a.npy", np.arange(100.0))
    content = (tmp_path / "a.npy").read_bytes()
    assert whole in content
    (tmp_path / "a.npy").write_bytes(content.replace(whole, damaged))
    with pytest.raises(ValueError, match=r"a\.npy is not a whole \.npy file"):
        read_record(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "text",
    [
        "1\n-2.5\n3e2\n",
        "ecg\n1\n-2.5\n3e2",
        "\ufeffECG (uV)\r\n1\r\n-2.5\r\n3e2\r\n\r\n",
        "1,\n-2.5,\n3e2,\n",
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".txt"])
def test_a_column_of_text_is_read(tmp_path: Path, text: str, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_text(text, encoding="utf-8", newline="")
    signal = read_record(tmp_path / "a", **AS_STORED).signal
    np.testing.assert_array_equal(signal, [1.0, -2.5, 300.0])


@pytest.mark.parametrize("separator", [",", ";", "\t", ", "])
def test_a_column_of_a_table_is_picked(tmp_path: Path, separator: str) -> None:
    rows = [("lead II", "lead I"), ("0", "5"), ("1", "6")]
    (tmp_path / "a.csv").write_text("\n".join(separator.join(row) for row in rows))
    for lead in ("lead I", 1):
        np.testing.assert_array_equal(
            read_record(tmp_path / "a", lead=lead, **AS_STORED).signal, [5.0, 6.0]
        )
    with pytest.raises(ValueError, match="0 = lead II, 1 = lead I"):
        read_record(tmp_path / "a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no samples"),
        ("ecg\n", "holds no numbers"),
        ("1\n2\nx\n", "line 3 is not a number"),
        ("1\n2\n1_0\n", "line 3 is not a number"),
        ("1\n2\n1e999\n", "line 3 is not a number"),
        ("1\n2\ninf\n", "line 3 is not a number"),
        ("1;2\n2;3\n3\n", "line 3 holds 1 values, the lines before 2"),
    ],
)
def test_bad_text_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_record(tmp_path / "a.csv", lead=0, **AS_STORED)


@pytest.mark.parametrize(("name", "package"), [("a.edf", "edfio"), ("b.hea", "wfdb")])
def test_a_missing_package_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    (tmp_path / "a.edf").touch()
    (tmp_path / "b.hea").write_text("b 1 300 600\nb.dat 16 1000/mV\n")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "ecgrt\[formats\]"'):
        read_record(tmp_path / name)


def write_edf(path: Path, unit: str, leads: dict[str, npt.NDArray[np.float64]]) -> None:
    edfio = pytest.importorskip("edfio", reason='needs pip install "ecgrt[formats]"')
    signals = [
        edfio.EdfSignal(values, 250, label=label, physical_dimension=unit)
        for label, values in leads.items()
    ]
    edfio.Edf(signals).write(path)


@pytest.mark.parametrize(("unit", "microvolts"), [("uV", 1.0), ("mV", 1e3), ("V", 1e6)])
def test_edf_becomes_microvolts(tmp_path: Path, unit: str, microvolts: float) -> None:
    wave = np.sin(np.arange(1000) / 20)
    write_edf(tmp_path / "a.edf", unit, {"ECG": wave})
    record = read_record(tmp_path / "a", fs=250)
    assert record.fs == 250.0
    np.testing.assert_allclose(record.signal, wave * microvolts, atol=4e-5 * microvolts)


def test_a_lead_of_an_edf_is_picked(tmp_path: Path) -> None:
    wave = np.sin(np.arange(1000) / 20)
    write_edf(tmp_path / "a.edf", "uV", {"I": wave, "II": -wave})
    np.testing.assert_allclose(read_record(tmp_path / "a", lead="II").signal, -wave, atol=4e-5)
    with pytest.raises(ValueError, match=r"2 leads \(0 = I, 1 = II\)"):
        read_record(tmp_path / "a.edf")


@pytest.mark.parametrize("keep", [0, 100, 300, 1000, 2000, 2511])
def test_a_truncated_edf_is_refused(tmp_path: Path, keep: int) -> None:
    write_edf(tmp_path / "a.edf", "uV", {"ECG": np.sin(np.arange(1000) / 20)})
    (tmp_path / "a.edf").write_bytes((tmp_path / "a.edf").read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"a\.edf cannot be read, it may be damaged"):
        read_record(tmp_path / "a.edf")


def test_edf_in_a_foreign_unit_is_refused(tmp_path: Path) -> None:
    write_edf(tmp_path / "a.edf", "bpm", {"ECG": np.sin(np.arange(1000) / 20)})
    with pytest.raises(ValueError, match="'bpm', no unit of voltage: V, mV, uV or nV is accepted"):
        read_record(tmp_path / "a.edf")


def test_other_wfdb_records_are_read(tmp_path: Path) -> None:
    pytest.importorskip("wfdb", reason='needs pip install "ecgrt[formats]"')
    (tmp_path / "a.hea").write_text(
        "a 2 360 600\na.dat 16 200/mV 16 0 0 0 0 MLII\na.dat 16 1/uV 16 0 0 0 0 V1\n"
    )
    np.stack([RAMP, 2 * RAMP], axis=1).astype("<i2").tofile(tmp_path / "a.dat")
    record = read_record(tmp_path / "a.dat", lead="MLII")
    assert record.fs == 360.0
    np.testing.assert_allclose(record.signal, RAMP * 5.0)
    np.testing.assert_allclose(read_record(tmp_path / "a", lead=1).signal, RAMP * 2.0)
    (tmp_path / "a.dat").write_bytes(b"1234")
    with pytest.raises(ValueError, match=r"a\.hea tells of 2400 bytes .* it is cut short"):
        read_record(tmp_path / "a", lead=1)
    (tmp_path / "a.dat").unlink()
    with pytest.raises(FileNotFoundError, match=r"a\.hea"):
        read_record(tmp_path / "a", lead=1)
