"""Answers kept block by block, so that a run that is killed goes on, then made one file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from .._extras import require
from .answers import Table
from .folders import BLOCK, Folder, lent
from .stores import StoreError, readable

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

    def __init__(self, folder: Folder, sizes: Sequence[int]) -> None:
        self._folder, self._sizes = folder, sizes
        there = folder.names()
        numbers = (number for number in range(len(sizes)) if _name(number) in there)
        self.done = {number for number in numbers if folder.whole or self._is_whole(number)}

    def add(self, number: int, table: Table) -> None:
        """Keep a block's answers."""
        if table.num_rows != self._sizes[number]:
            raise ValueError(
                f"block {number} has {table.num_rows} rows and not {self._sizes[number]}: an input "
                "has changed since the run began; begin again"
            )
        self._folder.put(_name(number), partial(_parquet().write_table, table))
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
        self._folder.publish(partial(self._write, schema))
        self._folder.remove()

    def _write(self, schema: Any, path: Path) -> None:
        pa, parquet = require("pyarrow", extra="archive"), _parquet()
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            held: list[Table] = []
            for number in range(len(self._sizes)):
                with self._folder.open(_name(number)) as file:
                    held.append(parquet.read_table(file))
                if sum(map(len, held)) >= _ROWS or number == len(self._sizes) - 1:
                    writer.write_table(pa.concat_tables(held))
                    held = []

    def _is_whole(self, number: int) -> bool:
        try:
            with self._folder.open(_name(number)) as file:
                return bool(_parquet().read_metadata(file).num_rows == self._sizes[number])
        except (OSError, require("pyarrow", extra="archive").ArrowException):
            return False


def _name(number: int) -> str:
    return f"{BLOCK}{number:08d}.parquet"


@contextmanager
def locked(
    path: str | os.PathLike[str], identity: dict[str, Any], sizes: Sequence[int], resume: bool
) -> Iterator[Output]:
    """Lend an output, which goes by :func:`ecgrt.archive.folders.lent`.

    Parameters
    ----------
    path, identity, resume
        As of `lent`, and what it raises is raised.
    sizes
        Records of each block.
    """
    with lent(path, identity, resume) as folder:
        output = Output(folder, sizes)
        try:
            yield output
        finally:
            if not output.done:
                with suppress(StoreError):  # why it was given up is what matters
                    folder.remove()


def identity_in(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Return what a finished output answers; None if there is none that ecgrt has written."""
    try:
        with readable(path) as file:
            found = _parquet().read_metadata(file).metadata or {}
        values = json.loads(found[KEY])
    except (OSError, KeyError, ValueError):  # ArrowInvalid is a ValueError
        return None
    return values if isinstance(values, dict) else None


def _parquet() -> Any:
    return require("pyarrow.parquet", extra="archive")
