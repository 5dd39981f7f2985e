"""Zip files that anybody may have made: unpacked whole, within limits, or not at all."""

from __future__ import annotations

import errno
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from .._progress import track
from .._scratch import PREFIX, scratch_beside, sweep

#: What a zip may unpack to: so many files, and so many bytes or times its own size.
MOST_MEMBERS = 200_000
MOST_BYTES = 100 << 20
MOST_RATIO = 20

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BLOCK = 1 << 20
_MOST_PARTS, _MOST_NAME_BYTES = 32, 255
_ENCRYPTED = 0x1
#: What zipfile and what it calls raise for a damaged file.
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    RuntimeError,
    ArithmeticError,
    ValueError,
    MemoryError,
)


def unzip(archive: Path, directory: Path) -> int:
    """Unpack what is not there yet.

    A file is there if it has the size and CRC that the archive states. Everything is first unpacked
    and verified in a temporary folder within `directory`, then moved. Temporary folders that a
    killed run left are deleted.

    Returns
    -------
    int
        How many files were unpacked.

    Raises
    ------
    ValueError
        If a member would land outside of `directory`, is a link, is encrypted, is packed in
        another way than deflated, or is damaged, or the archive unpacks to too much; nothing is
        unpacked then.
    """
    sweep(directory / archive.name)
    with _opened(archive) as (zipped, members):
        missing = [member for member in members if not _is_there(directory, member)]
        if not missing:
            return 0
        with scratch_beside(directory / archive.name) as scratch:
            for member in track(missing, desc=f"unpack {archive.name}"):
                _check_size(member, os.stat(zipped.extract(member, scratch)).st_size)
            _move(scratch, directory)
    return len(missing)


def check_zip(archive: Path) -> None:
    """Read a zip to its end; the errors are those of :func:`unzip`."""
    with _opened(archive) as (zipped, members):
        for member in members:
            with zipped.open(member) as content:  # which compares the CRC
                _check_size(member, sum(map(len, iter(lambda: content.read(_BLOCK), b""))))


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]]:
    """Give a zip and its files, all of which may be unpacked; faults become ValueErrors."""
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = [member for member in zipped.infolist() if not member.is_dir()]
            _check_members(members, archive)
            yield zipped, members
    except _RefusedError as error:
        raise ValueError(f"{archive}: {error}") from None
    except _FAULTS as error:
        raise ValueError(f"{archive}: it is damaged, not a whole zip file ({error})") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a seek to where no file can be
            raise
        raise ValueError(f"{archive}: it is damaged, not a whole zip file ({error})") from error


class _RefusedError(Exception):
    """The zip is whole, and is not to be unpacked."""


def _check_members(members: list[zipfile.ZipInfo], archive: Path) -> None:
    if len(members) > MOST_MEMBERS:
        raise _RefusedError(f"it has {len(members)} members; at most {MOST_MEMBERS} are unpacked")
    for member in members:
        _check_member(member)
    size = sum(member.file_size for member in members)
    most = MOST_BYTES + MOST_RATIO * archive.stat().st_size
    if size > most:
        raise _RefusedError(f"it would unpack to {size} bytes; at most {most} are, for its size")
    files = {PurePosixPath(member.filename) for member in members}
    folders = {parent for path in files for parent in path.parents}
    if len(files) < len(members) or files & folders:
        raise _RefusedError("two of its members have the same name")


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    parts = PureWindowsPath(name).parts
    leaves = PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor or ".." in parts
    if leaves or stat.S_ISLNK(member.external_attr >> 16):
        raise _RefusedError(
            f"it is not to be trusted: its member {name[:200]!r} is a link or leads out of the "
            "folder; nothing was unpacked"
        )
    longest = max(map(len, map(os.fsencode, parts)), default=0)
    if not parts or "\0" in name or len(parts) > _MOST_PARTS or longest > _MOST_NAME_BYTES:
        raise _RefusedError(f"its member {name[:200]!r} has a name that no file can have")
    if name.startswith(PREFIX):
        raise _RefusedError(f"its member {name[:200]!r} has the name of a temporary folder")
    if member.flag_bits & _ENCRYPTED:
        raise _RefusedError(f"its member {name!r} is encrypted")
    if member.compress_type not in _METHODS:
        raise _RefusedError(
            f"its member {name!r} is packed by method {member.compress_type}; stored and deflated "
            "ones can be read"
        )


def _check_size(member: zipfile.ZipInfo, size: int) -> None:
    """Raise if a member has less than it tells, which zipfile takes for the end."""
    if size != member.file_size:
        raise zipfile.BadZipFile(
            f"member {member.filename!r} has {size} bytes, not {member.file_size}"
        )


def _is_there(directory: Path, member: zipfile.ZipInfo) -> bool:
    path = directory / member.filename
    if not path.is_file() or path.stat().st_size != member.file_size:
        return False
    return zlib.crc32(path.read_bytes()) == member.CRC


def _move(source: Path, target: Path) -> None:
    """Move a tree over another one, in one step where the target has nothing of that name."""
    for path in source.iterdir():
        place = target / path.name
        if path.is_dir() and place.exists():
            _move(path, place)
        else:
            os.replace(path, place)
