"""Tables of recordings, one a row: Parquet and Arrow files."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .._extras import require
from ..records import Record
from ..records.base import record_of
from .blocks import Block, Item, Origin
from .stores import file_name, is_uri, opened

PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")
SUFFIXES = (*PARQUET, *ARROW)

#: A pyarrow.Table or .RecordBatch.
Rows = Any


@dataclass(frozen=True)
class RowGroup:
    """The rows of a Parquet file's row group, or of an Arrow file's batch, in blocks.

    Attributes
    ----------
    first
        The number of its first block.
    source, part
        The file, and which of its groups of rows it is.
    before, count
        Rows of the file before it, and its own.
    block
        Rows of a block; the last may have fewer.
    columns
        Names of the columns.
    fs, unit
        What rows do not tell.
    """

    first: int
    source: str
    part: int
    before: int
    count: int
    block: int
    columns: Mapping[str, str]
    fs: float | None
    unit: str | None

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many rows each block has."""
        return tuple(
            min(self.block, self.count - start) for start in range(0, self.count, self.block)
        )

    def blocks(self, wanted: Container[int]) -> Iterator[Block]:
        """Read through the rows, and give the blocks that are wanted."""
        numbers = [self.first + i for i in range(len(self.sizes))]
        last = max((number for number in numbers if number in wanted), default=-1)
        if last < 0:
            return
        names = list(self.columns.values())
        rows = _exactly(self.block, _batches(self.source, self.part, names, self.block))
        for number, batch in zip(numbers, rows, strict=False):
            if number in wanted:
                start = self.before + (number - self.first) * self.block
                yield RowBlock(number, self, start, _pack(batch))
            if number == last:  # what follows need not be read
                return


@dataclass(frozen=True)
class RowBlock:
    """Rows of a table, in memory as Arrow's stream of bytes, which holds them and no others."""

    number: int
    group: RowGroup
    start: int
    rows: bytes

    def items(self) -> Iterator[Item]:
        """Give its records, none of them read yet."""
        group, batch = self.group, _unpack(self.rows)
        names, rates, units = (self._column(batch, key) for key in ("name", "fs", "unit"))
        signals = batch.column(group.columns["signal"])
        for i in range(batch.num_rows):
            row = self.start + i
            name = str(row) if names is None or names[i] is None else str(names[i])
            fs = group.fs if rates is None or rates[i] is None else rates[i]
            unit = group.unit if units is None or units[i] is None else units[i]
            origin = Origin(name, group.source, row)
            yield origin, partial(_read, name, signals[i], fs, unit, row)

    def _column(self, batch: Rows, key: str) -> list[Any] | None:
        name = self.group.columns[key]
        return batch.column(name).to_pylist() if name in batch.schema.names else None


def row_counts(source: str, columns: Mapping[str, str], told: Mapping[str, Any]) -> list[int]:
    """Return how many rows each group of a table has.

    Raises
    ------
    ValueError
        If it is no such table, has no column of signals, or neither it nor `told` tells ``fs`` and
        ``unit``.
    """
    pa = require("pyarrow", extra="archive")
    try:
        with _opened(source) as (schema, counts, _):
            _check(source, schema, columns, told)
            return counts
    except pa.ArrowInvalid:
        raise ValueError(f"{source} is damaged, or no Parquet or Arrow file") from None


def is_table(source: str) -> bool:
    """Return whether a name ends as a table's does."""
    return file_name(source).lower().endswith(SUFFIXES)


def _check(source: str, schema: Any, columns: Mapping[str, str], told: Mapping[str, Any]) -> None:
    name = columns["signal"]
    if name not in schema.names:
        raise ValueError(
            f"{source} has no column {name!r}; name that of the signals: --column signal=NAME"
        )
    kind = str(schema.field(name).type)
    if not kind.startswith(("list<", "large_list<", "fixed_size_list<")):
        raise ValueError(f"the column {name!r} of {source} holds {kind}; lists of numbers are read")
    for key in ("fs", "unit"):
        if columns[key] not in schema.names and told[key] is None:
            raise ValueError(
                f"{source} has no column {columns[key]!r}; give --{key}, or name the column: "
                f"--column {key}=NAME"
            )


def _read(name: str, value: Any, fs: Any, unit: Any, row: int) -> Record:
    place = f"row {row}"
    if fs is None or unit is None:
        key = "fs" if fs is None else "unit"
        raise ValueError(f"{place} tells no {key}; give --{key}")
    if not value.is_valid:
        raise ValueError(f"{place} holds no signal")
    # A null among the samples becomes NaN, which is a sample that is missing.
    samples = np.asarray(value.values.to_numpy(zero_copy_only=False))
    return record_of(name, samples, fs=fs, unit=unit, place=place)


def _batches(source: str, part: int, names: list[str], size: int) -> Iterator[Rows]:
    with _opened(source) as (_, _, read):
        yield from read(part, names, size)


def _exactly(size: int, batches: Iterator[Rows]) -> Iterator[Rows]:
    """Cut batches of any lengths into tables of `size` rows; only the last has fewer."""
    pa = require("pyarrow", extra="archive")
    held: list[Rows] = []
    count = 0
    for batch in batches:
        held.append(pa.Table.from_batches([batch]))
        count += batch.num_rows
        while count >= size:
            table = pa.concat_tables(held)
            yield table.slice(0, size)
            held, count = [table.slice(size)], count - size
    if count:
        yield pa.concat_tables(held)


def _pack(table: Rows) -> bytes:
    pa = require("pyarrow", extra="archive")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _unpack(packed: bytes) -> Rows:
    return require("pyarrow", extra="archive").ipc.open_stream(packed).read_all()


@contextmanager
def _opened(source: str) -> Iterator[tuple[Any, list[int], Any]]:
    """Open a table; give its schema, the rows of its groups, and what reads one of them."""
    with _bytes(source) as file:
        if file_name(source).lower().endswith(ARROW):
            reader = require("pyarrow.ipc", extra="archive").open_file(file)
            counts = [reader.get_batch(i).num_rows for i in range(reader.num_record_batches)]

            def batch(part: int, names: list[str], size: int) -> Iterator[Rows]:
                whole = reader.get_batch(part)
                kept = whole.select([name for name in names if name in whole.schema.names])
                for start in range(0, kept.num_rows, size):
                    yield kept.slice(start, size)

            yield reader.schema, counts, batch
            return
        # Column chunks are read as they are decoded: a row group may be larger than the memory.
        table = require("pyarrow.parquet", extra="archive").ParquetFile(
            file, buffer_size=1 << 20, pre_buffer=False
        )
        meta, schema = table.metadata, table.schema_arrow

        def rows(part: int, names: list[str], size: int) -> Iterator[Rows]:
            kept = [name for name in names if name in schema.names]
            yield from table.iter_batches(size, row_groups=[part], columns=kept)

        yield schema, [meta.row_group(i).num_rows for i in range(meta.num_row_groups)], rows


@contextmanager
def _bytes(source: str) -> Iterator[Any]:
    """Open a local file, or an object of a store."""
    if is_uri(source):
        with opened(source) as file:
            yield file
        return
    pa = require("pyarrow", extra="archive")
    with pa.memory_map(source) if source.lower().endswith(ARROW) else pa.OSFile(source) as file:
        yield file
