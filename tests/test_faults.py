"""Machines that fail: a kill, a full disk, a folder that is read-only, a bare environment.

What a command wrote before stays, nothing half lies at its place, and the next run does it all.
tests/cli/test_eval.py, tests/training/test_resume.py and tests/challenge have what commands that go
on where they were do besides.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from family import SMALL, make_network, save

PROGRAM = """
import os, signal, sys
from importlib import import_module
from pathlib import Path
mode, command, *argv = sys.argv[1:]
def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if mode == "killed at the rename":
    os.replace = kill
if mode == "killed at the second record":
    from ecgrt import records
    for name in ("read_record", "open_record"):
        def second(path, *, real=getattr(records, name), **options):
            return kill() if path.stem == "S0002" else real(path, **options)
        setattr(records, name, second)
sys.exit(import_module("ecgrt.cli." + command).main(argv))
"""

#: By name of what is written: the command and its arguments.
COMMANDS = {
    "predicted.json": ("predict", "{records}", "--json", "{out}"),
    "episodes.csv": ("holter", "{records}", "--csv", "{out}"),
    "model.plan": ("build_engine", "{model}", "--target", "cpu", "-o", "{out}"),
}
OLD = "what an earlier run has written\n"


@pytest.fixture
def two_records(records: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    folder.mkdir()
    for path in records.glob("S000[12].*"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def start(two_records: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command of COMMANDS in a process of its own; its output has been written before."""
    (tmp_path / "out").mkdir()
    model = save(make_network(SMALL), tmp_path / "model.onnx")

    def run(name: str, mode: str = "", **options: Any) -> subprocess.CompletedProcess[str]:
        out = tmp_path / "out" / name
        if not out.exists():
            out.write_text(OLD)
        places = {"records": two_records, "model": model, "out": out}
        argv = [part.format(**places) for part in COMMANDS[name]]
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM, mode, *argv],
            capture_output=True,
            text=True,
            check=False,
            **options,
        )

    return run


def left(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


KILLS = [(name, "killed at the rename") for name in COMMANDS] + [
    (name, "killed at the second record") for name in COMMANDS if name != "model.plan"
]


@pytest.mark.parametrize(("name", "mode"), KILLS)
def test_a_killed_command_leaves_the_older_file(
    name: str, mode: str, start: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    out = tmp_path / "out" / name
    assert start(name, mode).returncode == -signal.SIGKILL
    assert out.read_text() == OLD
    again = start(name)
    assert again.returncode == 0, again.stderr
    assert out.read_bytes() != OLD.encode()


def test_what_a_killed_predict_has_printed_are_whole_lines(
    start: Callable[..., subprocess.CompletedProcess[str]], two_records: Path, tmp_path: Path
) -> None:
    killed = start("predicted.json", "killed at the second record")
    whole = start("predicted.json")
    assert killed.stdout == whole.stdout.splitlines(keepends=True)[0]
    lines = (tmp_path / "out" / "predicted.json").read_text().splitlines()
    assert [json.loads(line)["record"] for line in lines] == ["S0001", "S0002"]


def full_disk() -> None:
    """No file may be larger than 100 bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_told_of(
    name: str, start: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = start(name, preexec_fn=full_disk)
    assert done.returncode == 2, done.stderr
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out" / name).read_text() == OLD
    assert left(tmp_path / "out") == [name]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_read_only_folder_is_told_of(
    name: str, start: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "out" / name).write_text(OLD)
    (tmp_path / "out").chmod(0o555)
    try:
        done = start(name)
    finally:
        (tmp_path / "out").chmod(0o755)
    assert done.returncode == 2, done.stderr
    assert f"{name}: Permission denied" in done.stderr
    assert left(tmp_path / "out") == [name]


#: No HOME, and a locale that knows ASCII only.
BARE = {
    "PATH": os.defpath,
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_bare_environment_is_enough(
    name: str, start: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = start(name, env=BARE)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / name).read_bytes() != OLD.encode()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' names are text")
@pytest.mark.parametrize("environment", [None, BARE], ids=["as it is", "bare"])
def test_names_that_are_no_text(environment: dict[str, str] | None, tmp_path: Path) -> None:
    strange = tmp_path / os.fsdecode(b"\xff\xe9 \xc3\xa9.csv")
    strange.write_text("".join(f"{i % 50}\n" for i in range(3000)))
    out = tmp_path / "predicted.json"
    argv = ["predict", strange, "--fs", "300", "--unit", "uV", "--json", out]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, "", *argv],
        capture_output=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    (line,) = out.read_text(encoding="utf-8").splitlines()
    assert os.fsencode(json.loads(line)["record"]) == os.fsencode(strange.stem)
