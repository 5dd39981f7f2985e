"""Where and when the benchmark runs."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

#: Load average (of the last minute) above which the machine does not count as idle.
IDLE_LOAD = 0.25


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where and when the benchmark ran, and with what."""

    cpu: str
    cores: int
    date: str
    load_average: float
    versions: dict[str, str]

    def to_text(self) -> str:
        """Return the head of the report."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        text = (
            f"{self.cpu}, {self.cores} cores, load average {self.load_average:.2f}, {self.date}\n"
            f"{versions}\n"
        )
        if self.load_average > IDLE_LOAD:
            text += "WARNING: the machine is not idle; do not quote these figures\n"
        return text


def describe_machine(versions: dict[str, str]) -> Machine:
    """Return where and when this is; call it before anything is measured."""
    return Machine(
        cpu=next(iter(_cpuinfo("model name")), platform.processor() or platform.machine()),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _all_cores(),
        date=time.strftime("%Y-%m-%d %H:%M %Z"),
        load_average=os.getloadavg()[0],
        versions={"python": platform.python_version()} | versions,
    )


def cpu_flags() -> set[str]:
    """Return what the processor can do, in Linux' words; nothing on other systems."""
    words = _cpuinfo("flags") or _cpuinfo("Features")
    return set(words[0].split()) if words else set()


def _all_cores() -> int:
    return os.cpu_count() or 1


def _cpuinfo(key: str) -> list[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []
    return [line.partition(":")[2].strip() for line in lines if line.startswith(key)]
