"""Objects of stores, s3://, gs://, abfss:// and hdfs://, as pyarrow reads and writes them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from .._extras import require
from ..records import Record, list_records, read_record
from ..records.registry import BESIDE_HEADER, suffixes
from ..records.wfdb_header import is_plain, read_header

#: Objects that are asked for at a time.
_REQUESTS = 32
#: Bytes that are sent at a time.
_CHUNK = 8 << 20


class StoreError(OSError):
    """A store refuses, or does not answer, which says nothing about a record."""


def is_uri(text: str) -> bool:
    """Return whether a text names an object or a folder of a store."""
    return "://" in text


def split(uri: str) -> tuple[str, str]:
    """Return the folder of an object, and its name there."""
    parts = urlsplit(uri)
    folder, _, name = parts.path.rstrip("/").rpartition("/")
    return urlunsplit(parts._replace(path=folder if parts.netloc else folder or "/")), unquote(name)


def file_name(source: str) -> str:
    """Return the name of an object, and any other path as it is."""
    return split(source)[1] if is_uri(source) else source


def join(folder: str, *names: str) -> str:
    """Return the URI of what lies in a folder."""
    parts = urlsplit(folder)
    return urlunsplit(parts._replace(path="/".join([parts.path.rstrip("/"), *map(quote, names)])))


def locate(uri: str) -> tuple[Any, str]:
    """Return pyarrow's file system of an object, and its path there.

    Raises
    ------
    ValueError
        If pyarrow knows no such store.
    """
    folder, name = split(uri)
    system, path = _system(folder)
    return system, f"{path.rstrip('/')}/{name}".rstrip("/")


@lru_cache(maxsize=64)
def _system(folder: str) -> tuple[Any, str]:
    # Where a bucket is and who may read it is asked for once, not for each of its objects.
    pa, fs = require("pyarrow", extra="archive"), require("pyarrow.fs", extra="archive")
    try:
        with asking(folder):
            system, path = fs.FileSystem.from_uri(folder)
    except pa.ArrowInvalid as error:
        raise ValueError(
            f"{folder} is in no store that can be read (in a URI, a space is %20): {error}"
        ) from None
    return system, path


@contextmanager
def asking(uri: str) -> Iterator[None]:
    """Turn what a store answers into errors that name the object.

    Raises
    ------
    FileNotFoundError
        If there is no such object, or no such bucket.
    StoreError
        If the store refuses, or does not answer, though it was asked again and again.
    """
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(f"{uri} does not exist") from None
    except OSError as error:
        raise StoreError(f"{uri}: {error}") from None


@contextmanager
def opened(uri: str) -> Iterator[Any]:
    """Open an object to read it from any place in it."""
    system, path = locate(uri)
    with asking(uri):
        file = system.open_input_file(path)
    with file:
        yield file


@contextmanager
def readable(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Give what pyarrow reads a file or an object from."""
    name = os.fspath(path)
    if is_uri(name):
        with opened(name) as file:
            yield file
    else:
        yield name


def names_in(uri: str) -> list[str] | None:
    """Return the names of the objects in a folder; None if it is no folder."""
    found = _list(uri)
    return None if found is None else sorted(i.base_name for i in found if i.is_file)


def folders_in(uri: str) -> set[str]:
    """Return the names of the folders in a folder; of one that is not there, none."""
    return {info.base_name for info in _list(uri) or () if not info.is_file}


def _list(uri: str) -> list[Any] | None:
    fs = require("pyarrow.fs", extra="archive")
    system, path = locate(uri)
    with asking(uri):
        if system.get_file_info(path).type != fs.FileType.Directory:
            return None
        return list(system.get_file_info(fs.FileSelector(path)))


def upload(file: Path, uri: str) -> None:
    """Write an object."""
    system, path = locate(uri)
    with asking(uri), file.open("rb") as source, system.open_output_stream(path) as sink:
        shutil.copyfileobj(source, sink, _CHUNK)


def move(source: str, target: str) -> None:
    """Give an object another place, of what is there already instead."""
    system, path = locate(source)
    with asking(target):
        system.move(path, locate(target)[1])


def remove_folder(uri: str) -> None:
    """Remove a folder and all in it, if it is there."""
    fs = require("pyarrow.fs", extra="archive")
    system, path = locate(uri)
    with asking(uri):
        if system.get_file_info(path).type == fs.FileType.Directory:
            system.delete_dir(path)


def records_in(uri: str, names: Sequence[str]) -> list[str]:
    """Return the records of a folder by the rules of :func:`ecgrt.records.list_records`."""
    with tempfile.TemporaryDirectory(prefix="ecgrt-") as own:
        names = [name for name in names if is_plain(name)]
        for name in names:
            Path(own, name).touch()
        # What tells records from other files: RECORDS, else headers, which may name segments.
        telling = [name for name in names if name == "RECORDS"]
        telling = telling or [name for name in names if name.lower().endswith(".hea")]
        with ThreadPoolExecutor(_REQUESTS) as pool:
            for _ in pool.map(lambda name: _copy(join(uri, name), Path(own, name)), telling):
                pass
        try:
            found = list_records(Path(own))
        except ValueError as error:
            raise ValueError(str(error).replace(own, uri)) from None
        return [join(uri, *path.relative_to(own).parts) for path in found]


def read_object(uri: str, **told: Any) -> Record:
    """Read a record as :func:`ecgrt.read_record` does, by way of a folder of its own.

    Raises
    ------
    StoreError
        If the store refuses or does not answer; the other errors are the record's.
    """
    folder, name = split(uri)
    with tempfile.TemporaryDirectory(prefix="ecgrt-") as own:
        try:
            return replace(read_record(_fetch(folder, name, Path(own)), **told), path=None)
        except StoreError:
            raise
        except (ValueError, TypeError, OSError) as error:
            kinds = (FileNotFoundError, OSError, TypeError, ValueError)
            kind = next(kind for kind in kinds if isinstance(error, kind))
            raise kind(str(error).replace(own, folder)) from None


def _fetch(folder: str, name: str, own: Path) -> Path:
    """Copy the files of a record; return the one by which it is read."""
    end = PurePosixPath(name).suffix.lower()
    main = own / (name if end in suffixes() else f"{name}.hea")
    waiting, seen = [main.name], {main.name}
    if end in BESIDE_HEADER:
        waiting.append(main.with_suffix(".hea").name)
    while waiting:
        file = own / waiting.pop()
        try:
            _copy(join(folder, file.name), file)
        except FileNotFoundError:
            if file == main:
                raise
            continue  # the reader tells what it misses
        if file.suffix.lower() == ".hea":
            waiting += _named_by(file) - seen
            seen.update(waiting)
    return main


def _named_by(header: Path) -> set[str]:
    """Return the names of the files that a header needs."""
    with suppress(ValueError):  # the reader tells what is wrong with it
        found = read_header(header)
        segments = {f"{name}.hea" for name, _ in found.segments if name != "~"}
        return segments | {line.file for line in found.signals if line.file != "~"}
    return set()


def _copy(uri: str, file: Path) -> None:
    system, path = locate(uri)
    with asking(uri), system.open_input_stream(path) as source, file.open("wb") as sink:
        shutil.copyfileobj(source, sink)
