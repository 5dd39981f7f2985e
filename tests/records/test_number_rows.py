"""The core's reading of plain rows: what it takes is what the rules of tables make of them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgrt import _core
from ecgrt.records import read_record, table
from ecgrt.records.columns import Column
from ecgrt.records.dialect import Dialect, Layout

RNG = np.random.default_rng(11)
COLUMN: tuple[Any, ...] = (None, ".", 1, 0, None)
#: Cells and their neighbours, plain and odd, of which random lines are made.
BITS = (
    *(
        "1",
        "-2",
        "+3",
        "0",
        "-0",
        "007",
        "4.",
        ".5",
        "-.25",
        "6.125",
        "1e3",
        "2E-3",
        "3e+02",
        "1,5",
    ),
    *("123456789.123456789", "0.1234567890123456789", "1e22", "1e23", "9007199254740993", "1e-30"),
    *(
        "1,5",
        "1e5000",
        "1e-400",
        "1e12345",
        "1e",
        ".",
        "-",
        "+",
        "nan",
        "NaN",
        "na",
        "",
        " ",
        "x",
        "inf",
    ),
    *('"1"', "'2'", '"1,5"', "#", "%", "//", "/", "1_0", "0x1", "²", "é", "\x00", "\x1c", "\u2003"),
    *("1 ", " 1", "1\t", "1 2", "--", "1-2", "1.2.3", "1,2,3", "infinity", "nano", "\x0c1"),
)


def all_by_rule(text: bytes, first: int, *_: object) -> tuple[np.ndarray, int]:
    return np.empty((0, 1)), first


def outcome(text: str, layout: Layout, *, timed: bool) -> Any:
    """What the rows of a text are, or the error's message."""
    time = Column(1, "t", None, "time", 1.0) if timed else None
    rows = table.Rows(Path("a.csv"), layout, Column(0, "x", None, "signal"), time)
    try:
        samples, times = rows.read(text)
        # In two blocks, blank lines between them are remembered.
        more, _ = rows.read(text)
    except ValueError as error:
        return str(error)
    return [one.tobytes() for one in (samples, times, more)]


@pytest.mark.parametrize("delimiter", [None, ",", ";", "\t"])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("timed", [False, True])
def test_rows_are_what_the_rules_make_of_them(
    delimiter: str | None, decimal: str, timed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = [bit for bit in BITS if Dialect(delimiter, decimal).is_number(bit)]
    read = 0
    for _ in range(500):
        width = int(RNG.integers(2 if timed else 1, 4))
        layout = Layout(Dialect(delimiter, decimal), 0, width, ())
        lines = []
        for _ in range(int(RNG.integers(1, 25))):
            odd = RNG.random() < 0.03
            cells = [str(RNG.choice(BITS if odd else plain)) for _ in range(width)]
            lines.append((" " if delimiter is None else delimiter).join(cells))
        if RNG.random() < 0.3:
            lines.insert(int(RNG.integers(len(lines))), "")
        text = "\n".join([*lines, ""])
        found = outcome(text, layout, timed=timed)
        with monkeypatch.context() as patch:
            patch.setattr(table, "read_rows", all_by_rule)
            assert found == outcome(text, layout, timed=timed), (text, layout)
        read += isinstance(found, list)
    assert read > 40


@pytest.mark.parametrize("form", ["{:r}", "%.18e", "%.3f", "%.17g", "%.20f", "%d"])
def test_numbers_are_rounded_as_python_rounds_them(form: str) -> None:
    bits = RNG.integers(0, 2**64, 20_000, dtype=np.uint64).view(np.float64)
    values = np.r_[bits[np.isfinite(bits)], RNG.normal(0, 1, 20_000), RNG.normal(0, 1e4, 20_000)]
    if form in ("%.3f", "%.20f", "%d"):
        values = values[np.abs(values) < 1e20]
    written = [repr(x) if form == "{:r}" else form % x for x in values.tolist()]
    found, _ = _core.read_rows("".join(f"{x}\n" for x in written).encode(), 0, *COLUMN)
    expected = np.array([float(x) for x in written])
    assert len(found) > 0
    assert found[:, 0].tobytes() == expected[: len(found)].tobytes()
    stopped = written[len(found) :]
    # Where digits are more than 60, or too small for a double, it is left to the rules.
    assert not stopped or len(stopped[0]) > 60 or abs(float(stopped[0])) < 1e-300


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1\n2\n3", 2),
        ("1\n\n3\n", 1),
        ("1\n# 2\n", 1),
        ("1\n2 3\n", 1),
        ("1\r\n2\n", 0),
        ("", 0),
        ("1", 0),
        ("nan\nNaN\nNAN\nnao\n", 3),
        ("1\n1e999\n", 1),
    ],
)
def test_reading_stops_at_the_first_line_that_is_not_plain(text: str, rows: int) -> None:
    found, end = _core.read_rows(text.encode(), 0, *COLUMN)
    assert len(found) == rows
    assert text[:end].count("\n") == rows
    assert end == 0 or text[end - 1] == "\n"


def test_it_begins_where_it_is_told() -> None:
    found, end = _core.read_rows(b"x\n1,2\n3,4\n", 2, ",", ".", 2, 1, 0)
    assert (found.tolist(), end) == ([[2.0, 1.0], [4.0, 3.0]], 10)
    for first in (10, 11, 1 << 40):
        found, end = _core.read_rows(b"x\n1,2\n3,4\n", first, ",", ".", 2, 1, 0)
        assert (found.shape, end) == ((0, 2), first)


@pytest.mark.parametrize(
    "arguments",
    [
        ("x", ".", 1, 0, None),
        ("", ".", 1, 0, None),
        ("\n", ".", 1, 0, None),
        (None, ";", 1, 0, None),
        (None, ".", 0, 0, None),
        (None, ".", 1, 1, None),
        (None, ".", 2, 0, 2),
        (None, ".", 2, 0, 0),
    ],
)
def test_impossible_tables_are_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"accepted|two of the cells"):
        _core.read_rows(b"1\n", 0, *arguments)


def test_the_line_at_fault_is_told_wherever_it_stands(tmp_path: Path) -> None:
    """After plain rows, odd ones, and blocks of both."""
    lines = [f"{i % 90}" for i in range(400_000)]
    lines[70_000] = " '5' "
    lines[300_000] = "6 7"
    (tmp_path / "a.csv").write_text("\n".join(["ECG", *lines, ""]))
    with pytest.raises(ValueError, match="line 300002 holds 2 values, the lines before 1"):
        read_record(tmp_path / "a.csv", fs=250, unit="uV")
    lines[300_000] = ""
    (tmp_path / "a.csv").write_text("\n".join(["ECG", *lines, ""]))
    signal = read_record(tmp_path / "a.csv", fs=250, unit="uV").signal
    assert (signal[70_000], signal.size) == (5.0, 400_000)
    assert np.flatnonzero(np.isnan(signal)).tolist() == [300_000]
    assert math.isclose(float(np.nansum(signal)), sum(i % 90 for i in range(400_000)), abs_tol=200)
