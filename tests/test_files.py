"""Output files: whole or not at all, whatever lies at their path."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ecgrt import _scratch
from ecgrt._files import parse_json, read_json, replacing, write_text
from ecgrt.challenge.entry import build_entry
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.compile.tensorrt_plan import build_tensorrt_plan
from ecgrt.training.export import export


def test_the_target_of_a_link_is_replaced(tmp_path: Path) -> None:
    store, link = tmp_path / "store", tmp_path / "answers.txt"
    store.mkdir()
    (store / "kept").write_text("old")
    link.symlink_to(Path("store", "kept"))
    with replacing(link) as part:
        assert (part.parent.parent, part.name) == (store, "answers.txt")
        part.write_text("new")
    assert link.is_symlink()
    assert (store / "kept").read_text() == "new"
    assert os.listdir(store) == ["kept"]


def test_a_link_that_leads_to_no_file_yet_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # a reader that does not wait, so that a pipe which is replaced fails the test at once
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_text(pipe, "new")
    assert os.read(reader, 99) == b"new"
    os.close(reader)
    assert pipe.is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]


def test_what_fails_brings_a_pipe_nothing(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UnicodeEncodeError):
        write_text(pipe, "half of it, then \ud800")
    assert os.listdir(tmp_path) == ["pipe"]


@pytest.mark.parametrize("name", ["/dev/stdout", "answers.txt"])
@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_the_file_that_is_standard_output_is_written_to(
    tmp_path: Path, name: str, mode: str
) -> None:
    program = (
        "import sys; from ecgrt._files import write_text; print('before'); "
        "write_text(sys.argv[1], 'new\\n'); print('after')"
    )
    file = tmp_path / "answers.txt"
    file.write_text("old\n")
    command = [sys.executable, "-c", program, str(tmp_path / name)]
    with file.open(mode) as stdout:
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    printed = "before\nnew\nafter\n"
    assert file.read_text() == ("old\n" if mode == "ab" else "") + printed


def test_a_pipe_as_standard_output_is_written_to() -> None:
    program = 'from ecgrt._files import write_text; write_text("/dev/stdout", "new")'
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "new", "")


def test_an_error_names_the_target(tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "answers.txt"
    with pytest.raises(FileNotFoundError) as caught:
        write_text(target, "new")
    assert caught.value.filename == str(target)
    assert ".part-" not in str(caught.value)
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError) as folder:
        write_text(tmp_path / "folder", "new")
    assert ".part-" not in str(folder.value)
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.parametrize(
    "work",
    [
        lambda out: build_entry("no plan", "no records", out),
        lambda out: export("no checkpoint", out),
        lambda out: build_cpu_plan("no model", out),
        lambda out: build_tensorrt_plan("no model", out),
    ],
    ids=["entry", "export", "cpu plan", "tensorrt plan"],
)
def test_an_impossible_output_fails_before_any_work(
    work: Callable[[Path], object], tmp_path: Path
) -> None:
    with pytest.raises(IsADirectoryError, match=f"{tmp_path} is a folder"):
        work(tmp_path)
    with pytest.raises(FileNotFoundError, match=f"no folder {tmp_path / 'nowhere'} to write"):
        work(tmp_path / "nowhere" / "file")


@pytest.mark.parametrize("build", [build_cpu_plan, build_tensorrt_plan, build_entry, export])
def test_what_is_read_is_not_replaced(build: Callable[..., object], tmp_path: Path) -> None:
    source, link = tmp_path / "source", tmp_path / "link"
    source.write_text("kept")
    link.symlink_to(source)
    for out in (source, link):
        further = [tmp_path] if build is build_entry else []  # the records
        with pytest.raises(ValueError, match=f"{out} is read and would be replaced"):
            build(source, *further, out)
    assert source.read_text() == "kept"


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    """Somebody else who may write to the folder knows the temporary name."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "answers.txt").write_text("precious")
    with replacing(tmp_path / "answers.txt") as part:
        name = part.parent.name
        part.write_text("")
    (tmp_path / name).symlink_to(victim)
    write_text(tmp_path / "answers.txt", "new")
    assert (victim / "answers.txt").read_text() == "precious"
    assert (tmp_path / "answers.txt").read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == sorted([name, "answers.txt", "victim"])


KILLED = """
import os, signal, sys
from ecgrt._files import replacing
with replacing(sys.argv[1]) as part:
    part.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_goes_with_the_next(tmp_path: Path) -> None:
    target = tmp_path / "answers.txt"
    for _ in range(3):
        killed = subprocess.run([sys.executable, "-c", KILLED, target], check=False)
        assert killed.returncode == -signal.SIGKILL
    (left,) = os.listdir(tmp_path)
    write_text(tmp_path / "other.txt", "of another output")
    assert left in os.listdir(tmp_path)
    write_text(target, "whole")
    assert sorted(os.listdir(tmp_path)) == ["answers.txt", "other.txt"]


def test_runs_at_the_same_time_keep_what_is_theirs(tmp_path: Path) -> None:
    target = tmp_path / "answers.txt"
    with replacing(target) as first:
        first.write_text("first")
        with replacing(target) as second:
            second.write_text("second")
            assert first.parent != second.parent
        assert target.read_text() == "second"
        assert first.read_text() == "first"
    assert target.read_text() == "first"
    assert os.listdir(tmp_path) == ["answers.txt"]


@pytest.mark.parametrize("taken", [BlockingIOError(11, "busy"), FileNotFoundError(2, "gone")])
def test_a_folder_that_another_run_takes_for_abandoned_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: OSError
) -> None:
    real, faults = _scratch._lock, [taken]
    monkeypatch.setattr(
        _scratch, "_lock", lambda folder: throw(faults.pop()) if faults else real(folder)
    )
    with replacing(tmp_path / "a.txt") as part:
        part.write_text("new")
        assert part.parent.name.endswith("-1")
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_file_system_without_locks_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies there may be of a run that lives, and stays."""
    monkeypatch.setattr(
        _scratch.fcntl, "flock", lambda *_: throw(OSError(errno.ENOLCK, "no locks"))
    )
    with replacing(tmp_path / "a.txt") as first:
        first.write_text("first")
        write_text(tmp_path / "a.txt", "second")
        assert first.read_text() == "first"
    assert os.listdir(tmp_path) == ["a.txt"]


def throw(error: OSError) -> int:
    raise error


def test_a_name_may_be_as_long_as_the_system_takes(tmp_path: Path) -> None:
    write_text(tmp_path / ("a" * 255), "new")
    assert os.listdir(tmp_path) == ["a" * 255]


def test_a_new_file_has_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "new")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


def test_a_name_as_long_as_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 251 + ".txt")
    write_text(path, "new")
    assert path.read_text() == "new"


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.txt")
    write_text(path, "new")
    assert Path(path).read_text() == "new"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
        ("1" + "0" * 400, "too large"),
        ("-1" + "0" * 5000, "too large"),
        (str(2**64), "too large"),
        ("{", "not JSON"),
        (b'"\xff"', "not JSON"),
        (b"", "not JSON"),
    ],
)
def test_json_that_cannot_be_used(text: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"x is .*{says}"):
        parse_json(text, "x")
    path = tmp_path / "a.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=rf"a\.json is .*{says}"):
        read_json(path)


def test_json_that_is_used() -> None:
    values = [1, -(2**63), 2**64 - 1, 0.5, "a", None, {"b": []}]
    assert parse_json(json.dumps(values), "x") == values
