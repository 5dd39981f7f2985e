"""Files are written whole or not at all; JSON that anybody may have written is read."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ._scratch import PREFIX, scratch_beside

STDOUT = 1  # its descriptor


def check_writable(path: str | os.PathLike[str], *sources: str | os.PathLike[str]) -> None:
    """Refuse an output path that cannot work, before anything is computed for it.

    Parameters
    ----------
    path
        Where a file is to be written.
    sources
        Files that it is made from, so that it must not replace them.

    Raises
    ------
    FileNotFoundError
        If the folder that it is to lie in does not exist.
    IsADirectoryError
        If it is a folder itself.
    ValueError
        If it is one of `sources`.
    """
    folder = Path(os.path.realpath(path)).parent
    if os.path.isdir(path):
        raise IsADirectoryError(f"{path} is a folder; give the name of a file to write")
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder} to write {path} to; make it first")
    for source in sources:
        if os.path.exists(path) and os.path.exists(source) and os.path.samefile(path, source):
            raise ValueError(f"{path} is read and would be replaced; write to another file")


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path to write to, and rename what is there to `path` when the block ends.

    If the block fails, it is deleted and `path` stays as it was. It has the name of `path`, in a
    folder beside it (:mod:`ecgrt._scratch`). Of a link, the file that it leads to is replaced. A
    pipe, a device and standard output, wherever that leads, are never replaced: they get the bytes
    when the block ends.
    """
    if _is_stream(path):
        with tempfile.TemporaryDirectory() as own:
            part = Path(own, Path(path).name)
            yield part
            _send(part, path)
        return
    target = Path(os.path.realpath(path))
    try:
        with scratch_beside(target) as folder:
            part = folder / Path(path).name
            yield part
            os.replace(part, target)
    except OSError as error:
        if not _is_in_scratch(error.filename):
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _is_in_scratch(name: object) -> bool:
    parts = Path(name).parts if isinstance(name, str) else ()
    return any(part.startswith(PREFIX) for part in parts[-2:])


def _is_stream(path: str | os.PathLike[str]) -> bool:
    regular = os.path.isfile(path) or os.path.isdir(path)
    return _is_standard_output(path) or (os.path.exists(path) and not regular)


def _is_standard_output(path: str | os.PathLike[str]) -> bool:
    # By another name too: what the shell has opened must not be pulled from under it.
    try:
        return os.path.samestat(os.stat(path), os.fstat(STDOUT))
    except OSError:
        return False


def _send(part: Path, path: str | os.PathLike[str]) -> None:
    standard = _is_standard_output(path)
    if standard:
        print(end="", flush=True)  # what was printed before comes before
    to = STDOUT if standard else path
    with part.open("rb") as source, open(to, "wb", closefd=not standard) as sink:
        shutil.copyfileobj(source, sink)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text with ``\\n`` line ends, whole or not at all."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def parse_json(text: str | bytes, what: str) -> Any:
    """Return what JSON says; raise ValueError, about `what`, if it is none.

    That covers JSON that is nested too deeply, and integers beyond 64 bits, which would fit no
    float and no array.
    """
    try:
        return json.loads(text, parse_int=_parse_int)
    except RecursionError:
        raise ValueError(f"{what} is not usable JSON: it is nested too deeply") from None
    except ValueError as error:  # JSONDecodeError, UnicodeDecodeError and what _parse_int raises
        raise ValueError(f"{what} is not JSON: {error}") from error


def read_json(path: str | os.PathLike[str]) -> Any:
    """Return what a JSON file says; raise ValueError that names it if it is none."""
    return parse_json(Path(path).read_bytes(), os.fspath(path))


def _parse_int(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**64:
        raise ValueError(f"the number {text[:20]} is too large" + "..." * (len(text) > 20))
    return int(text)
