"""What all commands have in common: names, help, errors, exit codes, the default plan."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from commands import exit_code

import ecgrt
from ecgrt._errors import describe
from ecgrt.records import list_records

NAMES = (
    "bench",
    "build-engine",
    "calibrate",
    "crossval",
    "data",
    "entry",
    "eval",
    "export",
    "holter",
    "info",
    "predict",
    "score",
    "serve",
    "train",
    "triton",
)


def test_every_command_is_installed() -> None:
    points = metadata.entry_points(group="console_scripts")
    found = {point.name: point.value for point in points if point.value.startswith("ecgrt.")}
    assert found == {f"ecgrt-{name}": f"ecgrt.cli.{name.replace('-', '_')}:main" for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_help_and_version(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(name, "--help") == 0
    help_text = capsys.readouterr().out
    assert f"usage: ecgrt-{name}" in help_text
    assert f"example:\n  ecgrt-{name} " in help_text
    assert exit_code(name, "--version") == 0
    assert capsys.readouterr().out == f"ecgrt-{name} {ecgrt.__version__}\n"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("predict", {"--plan", "--threads", "--device", "--json", "--fs", "--unit", "--lead"}),
        ("score", {"--plan", "--threads", "--device", "--json", "--fs", "--unit", "--lead", "-o"}),
        ("eval", {"--plan", "--threads", "--device", "--json", "--fs", "--unit", "--lead", "-o"}),
        ("bench", {"--threads", "--json"}),
        ("entry", {"--plan", "-o"}),
        ("build-engine", {"-o", "--json"}),
        ("calibrate", {"-o", "--json", "--out-of-fold"}),
        ("crossval", {"--base", "--folds", "--seeds", "--jobs", "--json"}),
        ("export", {"-o", "--tolerance"}),
        ("info", {"--json"}),
    ],
)
def test_options_are_named_alike(
    name: str, options: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code(name, "--help")
    words = set(capsys.readouterr().out.replace(",", " ").replace("[", " ").split())
    assert options <= words


@pytest.mark.parametrize(
    "argv",
    [
        ("data", "fetch", "--source", "nowhere"),
        ("data", "split", "nowhere"),
        ("train", "nowhere.json"),
        ("build-engine", "nowhere.onnx", "--target", "cpu"),
        ("calibrate", "nowhere.onnx", "nowhere.json"),
        ("predict", "nowhere", "--plan", "nowhere.plan"),
        ("eval", "nowhere", "--plan", "nowhere.plan"),
        ("entry", "nowhere", "--plan", "nowhere.plan"),
        ("bench", "nowhere.plan"),
    ],
    ids=lambda argv: argv[0],
)
def test_missing_file_is_one_line_and_exit_code_2(
    argv: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    name = f"ecgrt-{argv[0]}"
    assert exit_code(*argv) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"{name}: error: ")
    assert "nowhere" in error
    assert error.count("\n") == 1


def test_default_plan_is_the_current_directory_then_the_variable_then_the_package(
    plan: Path,
    records: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = list_records(records)[0]
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ECGRT_PLAN", raising=False)
    assert exit_code("predict", record) == 0
    shipped = capsys.readouterr().out
    monkeypatch.setenv("ECGRT_PLAN", str(plan))
    assert exit_code("predict", record) == 0
    assert capsys.readouterr().out != shipped
    (tmp_path / "model.plan").write_bytes(b"not a plan")
    assert exit_code("predict", record) == 2
    assert "model.plan" in capsys.readouterr().err


def test_closed_pipe_is_no_traceback(plan: Path, records: Path) -> None:
    program = "import sys; from ecgrt.cli.predict import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "--plan", str(plan), *map(str, list_records(records))]
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, check=False)
    os.close(write_end)
    assert done.returncode == 141
    assert done.stderr == b""


def test_errors_are_one_line() -> None:
    assert describe(ValueError("a\nb")) == "a b"
    assert describe(ValueError()) == "ValueError"
    assert describe(OverflowError("too large")) == "OverflowError: too large"
    assert describe(FileNotFoundError(2, "No such file", "x.plan")) == "x.plan: No such file"


@pytest.mark.parametrize("name", ["predict", "eval"])
def test_json_does_not_take_a_record_for_its_file(
    name: str, plan: Path, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = records / "S0001.hea"
    before = record.read_bytes()
    assert exit_code(name, "--plan", plan, "--json", record) == 2
    assert "put --json last" in capsys.readouterr().err
    assert record.read_bytes() == before
