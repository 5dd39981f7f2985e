"""The challenge entry, unpacked and run as PhysioNet's test environment does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import ecgrt
from ecgrt.challenge.entry import build_entry
from ecgrt.challenge.scoring import read_answers
from ecgrt.records import read_record
from ecgrt.records.base import list_records

MEMBERS = {
    "AUTHORS.txt",
    "LICENSE.txt",
    "answers.txt",
    "dependencies.txt",
    "model.plan",
    "next.sh",
    "setup.sh",
}


@pytest.fixture(scope="module")
def folder(records: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two of the sample records."""
    folder = tmp_path_factory.mktemp("validation")
    chosen = list_records(records)[:2]
    for path in chosen:
        for file in records.glob(f"{path.name}.*"):
            shutil.copy(file, folder)
    (folder / "RECORDS").write_text("".join(f"{path.name}\n" for path in chosen))
    return folder


@pytest.fixture(scope="module")
def archive(plan: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("entry") / "entry.zip"
    return build_entry(plan, folder, out, authors=["Ada Lovelace, London", "Someone Else"])


@pytest.fixture
def entry(archive: Path, tmp_path: Path) -> Path:
    """The unpacked entry, each file with the mode that the zip tells (as unzip does)."""
    target = tmp_path / "entry"
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            path = Path(file.extract(member, target))
            path.chmod(member.external_attr >> 16 & 0o777)
    return target


def run(
    script: Path, *argv: str | Path, cwd: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHON": sys.executable, **variables}
    command = [str(script), *map(str, argv)]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_members_and_their_content(entry: Path, plan: Path, folder: Path) -> None:
    assert {path.name for path in entry.iterdir()} == MEMBERS
    assert (entry / "AUTHORS.txt").read_text() == "Ada Lovelace, London\nSomeone Else\n"
    assert "Apache License" in (entry / "LICENSE.txt").read_text()
    assert (entry / "model.plan").read_bytes() == plan.read_bytes()
    assert list(read_answers(entry / "answers.txt")) == (folder / "RECORDS").read_text().split()
    assert os.access(entry / "next.sh", os.X_OK)
    assert os.access(entry / "setup.sh", os.X_OK)
    assert not os.access(entry / "model.plan", os.X_OK)


def test_next_repeats_the_answers(entry: Path, folder: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    names = (folder / "RECORDS").read_text().split()
    for name in names:
        for file in folder.glob(f"{name}.*"):
            shutil.copy(file, work)
        done = run(entry / "next.sh", name, cwd=work)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (work / "answers.txt").read_bytes() == (entry / "answers.txt").read_bytes()


def test_next_takes_a_path_and_appends(entry: Path, folder: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.txt"
    answers.write_text("before,N\n")
    path = folder / (folder / "RECORDS").read_text().split()[0]
    first = (entry / "answers.txt").read_text().splitlines()[0]
    assert run(entry / "next.sh", path, cwd=tmp_path).returncode == 0
    (suffixed,) = folder.glob(f"{path.name}.hea")
    assert run(entry / "next.sh", suffixed, cwd=tmp_path).returncode == 0
    assert answers.read_text().splitlines() == ["before,N", first]


def test_next_of_a_bad_record_fails_and_adds_nothing(entry: Path, tmp_path: Path) -> None:
    (tmp_path / "short.csv").write_text("1\n2\n")
    for record in ("short", "missing"):
        done = run(entry / "next.sh", record, cwd=tmp_path)
        assert done.returncode != 0
        assert record in done.stderr
    assert run(entry / "next.sh", cwd=tmp_path).returncode == 2
    assert not (tmp_path / "answers.txt").exists()


@pytest.mark.parametrize("name", ["x,A", "x y", "x\ty"])
def test_next_of_a_name_that_cannot_be_read_back(
    name: str, entry: Path, folder: Path, tmp_path: Path
) -> None:
    first = (folder / "RECORDS").read_text().split()[0]
    signal = read_record(folder / first).signal
    (tmp_path / f"{name}.csv").write_text("".join(f"{v:g}\n" for v in signal))
    done = run(entry / "next.sh", f"{name}.csv", cwd=tmp_path)
    assert done.returncode == 1
    assert "rename its files" in done.stderr
    assert not (tmp_path / "answers.txt").exists()


def test_setup_keeps_an_interpreter_that_has_ecgrt(entry: Path, tmp_path: Path) -> None:
    done = run(entry / "setup.sh", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert sys.executable in done.stdout
    assert {path.name for path in entry.iterdir()} == MEMBERS


def test_setup_makes_an_environment_for_an_interpreter_without_ecgrt(
    entry: Path, tmp_path: Path
) -> None:
    """A stand-in for Python notes what it is asked to do, and makes a copy of itself as venv."""
    log = tmp_path / "log"
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/bash\n"
        f'echo "$*" >> "{log}"\n'
        '[ "$1" = -c ] && exit 1\n'
        'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi\n'
    )
    python.chmod(0o755)
    done = run(entry / "setup.sh", cwd=tmp_path, PYTHON=str(python))
    assert (done.returncode, done.stderr) == (0, "")
    asked = log.read_text().splitlines()
    assert asked[1] == f"-m venv {entry}/venv"
    assert asked[2] == f"-m pip install --quiet ecgrt=={ecgrt.__version__}"
    assert run(entry / "next.sh", "record", cwd=tmp_path).returncode == 1
    assert log.read_text().splitlines()[3].endswith("-- record")


def test_wheel_travels_and_is_what_setup_installs(plan: Path, folder: Path, tmp_path: Path) -> None:
    wheel = tmp_path / f"ecgrt-{ecgrt.__version__}-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    with zipfile.ZipFile(build_entry(plan, folder, tmp_path / "e.zip", wheel=wheel)) as file:
        assert set(file.namelist()) == MEMBERS | {wheel.name}
        assert file.read(wheel.name) == b"a wheel"
        assert f'"$here/{wheel.name}"' in file.read("setup.sh").decode()


def test_wrong_wheel_is_an_error(plan: Path, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="pip wheel"):
        build_entry(plan, folder, tmp_path / "e.zip", wheel=tmp_path / "ecgrt-9.whl")
    other = tmp_path / "numpy-2.0-py3-none-any.whl"
    other.touch()
    with pytest.raises(ValueError, match="not a wheel of ecgrt"):
        build_entry(plan, folder, tmp_path / "e.zip", wheel=other)
    assert not (tmp_path / "e.zip").exists()


def test_same_arguments_give_the_same_bytes(archive: Path, plan: Path, folder: Path) -> None:
    again = build_entry(
        plan,
        folder,
        archive.with_name("again.zip"),
        authors=["Ada Lovelace, London", "Someone Else"],
    )
    assert again.read_bytes() == archive.read_bytes()


def test_record_that_fails_is_no_entry(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "RECORDS").write_text("short\n")
    (tmp_path / "short.csv").write_text("1\n2\n")
    with pytest.raises(ValueError, match="1 failed, such as short"):
        build_entry(plan, tmp_path, tmp_path / "entry.zip")
    assert not (tmp_path / "entry.zip").exists()
