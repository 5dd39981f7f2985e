"""Latency, throughput, cold start and memory of a plan, beside the peers that are installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import Classifier
from .._progress import track
from .engine import Ecgrt, EcgrtNetwork, Normaliser
from .fresh import measure_cold
from .measure import measure_latency, measure_throughput
from .peers import peers_for
from .report import Latency, Report, describe_machine
from .signals import make_signals

__all__ = ["Report", "bench"]


def bench(
    plan: str | Path,
    *,
    onnx: str | Path | None = None,
    keras: str | Path | None = None,
    seconds: Sequence[float] = (10.0, 30.0, 60.0),
    threads: Sequence[int] = (1, 2),
    calls: int = 60,
    batch: int = 32,
    starts: int = 7,
    record: str | Path | None = None,
    fs: float | None = None,
) -> Report:
    """Measure a plan beside its peers, all on the same signal and in the same run.

    Parameters
    ----------
    plan
        What ``ecgrt-build-engine`` wrote.
    onnx
        Its model, for ONNX Runtime and OpenVINO; None leaves them out.
    keras
        Its checkpoint, for TensorFlow; None leaves it out.
    seconds
        Lengths of the record; batches and cold starts take the one nearest to 30 s.
    threads
        Numbers of threads; batches and cold starts take the largest.
    calls
        Timed calls a figure.
    batch
        Records in a batch.
    starts
        New processes for each cold start.
    record
        A record of that rate, repeated or cut to each length; None means a synthetic one.
    fs
        Sampling rate of the record, Hz; None means the model's.

    Returns
    -------
    Report
        A peer whose probabilities are farther from ecgrt's than its precision explains is named in
        its notes only. Peers are timed on the network alone, ecgrt from the raw signal to the
        label and, in the first table, on the network alone too.

    Raises
    ------
    ValueError
        If a number is not positive, a length is under one segment, or the record's rate differs.
    FileNotFoundError, ecgrt.PlanError
        If a file is missing, or the plan is damaged or not a plan.
    """
    if min(*seconds, *threads, calls, batch, starts) <= 0:
        raise ValueError("seconds, threads, calls, batch and starts must be positive")
    plan = Path(plan)
    classifier = Classifier(plan)
    signals = make_signals(classifier, seconds, record, fs)
    normalise = Normaliser(classifier.metadata, fs)
    most = max(threads)
    peers, notes = peers_for(onnx, keras, normalise, most)
    engines = [Ecgrt(plan, fs), *peers]
    alone = [engines[0], EcgrtNetwork(plan, normalise), *peers]
    versions = {"numpy": np.__version__} | {e.name: e.version() for e in engines}
    machine = describe_machine(plan, classifier.backend, versions)

    latency: list[Latency] = []
    for length, count in track([(s, t) for s in seconds for t in threads], desc="latency"):
        latency += measure_latency(alone, signals[length], length, count, calls, notes)
    length = min(seconds, key=lambda s: abs(s - 30.0))
    throughput = measure_throughput(engines, signals[length], length, most, batch, notes)
    agreeing = {row.engine for row in throughput}
    started = [engine for engine in engines if engine.name in agreeing]
    normal = normalise(signals[length])[0, :, 0]
    inputs = [signals[length] if engine is engines[0] else normal for engine in started]
    return Report(
        machine=machine,
        latency=tuple(latency),
        throughput=tuple(throughput),
        cold=tuple(measure_cold(started, inputs, most, starts)),
        notes=tuple(dict.fromkeys(notes)),
    )
