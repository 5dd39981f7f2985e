"""Blocks of records, numbered through a whole archive: what is answered and kept at once."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ..records import Record, read_record
from ..records.registry import record_name
from .stores import file_name, is_uri, read_object


@dataclass(frozen=True)
class Origin:
    """Which record: its name, the file that it is from, and its row there if that is a table."""

    name: str
    source: str
    row: int | None = None


#: A record, and how to read it, which may raise.
Item = tuple[Origin, Callable[[], Record]]


class Block(Protocol):
    """Records with a number: what is answered and kept at once. It can be pickled."""

    @property
    def number(self) -> int:
        """From 0 through the archive; which records it stands for depends on the inputs only."""

    def items(self) -> Iterator[Item]:
        """Give its records, none of them read yet."""


class Group(Protocol):
    """Consecutive blocks that are read together."""

    @property
    def first(self) -> int:
        """The number of its first block."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many records each of its blocks has."""

    def blocks(self, wanted: Container[int]) -> Iterator[Block]:
        """Read those of its blocks whose numbers are wanted, in ascending order."""


@dataclass(frozen=True)
class Named:
    """A record's file, and what a manifest says of it."""

    source: str
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FileBlock:
    """Files, read when they are answered; a group by itself."""

    number: int
    files: tuple[Named, ...]
    told: dict[str, Any]

    @property
    def first(self) -> int:
        """Its own number."""
        return self.number

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many files there are."""
        return (len(self.files),)

    def blocks(self, wanted: Container[int]) -> Iterator[Block]:
        """Give the block itself, if it is wanted."""
        if self.number in wanted:
            yield self

    def items(self) -> Iterator[Item]:
        """Give its records, none of them read yet."""
        for file in self.files:
            source, told = file.source, {**self.told, **file.said}
            path = Path(file_name(source))
            read = partial(read_object, source) if is_uri(source) else partial(read_record, path)
            yield Origin(_text(record_name(path)), _text(source)), partial(read, **told)


def _text(name: str) -> str:
    """Return what UTF-8 can hold, whatever bytes a file's name has."""
    return name.encode("utf-8", "backslashreplace").decode()
