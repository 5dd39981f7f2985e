"""Cold start and peak memory: a new process that imports an engine and answers one record."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .agreement import Field, told
from .rows import Cold

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
    fields: Sequence[Field], threads: int, repeats: int, notes: list[str]
) -> list[Cold]:
    """Start each engine of each model in new processes, in turn, once the page cache is filled.

    Parameters
    ----------
    fields
        The models, each with its engines and its signal.
    threads
        Threads of each.
    repeats
        Timed starts of each.
    notes
        Gets a line, with what the process said, for each engine that cannot be started.

    Returns
    -------
    list of Cold
        Of each model ``import numpy`` alone first.
    """
    with tempfile.TemporaryDirectory() as folder:
        programs = {("", BASE_LINE[0]): [PROGRAM.format(work=BASE_LINE[1]), "", "", str(threads)]}
        for field in fields:
            for engine in field.engines:
                path = Path(folder, f"{len(programs)}.npy")
                np.save(path, engine.given(field.signal))
                work = PROGRAM.format(work=engine.cold_start)
                program = [work, str(path), str(engine.model.resolve()), str(threads)]
                programs[field.model, engine.name] = program
        runs: dict[tuple[str, str], list[tuple[float, int]]] = {name: [] for name in programs}
        for _ in range(1 + repeats):
            for (model, engine_name), program in programs.items():
                if (model, engine_name) not in runs:
                    continue
                try:
                    runs[model, engine_name].append(_start(program))
                except RuntimeError as error:
                    notes.append(f"{model}: {engine_name}: its new process {told(error)}")
                    del runs[model, engine_name]
    base = float(np.median([ms for ms, _ in runs["", BASE_LINE[0]][1:]]))
    return [
        _row(field.model, name, runs[key], base)
        for field in fields
        for name in (BASE_LINE[0], *(engine.name for engine in field.engines))
        if (key := ("" if name == BASE_LINE[0] else field.model, name)) in runs
    ]


def _row(model: str, engine: str, runs: Sequence[tuple[float, int]], base: float) -> Cold:
    """Return the figures of all starts but the first."""
    milliseconds = [ms for ms, _ in runs[1:]]
    median = float(np.median(milliseconds))
    return Cold(
        model=model,
        engine=engine,
        min_ms=min(milliseconds),
        median_ms=median,
        above_numpy_ms=median - base,
        peak_mib=max(peak for _, peak in runs[1:]) / 2**20,
    )


def _start(program: Sequence[str]) -> tuple[float, int]:
    """Return wall-clock milliseconds and peak resident bytes of one process."""
    begin = time.perf_counter_ns()
    command = [sys.executable, "-c", *program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    milliseconds = (time.perf_counter_ns() - begin) / 1e6
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise RuntimeError(lines[-1] if lines else f"ended with {done.returncode}")
    return milliseconds, int(done.stdout.split()[-1])
