"""ecgrt-eval: outputs, and what an evaluation that ends early keeps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import exit_code

import ecgrt
from ecgrt.challenge import evaluate as evaluation
from ecgrt.challenge.journal import Journal
from ecgrt.challenge.report import Answer
from ecgrt.challenge.scoring import read_answers
from ecgrt.records import base

NAMES = [f"S{number:04}" for number in range(1, 11)]


def stop_at(name: str, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let an evaluation end when it comes to a record; return the names of what it reads."""
    read: list[str] = []

    def read_record(path: Path, **options: Any) -> ecgrt.Record:
        if path.name == name:
            raise error
        read.append(path.name)
        return base.read_record(path, **options)

    monkeypatch.setattr(evaluation, "read_record", read_record)
    return read


@pytest.fixture
def argv(plan: Path, records: Path, tmp_path: Path) -> tuple[object, ...]:
    return ("eval", records, "--plan", plan, "-o", tmp_path / "answers.txt")


def test_nothing_but_the_answers_is_left(argv: tuple[object, ...], tmp_path: Path) -> None:
    assert exit_code(*argv) == 0
    assert os.listdir(tmp_path) == ["answers.txt"]
    assert list(read_answers(tmp_path / "answers.txt")) == NAMES


def test_interrupted_evaluation_goes_on(
    argv: tuple[object, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as patch:
        assert stop_at("S0004", KeyboardInterrupt(), patch) == []
        assert exit_code(*argv) == 130
    assert os.listdir(tmp_path) == ["answers.txt.partial"]
    assert "3 answers are kept in" in capsys.readouterr().err
    assert exit_code(*argv) == 2
    assert "go on with --resume, or delete it" in capsys.readouterr().err
    read = stop_at("none", KeyboardInterrupt(), monkeypatch)
    metrics = tmp_path / "metrics.json"
    assert exit_code(*argv, "--resume", "--json", metrics) == 0
    assert read == NAMES[3:]
    resumed = json.loads(metrics.read_text())
    assert sorted(os.listdir(tmp_path)) == ["answers.txt", "metrics.json"]
    assert [timing["name"] for timing in resumed["timings"]] == NAMES
    answers = (tmp_path / "answers.txt").read_text()
    (tmp_path / "answers.txt").unlink()
    assert exit_code(*argv) == 0
    assert (tmp_path / "answers.txt").read_text() == answers


def test_killed_evaluation_keeps_what_it_had(
    argv: tuple[object, ...], tmp_path: Path, plan: Path, records: Path
) -> None:
    program = (
        "import os, signal, sys\n"
        "from ecgrt.challenge import evaluate\n"
        "from ecgrt.cli.eval import main\n"
        "read = evaluate.read_record\n"
        "def read_record(path, **options):\n"
        "    if path.name == 'S0006':\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return read(path, **options)\n"
        "evaluate.read_record = read_record\n"
        "main(sys.argv[1:])\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *map(str, argv[1:])], check=False)
    assert done.returncode == -signal.SIGKILL
    partial = tmp_path / "answers.txt.partial"
    kept = [json.loads(line) for line in partial.read_text().splitlines()[1:]]
    assert [answer["name"] for answer in kept] == NAMES[:5]
    with partial.open("a") as file:
        file.write('{"name":"S0006","lab')  # as if killed within a line
    assert exit_code(*argv, "--resume") == 0
    assert list(read_answers(tmp_path / "answers.txt")) == NAMES


def test_full_disk_loses_no_finished_answer(
    argv: tuple[object, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add = Journal.add

    def add_until_full(journal: Journal, answer: Answer) -> None:
        if answer.name == "S0003":
            raise OSError(28, "No space left on device", str(journal.path))
        add(journal, answer)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "add", add_until_full)
        assert exit_code(*argv) == 2
    error = capsys.readouterr().err
    assert "No space left on device" in error
    assert "2 answers are kept" in error
    read = stop_at("none", KeyboardInterrupt(), monkeypatch)
    assert exit_code(*argv, "--resume") == 0
    assert read == NAMES[2:]


def test_outputs_that_cannot_be_written_keep_the_answers(
    argv: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device", "answers.txt")

    with monkeypatch.context() as patch:
        patch.setattr("ecgrt.challenge.scoring.write_text", refuse)
        assert exit_code(*argv) == 2
    read = stop_at("none", KeyboardInterrupt(), monkeypatch)
    assert exit_code(*argv, "--resume") == 0
    assert read == []
    assert list(read_answers(tmp_path / "answers.txt")) == NAMES


@pytest.mark.parametrize("change", ["plan", "records", "fs"])
def test_answers_to_something_else_are_not_gone_on_with(
    change: str,
    argv: tuple[object, ...],
    plan: Path,
    records: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as patch:
        stop_at("S0004", KeyboardInterrupt(), patch)
        assert exit_code(*argv) == 130
    folder, other = tmp_path / "records", tmp_path / "other.plan"
    folder.mkdir()
    for file in records.glob("S0001.*"):
        (folder / file.name).write_bytes(file.read_bytes())
    other.write_bytes(plan.read_bytes() + b"x")
    arguments = {
        "plan": (*argv, "--plan", other),
        "records": ("eval", folder, *argv[2:]),
        "fs": (*argv, "--fs", 300),
    }[change]
    capsys.readouterr()
    assert exit_code(*arguments, "--resume") == 2
    assert "of another plan, of other records" in capsys.readouterr().err


def test_resuming_nothing_begins(argv: tuple[object, ...], tmp_path: Path) -> None:
    assert exit_code(*argv, "--resume") == 0
    assert list(read_answers(tmp_path / "answers.txt")) == NAMES


@pytest.mark.parametrize("error", [OverflowError("int too large"), RecursionError(), KeyError("x")])
def test_no_exception_of_a_record_ends_the_evaluation(
    error: Exception, argv: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at("S0004", error, monkeypatch)
    metrics = tmp_path / "metrics.json"
    assert exit_code(*argv, "--json", metrics) == 1
    assert list(read_answers(tmp_path / "answers.txt")) == [n for n in NAMES if n != "S0004"]
    assert json.loads(metrics.read_text())["failures"]["S0004"].startswith(type(error).__name__)


def test_baseline_of_400_digits_costs_one_record(
    plan: Path, records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    for file in (*records.glob("S0001.*"), *records.glob("S0002.*")):
        (folder / file.name).write_bytes(file.read_bytes())
    header = folder / "S0001.hea"
    text = header.read_text()
    header.write_text(text.replace("1000/mV", f"1000({'9' * 400})/mV", 1))
    assert header.read_text() != text
    out = tmp_path / "answers.txt"
    assert exit_code("eval", folder, "--plan", plan, "-o", out) == 1
    assert list(read_answers(out)) == ["S0002"]


def test_json_alone_replaces_the_report(
    argv: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*argv, "--json") == 0
    assert list(json.loads(capsys.readouterr().out)["answers"]) == NAMES


@pytest.mark.parametrize("option", ["-o", "--json", "--timing"])
def test_impossible_output_fails_before_any_work(
    option: str, argv: tuple[object, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "nowhere" / "file.json"
    assert exit_code(*argv, option, target) == 2
    assert f"no folder {target.parent}" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_answers_to_a_pipe(plan: Path, records: Path, capfdbinary: Any) -> None:
    assert exit_code("eval", records, "--plan", plan, "-o", "/dev/stdout") == 0
    assert capfdbinary.readouterr().out.startswith(b"S0001,")
