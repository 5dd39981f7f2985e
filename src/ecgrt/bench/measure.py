"""Latency and throughput of several engines in turn, once their answers agree."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .engine import Array, Engine, Run, UnavailableError
from .report import Latency, Throughput

#: Largest difference of probability with which a peer's figures are printed, by the precision of
#: the two that is lower.
BOUNDS = {"fp32": 1e-3, "bf16": 3e-2}
#: Timed calls of an engine before the next one's turn. An untimed one goes before them, so that
#: neither cold caches nor threads of the engine before, which may still spin, are measured.
CALLS_PER_TURN = 3
#: Turns of each engine and way in a measurement of throughput.
BATCH_TURNS = 3


def measure_latency(
    engines: Sequence[Engine],
    signal: Array,
    seconds: float,
    threads: int,
    calls: int,
    notes: list[str],
) -> list[Latency]:
    """Time single answers, the engines in turn; ecgrt is the first of them.

    Parameters
    ----------
    engines
        ecgrt, then its peers.
    signal
        float32 (n,) microvolts.
    seconds, threads
        The signal's length; threads of each engine.
    calls
        Timed calls of each, at least.
    notes
        Gets a line for each engine that is left out.
    """
    precisions = {engine.name: engine.precision for engine in engines}
    ready = _agreeing(engines, lambda e: {"": e.prepare(signal, threads)}, notes)
    times: dict[str, list[float]] = {name: [] for name in ready}
    for _ in range(-(-calls // CALLS_PER_TURN)):
        for name, ways in ready.items():
            ways[""]()
            times[name] += [_milliseconds(ways[""]) for _ in range(CALLS_PER_TURN)]
    medians = {name: float(np.median(values)) for name, values in times.items()}
    return [
        Latency(
            seconds=seconds,
            threads=threads,
            engine=name,
            precision=precisions[name],
            min_ms=min(times[name]),
            median_ms=median,
            p99_ms=float(np.percentile(times[name], 99)),
            real_time=seconds * 1e3 / median,
            ratio=median / medians[engines[0].name],
        )
        for name, median in medians.items()
    ]


def measure_throughput(
    engines: Sequence[Engine],
    signal: Array,
    seconds: float,
    threads: int,
    batch: int,
    notes: list[str],
) -> list[Throughput]:
    """Time batches of one signal in each engine's ways; the fastest way counts.

    Parameters are those of :func:`measure_latency`; `batch` is the number of records.
    """
    precisions = {engine.name: engine.precision for engine in engines}
    ready = _agreeing(engines, lambda e: e.prepare_batch(signal, batch, threads), notes)
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(BATCH_TURNS):
        for name, ways in ready.items():
            for way, run in ways.items():
                times.setdefault((name, way), []).append(_milliseconds(run))
    fastest: dict[str, tuple[float, str]] = {}
    for (name, way), values in times.items():
        rate = batch * 1e3 / float(np.median(values))
        fastest[name] = max(fastest.get(name, (0.0, "")), (rate, way))
    return [
        Throughput(
            seconds=seconds,
            threads=threads,
            engine=name,
            precision=precisions[name],
            way=way,
            records_per_second=rate,
            ratio=fastest[engines[0].name][0] / rate,
        )
        for name, (rate, way) in fastest.items()
    ]


def _agreeing(
    engines: Sequence[Engine],
    prepare: Callable[[Engine], Mapping[str, Run]],
    notes: list[str],
) -> dict[str, Mapping[str, Run]]:
    """Return the prepared engines whose probabilities equal those of the first."""
    ready: dict[str, Mapping[str, Run]] = {}
    expected: Array | None = None
    for engine in engines:
        try:
            ways = prepare(engine)
        except UnavailableError as error:
            notes.append(f"{engine.name}: {error}")
            continue
        try:
            answers = [run() for run in ways.values()]
        except Exception as error:
            if expected is None:  # ecgrt's own, whose error says everything
                raise
            raise ValueError(
                f"{engine.model} cannot be run on the plan's input; give the model that the plan "
                f"was built from: {error}"
            ) from error
        if expected is None:
            expected = answers[0]
        difference = max(_difference(answer, expected) for answer in answers)
        bound = max(BOUNDS[engine.precision], BOUNDS[engines[0].precision])
        if difference <= bound:
            ready[engine.name] = ways
        else:
            notes.append(
                f"{engine.name}: not printed, its probabilities differ by {difference:.1e} from "
                f"those of {engines[0].name}, more than {bound:.0e}"
            )
    return ready


def _difference(a: Array, b: Array) -> float:
    """Return the largest difference; infinite where the shapes differ or a value is NaN."""
    if a.shape != b.shape:
        return float("inf")
    return float(np.nan_to_num(np.abs(a - b), nan=np.inf).max())


def _milliseconds(run: Run) -> float:
    begin = time.perf_counter_ns()
    run()
    return (time.perf_counter_ns() - begin) / 1e6
