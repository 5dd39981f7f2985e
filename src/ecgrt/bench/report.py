"""What the benchmark measured, as tables and as JSON."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

#: Load average (of the last minute) above which the machine does not count as idle.
IDLE_LOAD = 0.25


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where and when the benchmark ran, and with what."""

    cpu: str
    cores: int
    date: str
    load_average: float
    plan: str
    backend: str
    versions: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Latency:
    """One engine's times for one record; the ratio of medians is above 1 where ecgrt is faster."""

    header: ClassVar = "record threads engine precision min/ms median/ms p99/ms x-real-time ratio"

    seconds: float
    threads: int
    engine: str
    precision: str
    min_ms: float
    median_ms: float
    p99_ms: float
    real_time: float
    ratio: float

    def cells(self) -> list[str]:
        """Return the row of the table."""
        milliseconds = [f"{ms:.2f}" for ms in (self.min_ms, self.median_ms, self.p99_ms)]
        setting = [f"{self.seconds:g} s", str(self.threads), self.engine, self.precision]
        return [*setting, *milliseconds, f"{self.real_time:.0f}", f"{self.ratio:.2f}"]


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """One engine's records a second in its fastest way."""

    header: ClassVar = "record threads engine precision records/s ratio way"

    seconds: float
    threads: int
    engine: str
    precision: str
    way: str
    records_per_second: float
    ratio: float

    def cells(self) -> list[str]:
        """Return the row of the table."""
        setting = [f"{self.seconds:g} s", str(self.threads), self.engine, self.precision]
        return [*setting, f"{self.records_per_second:.1f}", f"{self.ratio:.2f}", self.way]


@dataclass(frozen=True, kw_only=True)
class Cold:
    """Wall-clock time and peak memory of a process that answers one record and ends."""

    header: ClassVar = "what min/ms median/ms above-numpy/ms peak/MiB"

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


@dataclass(frozen=True, kw_only=True)
class Report:
    """All figures; `notes` says what is not in the tables and why."""

    machine: Machine
    latency: tuple[Latency, ...]
    throughput: tuple[Throughput, ...]
    cold: tuple[Cold, ...]
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """Return everything as a JSON object."""
        return json.dumps(asdict(self), indent=2)

    def to_text(self) -> str:
        """Return the tables."""
        return "\n".join(
            [
                _header(self.machine),
                "One record, the engines in turn",
                _table(self.latency),
                "A batch, each engine in its fastest way",
                _table(self.throughput),
                "A new process: import, load, one record",
                _table(self.cold),
                *self.notes,
            ]
        )


def describe_machine(plan: Path, backend: str, versions: dict[str, str]) -> Machine:
    """Return where and when this is; call it before anything is measured."""
    return Machine(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _all_cores(),
        date=time.strftime("%Y-%m-%d %H:%M %Z"),
        load_average=os.getloadavg()[0],
        plan=str(plan),
        backend=backend,
        versions={"python": platform.python_version()} | versions,
    )


def _all_cores() -> int:
    return os.cpu_count() or 1


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _header(machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    text = (
        f"{machine.cpu}, {machine.cores} cores, load average {machine.load_average:.2f}, "
        f"{machine.date}\n{versions}\nplan {machine.plan} on {machine.backend}\n"
    )
    if machine.load_average > IDLE_LOAD:
        text += "WARNING: the machine is not idle; do not quote these figures\n"
    return text


def _table(rows: Sequence[Latency] | Sequence[Throughput] | Sequence[Cold]) -> str:
    cells = [rows[0].header.split(), *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in cells]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], ""])
