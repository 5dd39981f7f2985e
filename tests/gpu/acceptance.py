"""What a plan must do on a GPU before it is called good; ``pytest -m gpu`` and
``tools/gpu_acceptance.py`` both run these checks.

Without a GPU the same checks can be rehearsed with CPU plans in the place of TensorRT's: that shows
that the checks themselves work, and nothing of TensorRT.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import trtexec
from numpy.typing import NDArray
from pycuda_runner import PycudaRunner

import ecgrt
from ecgrt import _core
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.compile.tensorrt_plan import build_tensorrt_plan, choose_flavour, cuda_device
from ecgrt.metadata import Metadata
from ecgrt.records.base import list_records, read_record

Floats = NDArray[np.float32]

#: Largest difference of a probability, by precision.
LIMITS = {"fp32": 1e-4, "fp16": 5e-3}
#: The same plan and shape on another stream.
SAME = 1e-6
#: predict() from end to end over trtexec.
MAX_RATIO = 1.1
THREADS = 8


@dataclass(frozen=True)
class Row:
    """One line of the table; `passed` is None for what is only told."""

    check: str
    subject: str
    value: str
    limit: str = ""
    passed: bool | None = None


@dataclass
class Setup:
    """Plans of both precisions, what they are compared with, and how much is run."""

    classifiers: dict[str, ecgrt.Classifier]
    plans: dict[str, Path]
    cpu: ecgrt.Classifier
    reference: Callable[[Floats], Floats]  # (N, T) normalised to (N, S, C)
    metadata: Metadata
    signals: dict[str, Floats]
    flavour: str  # a package, or "cpu" in a rehearsal
    runners: dict[str, Any] = field(default_factory=dict)
    lengths: Sequence[int] = range(1, 73)
    long_samples: int = 86_400 * 300
    calls: int = 1000

    def normalise(self, signal: Floats) -> Floats:
        """Return whole segments as the network sees them, (1, T)."""
        seen, _ = _core.preprocess(signal, metadata=self.metadata.to_json())
        return seen[None]

    def stretch(self, samples: int) -> Floats:
        """Return a signal of this length out of the records, again and again."""
        return np.resize(np.concatenate(list(self.signals.values())), samples).astype(np.float32)


def prepare(
    model: Path, records: Path, folder: Path, *, flavour: str = "auto", rehearse: bool = False
) -> Setup:
    """Build the plans and load everything; raises what building and loading raise."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    plans = {precision: folder / f"{precision}.plan" for precision in LIMITS}
    for precision, plan in plans.items():
        if rehearse:
            build_cpu_plan(model, plan, precision=precision)
        else:
            build_tensorrt_plan(model, plan, precision=precision, flavour=flavour)
    cpu = folder / "cpu.plan"
    build_cpu_plan(model, cpu)
    setup = Setup(
        classifiers={precision: ecgrt.Classifier(plan) for precision, plan in plans.items()},
        plans=plans,
        cpu=ecgrt.Classifier(cpu),
        reference=lambda x: session.run(None, {session.get_inputs()[0].name: x[:, :, None]})[0],
        metadata=Metadata(**ecgrt.Classifier(cpu).metadata),
        signals={
            path.name: read_record(path).signal.astype(np.float32) for path in list_records(records)
        },
        flavour="cpu" if rehearse else choose_flavour(flavour, cuda_device()).package,
    )
    if not rehearse:
        setup.runners = _pycuda_runners(setup)
    return setup


def _pycuda_runners(setup: Setup) -> dict[str, PycudaRunner]:
    try:
        importlib.import_module("pycuda.driver")
    except ImportError:
        return {}
    trt = importlib.import_module(setup.flavour)
    return {precision: PycudaRunner(trt, plan) for precision, plan in setup.plans.items()}


def _difference(a: Floats, b: Floats) -> float:
    return float(np.abs(a - b).max()) if a.shape == b.shape else float("inf")


def _within(check: str, subject: str, difference: float, limit: float, note: str = "") -> Row:
    return Row(check, subject, f"{difference:.1e}{note}", f"<= {limit:.0e}", difference <= limit)


def check_records(setup: Setup) -> Iterator[Row]:
    """Every record through every engine, against ONNX Runtime: probabilities and labels."""
    expected = {name: setup.reference(setup.normalise(x))[0] for name, x in setup.signals.items()}
    cpu_labels = {name: setup.cpu.predict(x).label for name, x in setup.signals.items()}
    for precision, classifier in setup.classifiers.items():
        answers = {name: classifier.predict(x) for name, x in setup.signals.items()}
        worst = max(_difference(answers[n].segment_probabilities, p) for n, p in expected.items())
        subject = f"{classifier.backend}, {precision}"
        yield _within("records", subject, worst, LIMITS[precision], f", {len(expected)} records")
        same = sum(answers[name].label == label for name, label in cpu_labels.items())
        yield Row("labels", subject, f"{same} of {len(expected)}", "all", same == len(expected))
    for precision, runner in setup.runners.items():
        worst = max(
            _difference(runner.run(setup.normalise(x))[0], expected[name])
            for name, x in setup.signals.items()
        )
        yield _within("records", f"PyCUDA runner, {precision}", worst, LIMITS[precision])
    if not setup.runners:
        yield Row("records", "PyCUDA runner", "not run: PyCUDA or a GPU is missing")
    worst = max(
        _difference(setup.cpu.predict(x).segment_probabilities, expected[name])
        for name, x in setup.signals.items()
    )
    yield _within("records", setup.cpu.backend, worst, LIMITS["fp32"])


