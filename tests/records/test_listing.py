"""Which records folders, indexes and lists name."""

from __future__ import annotations

from pathlib import Path

import pytest
from challenge_files import write_record

from ecgrt.records import list_records, read_record


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).touch()


def test_an_index_may_have_suffixes(tmp_path: Path) -> None:
    (tmp_path / "RECORDS").write_text("A1.hea\nb.csv\nsub/c\n")
    expected = [tmp_path / "A1", tmp_path / "b.csv", tmp_path / "sub" / "c"]
    assert list_records(tmp_path) == list_records(tmp_path / "RECORDS") == expected
    assert list_records([tmp_path, "x.edf", tmp_path / "RECORDS"]) == [
        *expected,
        Path("x.edf"),
        *expected,
    ]


def test_files_of_all_formats_are_listed(tmp_path: Path) -> None:
    touch(tmp_path, "c.csv", "REFERENCE.csv", "README.txt", "notes.md", ".hidden.edf")
    assert list_records(tmp_path) == [tmp_path / "c.csv"]
    touch(tmp_path, "b.EDF", "a.dcm", "d.dat", "e.xml")
    assert [path.name for path in list_records(tmp_path)] == ["a.dcm", "b.EDF", "e.xml"]


def test_segments_are_no_records_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "m.hea").write_text("# two\nm/2 1 300 1200\ns1 600\ns2 600\n")
    for name in ("s1", "s2", "other"):
        write_record(tmp_path, name, range(600))
    assert list_records(tmp_path) == [tmp_path / "m", tmp_path / "other"]


def test_a_name_that_several_files_have_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.csv", "a.edf")
    with pytest.raises(ValueError, match=r"may be any of a\.csv, a\.edf: give .* its suffix"):
        read_record(tmp_path / "a")
    write_record(tmp_path, "a", range(600))  # records of WFDB are called without
    assert read_record(tmp_path / "a").fs == 300.0
