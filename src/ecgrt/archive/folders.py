"""Where a run keeps its blocks: a folder beside the output, on a disk or in a store."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from .._files import check_writable, replacing, write_text
from .._scratch import sweep
from . import stores

#: What the folder of a run that has not ended is called: as the output, and this.
SUFFIX = ".partial"
#: What names the files of blocks begin with.
BLOCK = "block-"
_RUN = "run.json"

#: Writes a file, whose path it gets.
Write = Callable[[Path], None]


class Folder(Protocol):
    """The folder of one run.

    Attributes
    ----------
    whole
        Whether what is there is whole, whatever happened to the machine.
    """

    whole: bool

    def names(self) -> set[str]:
        """Return the names of the blocks' files."""

    def put(self, name: str, write: Write) -> None:
        """Keep a file, whole or not at all."""

    def open(self, name: str) -> AbstractContextManager[Any]:
        """Lend what pyarrow reads a file from."""

    def publish(self, write: Write) -> None:
        """Make the output in one step."""

    def remove(self) -> None:
        """Remove the folder."""


@contextmanager
def lent(
    output: str | os.PathLike[str], identity: dict[str, Any], resume: bool
) -> Iterator[Folder]:
    """Lend the folder of an output: on a disk to one process at a time; a store has no locks.

    Parameters
    ----------
    output
        The file, or the object of a store, that is to be written in the end.
    identity
        What is answered, as JSON holds it.
    resume
        Whether to go on with what is there.

    Raises
    ------
    BlockingIOError
        If another process writes it.
    ValueError
        If answers are there and `resume` is false, or they are to something else.
    """
    text = _text(identity)
    if stores.is_uri(os.fspath(output)):
        yield _begin_in_store(os.fspath(output), text, resume)
        return
    check_writable(output)
    path = Path(os.path.realpath(output))
    place = path.with_name(path.name + SUFFIX)
    place.mkdir(exist_ok=True)
    with _lock(place, path):
        file = place / _RUN
        begun = any(place.glob(f"{BLOCK}*"))
        same = file.exists() and file.read_text(encoding="utf-8") == text
        _check_begun(str(place), begun, resume, same=same)
        write_text(file, text)
        yield _LocalFolder(place, path)


def clear(output: str | os.PathLike[str], identity: dict[str, Any]) -> None:
    """Remove the folder of a run that made its output and ended before it removed the folder.

    Not one that another process has by now.
    """
    if stores.is_uri(os.fspath(output)):
        _StoreFolder(os.fspath(output), _text(identity)).remove()
        return
    path = Path(os.path.realpath(output))
    sweep(path)
    place = path.with_name(path.name + SUFFIX)
    if place.is_dir():
        with suppress(BlockingIOError), _lock(place, path):
            _LocalFolder(place, path).remove()


def _text(identity: dict[str, Any]) -> str:
    return json.dumps(identity, sort_keys=True) + "\n"


def kept_in(output: str | os.PathLike[str]) -> str | None:
    """Return where answers of a run are that did not end; None if there are none to be seen."""
    name = os.fspath(output)
    if not stores.is_uri(name):
        return name + SUFFIX if os.path.exists(name + SUFFIX) else None
    with suppress(OSError):
        if stores.folders_in(above := _above(name)):
            return above
    return None


def _above(output: str) -> str:
    folder, name = stores.split(output)
    return stores.join(folder, name + SUFFIX)


def _check_begun(place: str, begun: bool, resume: bool, *, same: bool) -> None:
    if begun and not resume:
        raise ValueError(
            f"{place} holds answers of a run that did not end: go on with --resume, or delete it"
        )
    if begun and not same:
        raise ValueError(
            f"{place} is of another plan, of other records, or of other options or another "
            "version: run as before to go on with it, or delete it"
        )


class _LocalFolder:
    whole = False  # a machine that lost its power may have left files without content

    def __init__(self, place: Path, output: Path) -> None:
        self._place, self._output = place, output

    def names(self) -> set[str]:
        return {path.name for path in self._place.glob(f"{BLOCK}*")}

    def put(self, name: str, write: Write) -> None:
        with replacing(self._place / name) as part:
            write(part)

    @contextmanager
    def open(self, name: str) -> Iterator[Path]:
        yield self._place / name

    def publish(self, write: Write) -> None:
        with replacing(self._output) as part:
            write(part)

    def remove(self) -> None:
        shutil.rmtree(self._place)


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


def _begin_in_store(output: str, text: str, resume: bool) -> Folder:
    folder = _StoreFolder(output, text)
    there = stores.folders_in(folder.above)
    _check_begun(folder.above, bool(there), resume, same=there <= {folder.digest})
    folder.put(_RUN, lambda file: write_text(file, text))  # fails here where nothing can be written
    return folder


class _StoreFolder:
    """A folder below that of the output, named for what is answered.

    So two runs that answer the same may write at once, for they write the same, and those that
    answer something else never meet. An object is there when it is whole.
    """

    whole = True

    def __init__(self, output: str, text: str) -> None:
        self.digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.above = _above(output)
        self._place, self._output = stores.join(self.above, self.digest), output

    def names(self) -> set[str]:
        return {name for name in stores.names_in(self._place) or () if name.startswith(BLOCK)}

    def put(self, name: str, write: Write) -> None:
        with tempfile.TemporaryDirectory(prefix="ecgrt-") as own:
            write(file := Path(own, name))
            stores.upload(file, stores.join(self._place, name))

    def open(self, name: str) -> AbstractContextManager[Any]:
        return stores.opened(stores.join(self._place, name))

    def publish(self, write: Write) -> None:
        # An upload in parts that is interrupted may leave a part of it: hence not at its place.
        self.put("output", write)
        stores.move(stores.join(self._place, "output"), self._output)

    def remove(self) -> None:
        stores.remove_folder(self._place)
        if not stores.folders_in(self.above):
            stores.remove_folder(self.above)
