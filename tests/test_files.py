"""Output files: whole or not at all, whatever lies at their path."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ecgrt._files import replacing, write_text
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
        assert (part.parent, part.suffix) == (store, ".txt")
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
