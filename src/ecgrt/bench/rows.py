"""The rows of the benchmark's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Row:
    """Whose figure it is, in which setting; ``difference`` is from the reference's answer."""

    model: str
    seconds: float
    threads: int
    group: str
    engine: str
    task: str
    difference: float

    def setting(self) -> list[str]:
        """Return the first cells."""
        who = [self.group, self.engine, self.task]
        return [f"{self.seconds:g} s", str(self.threads), *who, f"{self.difference:.0e}"]


@dataclass(frozen=True, kw_only=True)
class Latency(Row):
    """Times for one record; None of an engine that is refused.

    ``ratio`` is the median's to that of ecgrt's network in the same group of precision, None where
    ecgrt has none.
    """

    header: ClassVar = (
        "record threads precision engine what |dp| min/ms median/ms p99/ms x-real-time ratio"
    )

    min_ms: float | None = None
    median_ms: float | None = None
    p99_ms: float | None = None
    real_time: float | None = None
    ratio: float | None = None

    def timed(self, milliseconds: Sequence[float], first: float | None) -> Latency:
        """Return the row with its times; `first` is what they are compared with."""
        median = float(np.median(milliseconds))
        return replace(
            self,
            min_ms=min(milliseconds),
            median_ms=median,
            p99_ms=float(np.percentile(milliseconds, 99)),
            real_time=self.seconds * 1e3 / median,
            ratio=median / first if first else None,
        )

    def cells(self) -> list[str]:
        """Return the row of the table."""
        times = [cell(ms, ".2f") for ms in (self.min_ms, self.median_ms, self.p99_ms)]
        if self.median_ms is None:
            times[1] = "refused"
        return [*self.setting(), *times, cell(self.real_time, ".0f"), cell(self.ratio, ".2f")]


@dataclass(frozen=True, kw_only=True)
class Throughput(Row):
    """Records a second in the fastest way; ``ratio`` is ecgrt's of the same group to it."""

    header: ClassVar = "record threads precision engine what |dp| records/s ratio way"

    records_per_second: float | None = None
    way: str = ""
    ratio: float | None = None

    def timed(self, rate: float, way: str, first: float | None) -> Throughput:
        """Return the row with its figure; `first` is what it is compared with."""
        ratio = first / rate if first else None
        return replace(self, records_per_second=rate, way=way, ratio=ratio)

    def cells(self) -> list[str]:
        """Return the row of the table."""
        rate = cell(self.records_per_second, ".1f") or "refused"
        return [*self.setting(), rate, cell(self.ratio, ".2f"), self.way]


@dataclass(frozen=True, kw_only=True)
class Cold:
    """Wall-clock time and peak memory of a process that answers one record and ends."""

    header: ClassVar = "engine min/ms median/ms above-numpy/ms peak/MiB"

    model: str
    engine: str
    min_ms: float
    median_ms: float
    above_numpy_ms: float
    peak_mib: float

    def cells(self) -> list[str]:
        """Return the row of the table."""
        milliseconds = [
            f"{self.min_ms:.0f}",
            f"{self.median_ms:.0f}",
            f"{self.above_numpy_ms:+.0f}",
        ]
        return [self.engine, *milliseconds, f"{self.peak_mib:.0f}"]


def cell(value: float | None, form: str) -> str:
    """Return a number, or nothing where there is none."""
    return "" if value is None else format(value, form)


class Cells(Protocol):
    """A row of a table."""

    header: ClassVar[str]

    def cells(self) -> list[str]:
        """Return its cells."""
        ...


def table(rows: Sequence[Cells]) -> str:
    """Return the rows below their header, aligned."""
    if not rows:
        return "nothing could be measured\n"
    cells = [rows[0].header.split(), *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in cells]
    return "\n".join([lines[0], "-" * len(lines[0]), *(line.rstrip() for line in lines[1:]), ""])
