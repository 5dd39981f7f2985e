"""From what a client sends to a record."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from fastapi import UploadFile

from ..records import Record, read_record

if TYPE_CHECKING:
    from .models import SignalIn

#: Suffixes of files that belong to another one, which is the record.
_COMPANIONS = {".dat", ".mat", ".atr", ".qrs", ".xws"}
_MOST_FILES = 8


class RefusalError(Exception):
    """An answer other than 200, with its status and a sentence."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@contextmanager
def of_numbers(body: SignalIn) -> Iterator[Record]:
    """Lend the record of a JSON body, in microvolts."""
    from ..records.units import microvolts_per

    samples = np.array(body.signal, dtype=np.float64)  # null becomes NaN
    yield Record(name="signal", signal=samples * microvolts_per(body.unit), fs=body.fs)


@contextmanager
def of_files(
    files: list[UploadFile], fs: float | None, unit: str | None, lead: str | None
) -> Iterator[Record]:
    """Lend the record of one file, or of a header with its files.

    They lie in a folder of their own while the record is lent. A message names them as the client
    did, and nothing of the server's.

    Raises
    ------
    RefusalError
        If they are no record that can be read.
    """
    with tempfile.TemporaryDirectory(prefix="ecgrt-") as folder:
        paths = [_keep(file, Path(folder)) for file in files]
        try:
            record = read_record(_main(paths), fs=fs, unit=unit, lead=_lead(lead))
        except (ValueError, TypeError, ModuleNotFoundError, OSError) as error:
            raise RefusalError(422, str(error).replace(f"{folder}/", "")) from None
        yield record


def _keep(file: UploadFile, folder: Path) -> Path:
    name = Path((file.filename or "").replace("\\", "/")).name
    if not name or name.startswith(".") or not name.isprintable() or len(name) > 200:
        raise RefusalError(422, "a file must have a name, whose suffix tells its format")
    path = folder / name
    if path.exists():
        raise RefusalError(422, "two files have the same name")
    path.write_bytes(file.file.read())
    return path


def _main(paths: list[Path]) -> Path:
    if not 0 < len(paths) <= _MOST_FILES:
        raise RefusalError(422, f"1 to {_MOST_FILES} files make a record")
    if len(paths) == 1:
        return paths[0]
    mains = [path for path in paths if path.suffix.lower() not in _COMPANIONS]
    if len(mains) != 1:
        raise RefusalError(
            422, "of several files one must be the record's header, such as NAME.hea"
        )
    return mains[0]


def _lead(lead: str | None) -> str | int | None:
    return int(lead) if lead is not None and lead.isdecimal() and len(lead) < 4 else lead
