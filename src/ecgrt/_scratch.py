"""Folders for what is not whole yet; what a killed run leaves in one, the next run deletes."""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: What the names of these folders begin with.
PREFIX = ".part-"
#: So many runs that write the same thing at a time are told apart; nobody looks for more.
_SWEPT = 8


@contextmanager
def scratch_beside(path: Path) -> Iterator[Path]:
    """Give an empty folder beside `path`, to make in it what will be there.

    It is deleted when the block ends, and locked until then. If the process is killed, the lock
    goes with it, and the next call for the same `path` deletes the folder.

    Raises
    ------
    OSError
        If no folder can be made there.
    """
    sweep(path)
    for number in itertools.count():
        folder = _place(path, number)
        try:
            folder.mkdir(0o700)  # nobody else can plant a link in it
        except FileExistsError:
            continue
        lock = -1
        try:
            lock = _lock(folder)
        except (BlockingIOError, FileNotFoundError):
            continue  # another run took it for one that was left
        except OSError:
            pass  # a file system without locks; nobody else can have it then, either
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if lock >= 0:
                os.close(lock)
        return


def sweep(path: Path) -> None:
    """Delete the folders of :func:`scratch_beside` whose processes are gone."""
    for number in range(_SWEPT):
        folder = _place(path, number)
        if not folder.exists():
            continue
        try:
            lock = _lock(folder)
        except OSError:
            continue  # of a process that lives, of somebody else, or no folder at all
        try:
            if os.fstat(lock).st_uid == os.geteuid():
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def _place(path: Path, number: int) -> Path:
    # A name of its own length may be as long as the file system takes; this one is short.
    digest = hashlib.blake2b(os.fsencode(path.name), digest_size=8).hexdigest()
    return path.with_name(f"{PREFIX}{digest}-{number}")


def _lock(folder: Path) -> int:
    """Return a descriptor that holds the lock; raise BlockingIOError if another has it."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.stat(folder), os.fstat(lock)):
            raise FileNotFoundError(folder)  # deleted, and made by another, before it was locked
    except BaseException:
        os.close(lock)
        raise
    return lock
