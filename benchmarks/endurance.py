"""Live long: memory of a process that answers, loads and streams for hours stays where it is.

For example::

    python benchmarks/endurance.py                   # a million answers and a day's stream
    python benchmarks/endurance.py --scale 0.01      # some minutes

Each part runs once to take the memory that it keeps, then on, and prints the resident memory ten
times. The exit code is 1 if it grew by more than ``--bound`` MiB, or if an answer changed.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import ecgrt

FS = 300.0
DAY = 86_400


def resident() -> float:
    """Return the process's resident memory in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status tells no VmRSS; this script is for Linux")


def make_signal(seconds: float, fs: float = FS) -> Any:
    """Return int16 microvolts with a spike for each beat, and noise."""
    time_ = np.arange(round(seconds * fs)) / fs
    beats = np.exp(-(((time_ % 0.83) - 0.4) ** 2) / 2e-4)
    noise = np.random.default_rng(0).normal(0, 15, len(time_))
    return (1000 * beats + noise).astype(np.int16)


class Life:
    """What one process does; each method is a part, and gets the number of its turn."""

    def __init__(self) -> None:
        self.classifier = ecgrt.Classifier()
        self.signal = make_signal(60)
        self.expected = self.answer(self.signal[:3000])
        self.stream = self.classifier.stream(FS)

    def answer(self, x: Any, fs: float = FS) -> bytes:
        return bytes(self.classifier.predict(x, fs).segment_probabilities.tobytes())

    def check(self, classifier: ecgrt.Classifier) -> None:
        found = classifier.predict(self.signal[:3000], FS).segment_probabilities.tobytes()
        if found != self.expected:
            sys.exit("an answer changed")

    def predicts(self, number: int) -> None:
        if self.answer(self.signal[:3000]) != self.expected:
            sys.exit(f"answer {number} differs from the first")

    def lengths(self, number: int) -> None:
        self.answer(self.signal[: 600 + number * 7919 % 17_000])

    def rates(self, number: int) -> None:
        self.answer(self.signal[:6000], 100 + number * 61 % 900)

    def reloads(self, number: int) -> None:
        self.check(ecgrt.Classifier(threads=1 + number % 3))

    def streaming(self, number: int) -> None:
        """A minute."""
        for chunk in np.split(self.signal, 60):
            self.stream.push(chunk)
        if number % 100 == 99:
            self.stream.restart(FS)


def run_part(do: Callable[[int], None], count: int) -> float:
    """Do it `count` times; return by how many MiB the memory grew after the first tenth."""
    start, levels = time.perf_counter(), []
    for tenth in range(10):
        for number in range(count * tenth // 10, count * (tenth + 1) // 10):
            do(number)
        levels.append(resident())
    growth = levels[-1] - levels[0]
    print(
        f"{do.__name__}: {count} in {time.perf_counter() - start:.0f} s; MiB",
        *(f"{level:.1f}" for level in levels),
        f"({growth:+.1f})",
        flush=True,
    )
    return growth


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="how much of it (default: 1)")
    parser.add_argument("--bound", type=float, default=8.0, metavar="MIB", help="default: 8")
    args = parser.parse_args()
    warnings.simplefilter("ignore", ecgrt.SignalWarning)
    life = Life()
    parts = {
        life.predicts: 1_000_000,
        life.lengths: 10_000,
        life.rates: 1_000,
        life.reloads: 1_000,
        life.streaming: DAY // 60,
    }
    growth = [run_part(do, max(10, round(count * args.scale))) for do, count in parts.items()]
    life.check(life.classifier)
    return 0 if max(growth) <= args.bound else 1


if __name__ == "__main__":
    sys.exit(main())
