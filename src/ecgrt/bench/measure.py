"""Latency and throughput of all models' engines in turn, once their answers agree."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from .agreement import Candidate, Field, prepare_all
from .engine import END_TO_END, NETWORK, Run
from .rows import Latency, Throughput

#: Timed calls of an engine before the next one's turn. An untimed one goes before them, so that
#: neither cold caches nor threads of the engine before, which may still spin, are measured.
CALLS_PER_TURN = 3
#: Turns of each engine and way in a measurement of throughput.
BATCH_TURNS = 3


def measure_latency(
    fields: Sequence[Field], seconds: float, threads: int, calls: int, notes: list[str]
) -> list[Latency]:
    """Time single answers, all engines of all models in turn.

    Parameters
    ----------
    fields
        The models, each with its engines and its signal.
    seconds, threads
        The signals' length; threads of each engine.
    calls
        Timed calls of each, at least.
    notes
        Gets a line for each engine that cannot be measured.
    """
    candidates = prepare_all(fields, lambda e, signal: {"": e.prepare(signal, threads)}, notes)
    times: dict[Candidate, list[float]] = {c: [] for c in candidates if not c.refused}
    for _ in range(-(-calls // CALLS_PER_TURN)):
        for candidate, measured in times.items():
            run = candidate.ways[""]
            run()
            measured += [_milliseconds(run) for _ in range(CALLS_PER_TURN)]
    medians = {candidate: float(np.median(measured)) for candidate, measured in times.items()}
    first = _of_ecgrt(medians, NETWORK)
    rows = []
    for c in candidates:
        row = Latency(
            model=c.model,
            seconds=seconds,
            threads=threads,
            group=c.group,
            engine=c.engine.name,
            task=c.engine.task,
            difference=c.difference,
        )
        rows.append(row if c.refused else row.timed(times[c], first.get((c.model, c.group))))
    return rows


def measure_throughput(
    fields: Sequence[Field],
    seconds: float,
    threads: int,
    batch: int,
    notes: list[str],
) -> list[Throughput]:
    """Time batches of one signal in each engine's ways; the fastest way counts.

    Parameters are those of :func:`measure_latency`; `batch` is the number of records.
    """
    candidates = prepare_all(fields, lambda e, s: e.prepare_batch(s, batch, threads), notes)
    times: dict[tuple[Candidate, str], list[float]] = {}
    for _ in range(BATCH_TURNS):
        for candidate in (c for c in candidates if not c.refused):
            for way, run in candidate.ways.items():
                times.setdefault((candidate, way), []).append(_milliseconds(run))
    fastest: dict[Candidate, tuple[float, str]] = {}
    for (candidate, way), measured in times.items():
        rate = batch * 1e3 / float(np.median(measured))
        fastest[candidate] = max(fastest.get(candidate, (0.0, "")), (rate, way))
    first = _of_ecgrt({c: rate for c, (rate, _) in fastest.items()}, END_TO_END)
    rows = []
    for c in candidates:
        row = Throughput(
            model=c.model,
            seconds=seconds,
            threads=threads,
            group=c.group,
            engine=c.engine.name,
            task=c.engine.task,
            difference=c.difference,
        )
        rows.append(row if c.refused else row.timed(*fastest[c], first.get((c.model, c.group))))
    return rows


def _of_ecgrt(figures: dict[Candidate, float], task: str) -> dict[tuple[str, str], float]:
    """Return the first figure of ecgrt for a task, by model and group."""
    found: dict[tuple[str, str], float] = {}
    for candidate, figure in figures.items():
        if candidate.engine.name.startswith("ecgrt") and candidate.engine.task == task:
            found.setdefault((candidate.model, candidate.group), figure)
    return found


def _milliseconds(run: Run) -> float:
    begin = time.perf_counter_ns()
    run()
    return (time.perf_counter_ns() - begin) / 1e6
