"""From what a user names to all records of an archive, in one order and none of them read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..records import list_records
from ..records.manifest import read_entries
from .blocks import FileBlock, Group, Named
from .settings import Settings
from .stores import is_uri, join, names_in, records_in, split
from .tables import RowGroup, is_table, row_counts

_MANIFESTS = (".json", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class Archive:
    """All records, in groups of blocks, and a digest of which they are."""

    groups: tuple[Group, ...]
    digest: str

    @property
    def sizes(self) -> list[int]:
        """How many records each block has, by its number."""
        return [size for group in self.groups for size in group.sizes]


def list_archive(inputs: Sequence[str | Path], settings: Settings) -> Archive:
    """List the records of folders, RECORDS files, manifests, tables and files of records.

    Of a folder, the tables in it are listed where it has any, else what
    :func:`ecgrt.records.list_records` finds.

    Raises
    ------
    FileNotFoundError
        If an input is missing.
    ValueError
        If there is no record, one is named twice, or a list or table cannot be used.
    """
    groups: list[Group] = []
    seen: set[str] = set()
    sha = hashlib.sha256()
    files: list[Named] = []
    first = 0

    def keep_files(least: int) -> None:
        nonlocal first, files
        while len(files) >= least:
            block, files = files[: settings.block], files[settings.block :]
            groups.append(FileBlock(first, tuple(block), settings.told))
            first += 1

    for found in _expand(inputs):
        source = found.source
        if (place := os.path.abspath(source)) in seen:
            raise ValueError(f"{source} is named more than once; each record gets one row")
        seen.add(place)
        if not is_table(source):
            sha.update(f"{source}\0{sorted(found.said.items())}\n".encode("utf-8", "replace"))
            files.append(found)
            keep_files(settings.block)
            continue
        keep_files(1)
        counts = row_counts(source, settings.columns, settings.told)
        sha.update(f"{source}\0{counts}\n".encode("utf-8", "replace"))
        for group in _row_groups(source, counts, first, settings):
            groups.append(group)
            first += len(group.sizes)
    keep_files(1)
    if not groups:
        raise ValueError("there is no record in what was named")
    return Archive(tuple(groups), sha.hexdigest())


def _row_groups(
    source: str, counts: list[int], first: int, settings: Settings
) -> Iterator[RowGroup]:
    before = 0
    for part, count in enumerate(counts):
        if count:
            group = RowGroup(
                first,
                source,
                part,
                before,
                count,
                settings.block,
                settings.columns,
                settings.fs,
                settings.unit,
            )
            yield group
            first += len(group.sizes)
        before += count


def _expand(inputs: Sequence[str | Path]) -> Iterator[Named]:
    for one in inputs:
        text = os.fspath(one)
        path = Path(text)
        if is_uri(text):
            yield from map(Named, _in_store(text))
        elif path.is_dir():
            tables = sorted(str(p) for p in path.iterdir() if p.is_file() and is_table(p.name))
            yield from map(Named, tables or map(str, list_records(path)))
        elif is_table(text):
            yield Named(text)
        elif path.suffix.lower() in _MANIFESTS:
            yield from (Named(str(entry.path), entry.said) for entry in read_entries(path))
        else:
            yield from map(Named, map(str, list_records([text])))


def _in_store(uri: str) -> list[str]:
    if is_table(uri):
        return [uri]
    if split(uri)[1].lower().endswith(_MANIFESTS):
        raise ValueError(f"{uri}: manifests are read from local files only")
    folder, name = split(uri)
    folder = folder if name == "RECORDS" else uri
    names = names_in(folder)
    if names is None:
        return [uri]
    tables = [join(folder, name) for name in names if is_table(name)]
    return tables if tables and folder is uri else records_in(folder, names)