def check_lengths(setup: Setup) -> Iterator[Row]:
    """Every length of a record, up and then down again, so that each runs from its graph too."""
    size = setup.metadata.samples_per_segment
    signals = [setup.stretch(length * size) for length in setup.lengths]
    expected = [setup.reference(setup.normalise(x))[0] for x in signals]
    pairs = list(zip(signals, expected, strict=True))
    for precision, classifier in setup.classifiers.items():
        worst = max(
            _difference(classifier.predict(x).segment_probabilities, p)
            for x, p in [*pairs, *reversed(pairs)]
        )
        subject = f"{setup.lengths[0]} to {setup.lengths[-1]} segments, {precision}"
        yield _within("lengths", subject, worst, LIMITS[precision])


def check_batches(setup: Setup) -> Iterator[Row]:
    """Records of mixed and of equal lengths together, against each alone."""
    equal = [setup.stretch(9000)[shift : shift + 8960] for shift in range(20)]
    for precision, classifier in setup.classifiers.items():
        for subject, batch in (("mixed", [*setup.signals.values()]), ("equal", equal)):
            together = classifier.predict_batch(batch)
            worst = max(
                _difference(classifier.predict(x).segment_probabilities, p.segment_probabilities)
                for x, p in zip(batch, together, strict=True)
            )
            yield _within("batches", f"{subject} lengths, {precision}", worst, LIMITS[precision])


def check_threads(setup: Setup) -> Iterator[Row]:
    """One classifier, many threads."""
    signals = [*setup.signals.values()] * 5
    for precision, classifier in setup.classifiers.items():
        alone = [classifier.predict(x).segment_probabilities for x in signals]
        with ThreadPoolExecutor(THREADS) as pool:
            together = list(pool.map(lambda x, c=classifier: c.predict(x), signals))
        worst = max(
            _difference(p.segment_probabilities, q) for p, q in zip(together, alone, strict=True)
        )
        yield _within("threads", f"{THREADS} threads, {precision}", worst, SAME)


def check_long_record(setup: Setup) -> Iterator[Row]:
    """A day, run in windows, against the CPU engine, whose windows are others."""
    signal = setup.stretch(setup.long_samples)
    expected = setup.cpu.predict(signal).segment_probabilities
    for precision, classifier in setup.classifiers.items():
        start = time.perf_counter()
        answer = classifier.predict(signal).segment_probabilities
        seconds = time.perf_counter() - start
        hours = len(signal) / setup.metadata.sampling_rate / 3600
        subject = f"{hours:.1f} h, {precision}"
        difference = _difference(answer, expected)
        yield _within("long record", subject, difference, LIMITS[precision], f", {seconds:.1f} s")


def check_latency(setup: Setup) -> Iterator[Row]:
    """predict() of 30 s from end to end, beside trtexec on the same plan and shape."""
    signal = setup.stretch(30 * 300).astype(np.int16)
    samples = len(setup.normalise(signal.astype(np.float32))[0])
    rtx, rehearsal = setup.flavour == "tensorrt_rtx", setup.flavour == "cpu"
    program = None if rehearsal else trtexec.find(rtx)
    for precision, classifier in setup.classifiers.items():
        ours = measure(classifier, signal, setup.calls)
        yield Row("latency", f"{classifier.backend}, {precision}", str(ours))
        if not rehearsal:
            plain = measure(load_without_graphs(setup.plans[precision]), signal, setup.calls)
            yield Row("latency", f"without CUDA graphs, {precision}", str(plain))
        if program is None:
            yield Row("latency", f"trtexec, {precision}", "not run: no trtexec, or no GPU")
            continue
        theirs = trtexec.measure(program, setup.plans[precision], samples, rtx)
        yield Row("latency", f"trtexec, {precision}", str(theirs))
        ratio = ours.median / theirs.median
        limit = f"<= {MAX_RATIO}"
        yield Row("latency", f"ratio, {precision}", f"{ratio:.3f}", limit, ratio <= MAX_RATIO)


def load_without_graphs(plan: Path) -> ecgrt.Classifier:
    """Return a classifier that launches kernel by kernel: as fast would mean no graph works."""
    os.environ["ECGRT_CUDA_GRAPHS"] = "0"
    try:
        return ecgrt.Classifier(plan)
    finally:
        del os.environ["ECGRT_CUDA_GRAPHS"]


def measure(classifier: ecgrt.Classifier, signal: NDArray[Any], calls: int) -> trtexec.Latency:
    """Return the latency of predict(), a twentieth of the calls taken to warm up."""
    times = []
    for _ in range(calls + calls // 20):
        start = time.perf_counter()
        classifier.predict(signal)
        times.append((time.perf_counter() - start) * 1e3)
    times = times[-calls:]
    return trtexec.Latency(min(times), float(np.median(times)), float(np.percentile(times, 99)))


CHECKS: tuple[Callable[[Setup], Iterator[Row]], ...] = (
    check_records,
    check_lengths,
    check_batches,
    check_threads,
    check_long_record,
    check_latency,
)
