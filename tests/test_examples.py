"""The scripts in examples/ run, and say what they should."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT


def run(name: str, *arguments: object) -> list[str]:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / name, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_devices_are_followed_beside_each_other(records: Path) -> None:
    names = ("S0004", "S0006")
    lines = run("stream_asyncio.py", *(records / name for name in names), "--speed", 1e6)
    assert sorted(line.split("  ")[:3:2] for line in lines) == [["S0004", "N"], ["S0006", "A"]]
    assert all(line.endswith("/min") and "  0-30 s  " in line for line in lines)


def test_a_long_record_is_told_and_written(records: Path, tmp_path: Path) -> None:
    lines = run("holter.py", records / "S0006", "--csv", tmp_path / "spans.csv")
    assert lines[0] == "0.5 minutes, 100% readable"
    assert lines[1].startswith("AF: 100.0%")
    assert len(lines) == 4
    (row,) = csv.DictReader((tmp_path / "spans.csv").open())
    assert row["label"] == "AF"


def test_a_folder_is_watched(records: Path, tmp_path: Path) -> None:
    inbox, reports = tmp_path / "inbox", tmp_path / "reports"
    inbox.mkdir()
    assert run("watch_folder.py", inbox, reports, "--once") == []
    for suffix in ("hea", "mat"):
        shutil.copy(records / f"S0006.{suffix}", inbox)
    shutil.copy(records / "S0004.hea", inbox)  # its samples have not come yet
    lines = run("watch_folder.py", inbox, reports, "--once")
    assert [line.split("\t")[:2] for line in lines][1:] == [["S0006", "A"]]
    assert lines[0].startswith("S0004\tnot yet: ")
    assert [path.name for path in reports.iterdir()] == ["S0006.html"]
    assert "S0006" in (reports / "S0006.html").read_text(encoding="utf-8")
