"""Answers kept block by block, so that a run that is killed goes on, then made one file."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .._extras import require
from .._files import check_writable, replacing, write_text
from .answers import Table

#: What the folder of a run that has not ended is called: as the output, and this.
SUFFIX = ".partial"
#: The key of a file's metadata that says what was answered, as JSON.
KEY = b"ecgrt"
#: Rows of a row group.
_ROWS = 1 << 16


class Output:
    """The folder beside an output in which a run keeps each block, as a file of its own.

    Made by :func:`locked`. A block's file is written whole or not at all and has the block's number
    as its name, so that no row can be there twice; those that are damaged are made again.

    Attributes
    ----------
    done
        Numbers of the blocks that are there.
    """

    def __init__(self, path: Path, folder: Path, sizes: Sequence[int]) -> None:
        self._path, self._folder, self._sizes = path, folder, sizes
        self.done = {number for number in range(len(sizes)) if self._is_whole(number)}

    def add(self, number: int, table: Table) -> None:
        """Keep a block's answers."""
        if table.num_rows != self._sizes[number]:
            raise ValueError(
                f"block {number} has {table.num_rows} rows and not {self._sizes[number]}: an input "
                "has changed since the run began; begin again"
            )
        with replacing(self._part(number)) as part:
            _parquet().write_table(table, part)
        self.done.add(number)

    def finish(self, schema: Any) -> None:
        """Make one file of all blocks, in their order, and remove the folder.

        Whoever reads the output sees what was there before or all of the new.

        Raises
        ------
        ValueError
            If a block has no answers.
        """
        if missing := len(self._sizes) - len(self.done):
            raise ValueError(
                f"{missing} blocks have no answers: an input has changed since the run began; "
                "begin again"
            )
        pa, parquet = require("pyarrow", extra="archive"), _parquet()
        with (
            replacing(self._path) as whole,
            parquet.ParquetWriter(whole, schema, compression="zstd") as writer,
        ):
            held: list[Table] = []
            for number in range(len(self._sizes)):
                held.append(parquet.read_table(self._part(number)))
                if sum(map(len, held)) >= _ROWS or number == len(self._sizes) - 1:
                    writer.write_table(pa.concat_tables(held))
                    held = []
        shutil.rmtree(self._folder)

    def _part(self, number: int) -> Path:
        return self._folder / f"block-{number:08d}.parquet"

    def _is_whole(self, number: int) -> bool:
        # A machine that lost its power may have left files without content.
        path = self._part(number)
        if not path.exists():
            return False
        try:
            return bool(_parquet().read_metadata(path).num_rows == self._sizes[number])
        except (OSError, require("pyarrow", extra="archive").ArrowException):
            return False


@contextmanager
def locked(
    path: str | os.PathLike[str], identity: dict[str, Any], sizes: Sequence[int], resume: bool
) -> Iterator[Output]:
    """Lend an output to one process at a time.

    Parameters
    ----------
    path
        The file that is to be written in the end.
    identity
        What is answered, as JSON holds it.
    sizes
        Records of each block.
    resume
        Whether to go on with what is there.

    Raises
    ------
    BlockingIOError
        If another process writes it.
    ValueError
        If answers are there and `resume` is false, or they are to something else.
    """
    check_writable(path)
    path = Path(os.path.realpath(path))
    folder = path.with_name(path.name + SUFFIX)
    folder.mkdir(exist_ok=True)
    with _lock(folder, path):
        _check_identity(folder, identity, resume)
        output = Output(path, folder, sizes)
        try:
            yield output
        finally:
            if folder.exists() and not output.done:
                shutil.rmtree(folder)


@contextmanager
def _lock(folder: Path, path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends."""
    busy = BlockingIOError(f"another process writes {path}; wait for it, or give another --out")
    file = folder / "lock"
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except FileNotFoundError:  # the other has just ended
        raise busy from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        if not file.exists() or not os.path.samestat(os.fstat(descriptor), os.stat(file)):
            raise busy
        yield
    finally:
        os.close(descriptor)


def _check_identity(folder: Path, identity: dict[str, Any], resume: bool) -> None:
    file = folder / "run.json"
    text = json.dumps(identity, sort_keys=True) + "\n"
    begun = any(folder.glob("block-*.parquet"))
    if begun and not resume:
        raise ValueError(
            f"{folder} holds answers of a run that did not end: go on with --resume, or delete it"
        )
    if begun and (not file.exists() or file.read_text(encoding="utf-8") != text):
        raise ValueError(
            f"{folder} is of another plan, of other records, or of other options or another "
            "version: run as before to go on with it, or delete it"
        )
    write_text(file, text)


def identity_in(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Return what a finished output answers; None if there is none that ecgrt has written."""
    try:
        found = _parquet().read_metadata(os.fspath(path)).metadata or {}
        values = json.loads(found[KEY])
    except (OSError, KeyError, ValueError):  # ArrowInvalid is a ValueError
        return None
    return values if isinstance(values, dict) else None


def _parquet() -> Any:
    return require("pyarrow.parquet", extra="archive")
