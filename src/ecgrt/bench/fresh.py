"""Cold start and peak memory: a new process that imports an engine and answers one record."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .engine import Array, Engine
from .report import Cold

#: Name and program of what every engine has to pay.
BASE_LINE = ("import numpy", "")

PROGRAM = """\
import sys
import numpy
signal, model, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
{work}
import resource
try:
    status = open("/proc/self/status").read()
    print(int(status.split("VmHWM:")[1].split()[0]) * 1024)
except OSError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure_cold(
    engines: Sequence[Engine], inputs: Sequence[Array], threads: int, repeats: int
) -> list[Cold]:
    """Start each engine in `repeats` new processes, in turn, once the page cache is filled.

    Parameters
    ----------
    engines
        What to start.
    inputs
        What each is to answer, in its own units.
    threads
        Threads of each.
    repeats
        Timed starts of each.

    Returns
    -------
    list of Cold
        ``import numpy`` alone first.

    Raises
    ------
    RuntimeError
        If one of the processes fails; with what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        programs = {BASE_LINE[0]: [PROGRAM.format(work=BASE_LINE[1]), "", "", str(threads)]}
        for engine, values in zip(engines, inputs, strict=True):
            path = Path(folder, f"{engine.name}.npy")
            np.save(path, values)
            model = str(engine.model.resolve())
            work = PROGRAM.format(work=engine.cold_start)
            programs[engine.name] = [work, str(path), model, str(threads)]
        runs: dict[str, list[tuple[float, int]]] = {name: [] for name in programs}
        for _ in range(1 + repeats):
            for name, program in programs.items():
                runs[name].append(_start(name, program))
    medians = {name: float(np.median([ms for ms, _ in timed[1:]])) for name, timed in runs.items()}
    return [
        Cold(
            engine=name,
            min_ms=min(ms for ms, _ in timed[1:]),
            median_ms=medians[name],
            above_numpy_ms=medians[name] - medians[BASE_LINE[0]],
            peak_mib=max(peak for _, peak in timed[1:]) / 2**20,
        )
        for name, timed in runs.items()
    ]


def _start(name: str, program: Sequence[str]) -> tuple[float, int]:
    """Return wall-clock milliseconds and peak resident bytes of one process."""
    begin = time.perf_counter_ns()
    command = [sys.executable, "-c", *program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    milliseconds = (time.perf_counter_ns() - begin) / 1e6
    if done.returncode:
        raise RuntimeError(f"the cold start of {name} failed:\n{done.stderr.strip()}")
    return milliseconds, int(done.stdout.split()[-1])
