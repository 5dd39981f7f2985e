"""Runs that are killed, go on, meet another of the same output, or lose a worker."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from archives import after, answers, holds_answers_of_predict, sample_records, write_table
from commands import exit_code

from ecgrt.archive import score
from ecgrt.archive.folders import SUFFIX

KILLED = """
import os, signal, sys
from ecgrt.archive import score

def progress(blocks, count):
    for done, number in enumerate(blocks, 1):
        if done == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        yield number

if __name__ == "__main__":
    score(sys.argv[1:2], sys.argv[2], workers=int(sys.argv[3]), block=4, progress=progress)
"""


@pytest.fixture
def table(records: Path, tmp_path: Path) -> Path:
    """40 records in ten blocks of four."""
    return write_table(tmp_path / "in.parquet", sample_records(records), copies=4, rows=20)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "answers.parquet"


def blocks_of(out: Path) -> dict[str, int]:
    """What a run has kept, and when each file was written."""
    folder = out.with_name(out.name + SUFFIX)
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("block-*")}


def stop() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_is_killed_goes_on(workers: int, table: Path, out: Path) -> None:
    program = out.with_name("run.py")
    program.write_text(KILLED)
    run = subprocess.run([sys.executable, program, table, out, str(workers)], check=False)
    assert run.returncode == -signal.SIGKILL
    kept = blocks_of(out)
    assert len(kept) == 3
    assert not out.exists()
    seen: list[dict[str, int]] = []
    score(
        [table],
        out,
        workers=1,
        block=4,
        resume=True,
        progress=after(1, lambda: seen.append(blocks_of(out))),
    )
    assert kept.items() < seen[0].items(), "what was there was not answered again"
    holds_answers_of_predict(out, table)
    assert not out.with_name(out.name + SUFFIX).exists()


def test_a_block_that_is_damaged_is_answered_again(table: Path, out: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        score([table], out, workers=1, block=4, progress=after(5, stop))
    first, second, *_ = sorted(out.with_name(out.name + SUFFIX).glob("block-*"))
    first.write_bytes(b"")
    second.write_bytes(second.read_bytes()[:-9])
    score([table], out, workers=1, block=4, resume=True)
    holds_answers_of_predict(out, table)


def test_answers_are_neither_lost_nor_mixed(
    table: Path, out: Path, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        score([table], out, workers=1, block=4, progress=after(2, stop))
    arguments = ["score", table, "--out", out, "--workers", 1, "--block"]
    assert exit_code(*arguments, 4) == 2
    assert "go on with --resume" in capsys.readouterr().err
    assert exit_code(*arguments, 5, "--resume") == 2
    assert "other options" in capsys.readouterr().err
    assert exit_code(*arguments, 4, "--resume", "--min-confidence", 0.9) == 2
    assert len(blocks_of(out)) == 2
    assert exit_code(*arguments, 4, "--resume", "--json") == 0
    assert json.loads(capsys.readouterr().out)["records"] == 40


def test_an_interrupted_command_says_how_to_go_on(
    table: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("ecgrt.cli.score._show", after(2, stop))
    assert exit_code("score", table, "--out", out, "--workers", 1, "--block", 4) == 130
    assert "go on with --resume" in capsys.readouterr().err


def test_an_input_that_changes_ends_the_run(table: Path, out: Path, records: Path) -> None:
    def shrink() -> None:
        other = write_table(out.with_name("new"), sample_records(records), copies=3, rows=10)
        other.replace(table)

    with pytest.raises(ValueError, match="an input has changed"):
        score([table], out, workers=1, block=4, progress=after(1, shrink))
    assert not out.exists()


def test_a_run_that_has_ended_is_not_repeated(table: Path, out: Path) -> None:
    first = score([table], out, workers=1)
    written = out.stat().st_mtime_ns

    def never(*_: object) -> None:
        raise AssertionError

    again = score([table], out, workers=1, resume=True, progress=never)  # type: ignore[arg-type]
    assert (first, written) == (again, out.stat().st_mtime_ns)
    score([table], out, workers=1, min_confidence=1.0, resume=True)  # other answers: all anew
    assert all(row["label"] is None for row in answers(out))


def test_a_folder_that_outlived_its_run_is_removed(
    table: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("ecgrt.archive.folders._LocalFolder.remove", lambda _: stop())
        with pytest.raises(KeyboardInterrupt):
            score([table], out, workers=1)
    before = answers(out)
    assert blocks_of(out)
    score([table], out, workers=1, resume=True)
    assert answers(out) == before
    assert {path.name for path in out.parent.iterdir()} == {out.name, table.name}


def test_two_processes_do_not_write_one_output(
    table: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import sys; from ecgrt.cli.score import main; sys.exit(main())"
    command = [sys.executable, "-c", code, table, "--out", out, "--resume"]
    codes: list[int] = []
    others: list[subprocess.CompletedProcess[str]] = []

    def meet() -> None:
        codes.append(exit_code("score", table, "--out", out, "--workers", 1))
        others.append(subprocess.run(command, capture_output=True, text=True, check=False))

    score([table], out, workers=1, block=4, progress=after(2, meet))
    assert codes == [2]
    assert "another process writes" in capsys.readouterr().err
    assert others[0].returncode == 2
    assert "another process writes" in others[0].stderr
    holds_answers_of_predict(out, table)


def kill_a_worker() -> None:
    worker = multiprocessing.active_children()[0]
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)


def test_a_worker_that_is_killed_is_replaced(table: Path, out: Path) -> None:
    score([table], out, workers=2, block=4, progress=after(2, kill_a_worker))
    holds_answers_of_predict(out, table)


def test_workers_that_die_again_and_again_end_the_run(
    table: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ecgrt.archive.here._begin", _die)
    code = exit_code("score", table, "--out", out, "--workers", 2, "--block", 4)
    assert code == 2
    assert "killed 3 times in a row" in capsys.readouterr().err
    assert [path.name for path in out.parent.iterdir()] == ["in.parquet"], "nothing was kept"


def _die(_: object) -> None:
    os._exit(9)
