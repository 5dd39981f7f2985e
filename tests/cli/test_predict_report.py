"""ecgrt-predict --report: a file for one record, a folder for several."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from commands import exit_code


def test_one_record_is_one_file(records: Path, tmp_path: Path) -> None:
    target = tmp_path / "S0006.html"
    assert exit_code("predict", records / "S0006", "--report", target) == 0
    page = target.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "irregular intervals" in page
    assert "Where the model looked" in page
    assert os.listdir(tmp_path) == ["S0006.html"]


def test_several_records_are_a_folder(records: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    paths = [records / "S0001", records / "S0006"]
    assert exit_code("predict", *paths, "--report", folder) == 0
    assert sorted(os.listdir(folder)) == ["S0001.html", "S0006.html", "index.html"]
    links = re.findall('<a href="([^#"]+)"', (folder / "index.html").read_text(encoding="utf-8"))
    assert links == ["S0001.html", "S0006.html"]


def test_names_are_no_paths_and_no_markup(records: Path, tmp_path: Path) -> None:
    signal = np.zeros(3000, np.float32)
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        for name in ("<b>&..", "index"):
            np.save(folder / f"{name}.npy", signal)
    options = ("--fs", 300, "--unit", "uV", "--report", tmp_path / "out")
    assert exit_code("predict", *folders, *options) == 0
    found = sorted(os.listdir(tmp_path / "out"))
    assert found == ["b-2.html", "b.html", "index-2.html", "index-3.html", "index.html"]
    assert "<b>" not in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_a_record_that_fails_costs_the_others_no_report(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(records / "S0001.hea", tmp_path)  # without its signal
    paths = (tmp_path / "S0001", records / "S0006")
    assert exit_code("predict", *paths, "--report", tmp_path / "out") == 1
    assert "S0001" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path / "out")) == ["S0006.html", "index.html"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("all.html", "is of one record, and these are 10; name a folder"),
        ("nowhere/out", "there is no folder"),
        ("taken", "is a file; name a folder"),
    ],
)
def test_what_cannot_be_written_is_refused_at_once(
    records: Path,
    tmp_path: Path,
    target: str,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "taken").write_text("")
    assert exit_code("predict", records, "--report", tmp_path / target) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert output.out == ""
