"""What a network asks of the machine, beside what the machine can do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..compile.fusion import FusedNetwork
from .engine import NETWORK
from .rows import Latency

# On one thread, whatever library NumPy multiplies with; the best of twenty, as for latencies.
_PRODUCT = """\
import time
import numpy
a = numpy.ones((1024, 1024), numpy.float32)
def seconds():
    begin = time.perf_counter()
    a @ a
    return time.perf_counter() - begin
print(1024**3 / min(seconds() for _ in range(20)))
"""
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


@dataclass(frozen=True, kw_only=True)
class Roofline:
    """The multiplications of ecgrt's network a second, and those of a product of matrices.

    Both of one thread; ``share`` is their quotient. It is above one where transforms save
    multiplications, which are counted as the network defines them, or where bfloat16 is faster.
    """

    header: ClassVar = "record precision engine products/M min/ms G/s matrices-G/s share"

    model: str
    seconds: float
    group: str
    engine: str
    products: float
    min_ms: float
    rate: float
    peak: float
    share: float

    def cells(self) -> list[str]:
        """Return the row of the table."""
        numbers = [f"{self.products / 1e6:.0f}", f"{self.min_ms:.2f}", f"{self.rate / 1e9:.0f}"]
        last = [f"{self.peak / 1e9:.0f}", f"{self.share:.2f}"]
        return [f"{self.seconds:g} s", self.group, self.engine, *numbers, *last]


def products_per_second(network: FusedNetwork, sampling_rate: float) -> float:
    """Return the multiplications that a network makes for a second of its signal."""
    return sampling_rate * sum(
        conv.kernel.size / network.tensors[max(conv.raw, conv.activated)].rate
        for conv in network.convolutions
    )


def measure_peak() -> float:
    """Return the multiplications a second of one thread in a product of float32 matrices."""
    command = [sys.executable, "-c", _PRODUCT]
    done = subprocess.run(
        command, env=os.environ | _ONE_THREAD, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def place(rows: Sequence[Latency], per_second: float, peak: float) -> list[Roofline]:
    """Return the figures of ecgrt's networks on one thread among the rows of one model.

    Parameters
    ----------
    rows
        Where their times are.
    per_second
        As of :func:`products_per_second`.
    peak
        As of :func:`measure_peak`.
    """
    found = []
    for row in rows:
        ours = row.task == NETWORK and row.engine.startswith("ecgrt") and row.threads == 1
        if not ours or row.min_ms is None:
            continue
        products = per_second * row.seconds
        rate = products / row.min_ms * 1e3
        found.append(
            Roofline(
                model=row.model,
                seconds=row.seconds,
                group=row.group,
                engine=row.engine,
                products=products,
                min_ms=row.min_ms,
                rate=rate,
                peak=peak,
                share=rate / peak,
            )
        )
    return found
