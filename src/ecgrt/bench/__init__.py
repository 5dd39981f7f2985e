"""Latency, throughput, cold start and memory of models, beside the peers that are installed."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import Classifier
from .._progress import track
from ..compile.plan_file import precision_of
from .agreement import Field
from .engine import Ecgrt, EcgrtNetwork, Engine
from .fresh import measure_cold
from .machine import describe_machine
from .measure import measure_latency, measure_throughput
from .models import Model, gather
from .peers import PEERS, peers_for
from .report import ModelReport, Report
from .roofline import Roofline, measure_peak, place, products_per_second
from .rows import Latency
from .signals import make_signals

__all__ = ["PEERS", "Report", "bench"]


def bench(
    models: str | Path | Sequence[str | Path],
    *,
    precisions: Sequence[str] = ("fp32",),
    peers: Sequence[str] = tuple(PEERS),
    seconds: Sequence[float] = (10.0, 30.0, 60.0),
    threads: Sequence[int] = (1, 2),
    calls: int = 60,
    batch: int = 32,
    starts: int = 7,
    record: str | Path | None = None,
    fs: float | None = None,
) -> Report:
    """Measure models beside their peers, all in turn and in the same run.

    Parameters
    ----------
    models
        ONNX models, which end in ``.onnx``, and plans. A plan belongs to the ONNX model that says
        the same of itself; peers run the ONNX model. Of an ONNX model without a plan, plans are
        built.
    precisions
        Of the plans to build.
    peers
        Which of :data:`PEERS`.
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
        Sampling rate of the record, Hz; None means each model's.

    Returns
    -------
    Report
        Peers are timed on the network alone, ecgrt from int16 samples to the label and, for one
        record, on the network alone too. An engine whose probabilities are farther from ONNX
        Runtime's than its precision explains is refused: it has the difference and no time. One
        that is not installed or fails is named in the notes.

    Raises
    ------
    ValueError
        If a number is not positive, a length is under one segment, the record's rate differs, a
        peer is unknown or a file is no model.
    FileNotFoundError, ecgrt.PlanError
        If a file is missing, or a plan is damaged or not a plan.
    """
    if min(*seconds, *threads, calls, batch, starts) <= 0:
        raise ValueError("seconds, threads, calls, batch and starts must be positive")
    if unknown := [name for name in peers if name not in PEERS]:
        raise ValueError(f"there is no peer {unknown[0]!r}; there are: {', '.join(PEERS)}")
    files = [models] if isinstance(models, str | Path) else models
    with tempfile.TemporaryDirectory() as folder:
        entries = [
            _Entry(model, peers, seconds, max(threads), record, fs)
            for model in gather(files, precisions, Path(folder))
        ]
        return _measure(entries, seconds, threads, calls, batch, starts)


class _Entry:
    """A model, its engines and its signals."""

    def __init__(
        self,
        model: Model,
        peers: Sequence[str],
        seconds: Sequence[float],
        threads: int,
        record: str | Path | None,
        fs: float | None,
    ) -> None:
        self.model = model
        self.notes: list[str] = []
        self.signals = make_signals(Classifier(model.plans[0]), seconds, record, fs)
        precisions = [precision_of(plan.read_bytes()) for plan in model.plans]
        ours = []
        for plan, precision in zip(model.plans, precisions, strict=True):
            name = "ecgrt" if precision == "fp32" else f"ecgrt, {precision}"
            if Counter(precisions)[precision] > 1:
                name += f" ({plan.name})"
            ours.append(Ecgrt(plan, name, precision, fs))
        found = peers_for(model, peers, fs, threads, self.notes)
        networks = [EcgrtNetwork(whole, model.normaliser(fs)) for whole in ours]
        self.backends = {whole.name: Classifier(whole.model).backend for whole in ours}
        self.engines: list[Engine] = [*ours, *found]
        self.alone: list[Engine] = [*ours, *networks, *found]

    def place(self, latency: Sequence[Latency], peak: float) -> list[Roofline]:
        """Return what ecgrt's network makes of the machine, if its layers are known."""
        if self.model.onnx is None:
            return []
        per_second = products_per_second(self.model.network, self.model.metadata["sampling_rate"])
        return place([row for row in latency if row.model == self.model.name], per_second, peak)


def _measure(
    entries: Sequence[_Entry],
    seconds: Sequence[float],
    threads: Sequence[int],
    calls: int,
    batch: int,
    starts: int,
) -> Report:
    """Take all figures, and sort them by model."""
    notes = [note for entry in entries for note in entry.notes]
    engines = [engine for entry in entries for engine in entry.engines]
    # One of those that differ in precision or plan speaks for all.
    versions = {engine.name.split(",")[0].split(" ")[0]: engine.version() for engine in engines}
    machine = describe_machine({"numpy": np.__version__} | versions)

    latency: list[Latency] = []
    for length, count in track([(s, t) for s in seconds for t in threads], desc="latency"):
        fields = [Field(e.model.name, e.alone, e.signals[length]) for e in entries]
        latency += measure_latency(fields, length, count, calls, notes)
    length, most = min(seconds, key=lambda s: abs(s - 30.0)), max(threads)
    fields = [Field(e.model.name, e.engines, e.signals[length]) for e in entries]
    throughput = measure_throughput(fields, length, most, batch, notes)
    agreeing = {(row.model, row.engine) for row in throughput if row.records_per_second}
    started = [
        Field(f.model, [e for e in f.engines if (f.model, e.name) in agreeing], f.signal)
        for f in fields
    ]
    cold = measure_cold(started, most, starts, notes)
    peak = measure_peak()
    return Report(
        machine=machine,
        models=tuple(
            ModelReport(
                model=entry.model.name,
                backends=entry.backends,
                latency=tuple(row for row in latency if row.model == entry.model.name),
                throughput=tuple(row for row in throughput if row.model == entry.model.name),
                cold=tuple(row for row in cold if row.model == entry.model.name),
                roofline=tuple(entry.place(latency, peak)),
            )
            for entry in entries
        ),
        notes=tuple(dict.fromkeys(notes)),
    )
