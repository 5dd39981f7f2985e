"""Threads inside the engine, threads around it, batches and forks: always the same answers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family import make_network, save

import ecgrt
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.training.config import NetworkConfig

RNG = np.random.default_rng(23)
LENGTHS = (256, 300, 512, 1_000, 2_714, 9_000, 256, 18_286, 5_000)
TYPES = ("i2", "f4", "f8") * 3
SIGNALS = [RNG.normal(0, 200, n).astype(t) for n, t in zip(LENGTHS, TYPES, strict=True)]
RATES = (None, 250.0, 500.0)


@pytest.fixture(scope="module")
def expected(plan: Path) -> dict[Any, np.ndarray]:
    """By sampling rate and signal: what one thread answers, one signal after the other."""
    classifier = ecgrt.Classifier(plan, threads=1)
    return {
        (fs, i): classifier.predict(signal, fs).segment_probabilities
        for fs in RATES
        for i, signal in enumerate(SIGNALS)
        if fs != 500.0 or len(signal) > 500
    }


def assert_same(found: ecgrt.Prediction, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found.segment_probabilities, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("threads", [1, 2, 5, 16])
def test_number_of_threads_does_not_change_answers(
    threads: int, plan: Path, expected: dict[Any, np.ndarray]
) -> None:
    classifier = ecgrt.Classifier(plan, threads=threads)
    assert classifier.threads == threads
    for (fs, i), answer in expected.items():
        assert_same(classifier.predict(SIGNALS[i], fs), answer)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_batch_gives_what_each_alone_gives(
    threads: int, plan: Path, expected: dict[Any, np.ndarray]
) -> None:
    classifier = ecgrt.Classifier(plan, threads=threads)
    for fs in (None, 250.0):
        for order in (range(len(SIGNALS)), reversed(range(len(SIGNALS))), [3], [4, 4, 4, 0] * 9):
            chosen = list(order)
            found = classifier.predict_batch((SIGNALS[i] for i in chosen), fs)
            assert len(found) == len(chosen)
            for i, prediction in zip(chosen, found, strict=True):
                assert_same(prediction, expected[fs, i])


def test_batch_of_nothing_and_rows_of_an_array(plan: Path) -> None:
    classifier = ecgrt.Classifier(plan, threads=2)
    assert classifier.predict_batch([]) == []
    rows = RNG.normal(0, 200, (3, 700))
    for row, found in zip(rows, classifier.predict_batch(rows), strict=True):
        assert_same(found, classifier.predict(row).segment_probabilities)


def test_batch_goes_on_after_a_bad_signal(plan: Path, expected: dict[Any, np.ndarray]) -> None:
    classifier = ecgrt.Classifier(plan, threads=2)
    bad = SIGNALS[5][:100]  # no segment
    for _ in range(3):
        with pytest.raises(ValueError, match="at least one segment"):
            classifier.predict_batch([SIGNALS[0], bad, SIGNALS[1]])
        assert_same(classifier.predict_batch([SIGNALS[0]])[0], expected[None, 0])


@pytest.mark.parametrize("threads", [1, 2])
def test_many_callers_of_one_classifier(
    threads: int, plan: Path, expected: dict[Any, np.ndarray]
) -> None:
    classifier = ecgrt.Classifier(plan, threads=threads)

    def call(caller: int) -> None:
        for k, ((fs, i), answer) in enumerate(sorted(expected.items(), key=str)):
            if (k + caller) % 3 == 0:
                for found in classifier.predict_batch([SIGNALS[i]] * 2, fs):
                    assert_same(found, answer)
            else:
                assert_same(classifier.predict(SIGNALS[i], fs), answer)

    with ThreadPoolExecutor(4) as executor:
        for done in executor.map(call, range(4)):
            assert done is None


def test_classifiers_side_by_side(
    plan: Path, tmp_path: Path, expected: dict[Any, np.ndarray]
) -> None:
    config = NetworkConfig(conv_subsample_lengths=(2, 2), conv_num_filters_start=9)
    build_cpu_plan(save(make_network(config), tmp_path / "m.onnx"), tmp_path / "m.plan")
    large, small = ecgrt.Classifier(plan), ecgrt.Classifier(tmp_path / "m.plan", threads=3)
    alone = [small.predict(signal).segment_probabilities for signal in SIGNALS]

    def call_large() -> None:
        for i, signal in enumerate(SIGNALS):
            assert_same(large.predict(signal), expected[None, i])

    def call_small() -> None:
        for _ in range(20):
            for signal, answer in zip(SIGNALS, alone, strict=True):
                assert_same(small.predict(signal), answer)

    with ThreadPoolExecutor(4) as executor:
        for future in [executor.submit(f) for f in (call_large, call_small) * 2]:
            future.result()


@pytest.fixture
def small_plan(tmp_path: Path) -> Path:
    """Loads in an instant."""
    config = NetworkConfig(conv_subsample_lengths=(4,), conv_num_filters_start=3)
    path = tmp_path / "small.plan"
    build_cpu_plan(save(make_network(config), tmp_path / "small.onnx"), path)
    return path


def test_classifiers_come_and_go(small_plan: Path) -> None:
    def running() -> int:
        tasks = Path("/proc/self/task")
        return len(list(tasks.iterdir())) if tasks.exists() else 0

    answers, before = set(), running()
    for i in range(60):
        classifier = ecgrt.Classifier(small_plan, threads=1 + i % 7)
        if i % 3:  # some are never used
            answers.add(classifier.predict(SIGNALS[0]).segment_probabilities.tobytes())
        del classifier
    assert len(answers) == 1
    assert running() <= before + 5  # not the 180 that were started


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork_after_load(plan: Path) -> None:
    program = """
import os, signal, sys, warnings
import numpy as np, ecgrt
warnings.simplefilter("ignore", DeprecationWarning)
classifier = ecgrt.Classifier(sys.argv[1], threads=2)
x = np.sin(np.arange(9000) / 7) * 300
def answer():
    one = classifier.predict(x, 250).segment_probabilities
    two = [p.segment_probabilities for p in classifier.predict_batch([x, x[:3000]])]
    return [one, *two]
before = answer()
def same():
    return all(np.allclose(a, b, rtol=0, atol=1e-6) for a, b in zip(before, answer(), strict=True))
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a child that hangs is a child that fails
        fine = same()
        other = ecgrt.Classifier(sys.argv[1], threads=2)
        fine = fine and other.self_test() < 1e-5
        del other
        classifier = None  # a classifier whose threads stayed behind can be thrown away
        os._exit(0 if fine else 3)
    children.append(child)
assert all(os.waitpid(child, 0)[1] == 0 for child in children), "a child failed"
assert same()
"""
    subprocess.run([sys.executable, "-c", program, str(plan)], check=True)


def test_python_runs_while_the_engine_does(plan: Path) -> None:
    """With no switching by the clock, another thread runs only if predict lets it."""
    classifier = ecgrt.Classifier(plan, threads=1)
    signal = np.zeros(120_000, np.int16)
    calls = {
        "predict": lambda: classifier.predict(signal),
        "predict_batch": lambda: classifier.predict_batch([signal[:40_000]] * 3),
        "Classifier": lambda: [ecgrt.Classifier(plan, threads=1) for _ in range(2)],
    }
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e6)
    try:
        for name, call in calls.items():
            go, seen = threading.Event(), threading.Event()
            helper = threading.Thread(target=lambda: (go.wait(), seen.set()))  # noqa: B023
            helper.start()
            go.set()
            before = seen.is_set()
            call()
            after = seen.is_set()
            helper.join()
            assert (before, after) == (False, True), name
    finally:
        sys.setswitchinterval(interval)


# -- how many threads


@pytest.mark.parametrize("threads", [0, -1, -(2**31), 257, 10_000])
def test_impossible_number_of_threads(threads: int, small_plan: Path) -> None:
    with pytest.raises(ValueError, match="threads must be"):
        ecgrt.Classifier(small_plan, threads=threads)


@pytest.mark.parametrize("threads", ["2", 1.5, [2], 2**70])
def test_threads_that_are_no_number(threads: Any, small_plan: Path) -> None:
    with pytest.raises(TypeError):
        ecgrt.Classifier(small_plan, threads=threads)


@pytest.mark.parametrize("text", ["abc", "0", "-1", "1.5", "2 cores", "257", "9" * 30, " "])
def test_impossible_environment_variable(
    text: str, small_plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECGRT_NUM_THREADS", text)
    with pytest.raises(ValueError, match="ECGRT_NUM_THREADS must be from 1 to 256"):
        ecgrt.Classifier(small_plan)
    assert ecgrt.Classifier(small_plan, threads=2).threads == 2


@pytest.fixture
def one_core() -> Iterator[None]:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    yield
    os.sched_setaffinity(0, cores)


def test_environment_variable(small_plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text, threads in (("3", 3), ("256", 256), ("1", 1)):
        monkeypatch.setenv("ECGRT_NUM_THREADS", text)
        assert ecgrt.Classifier(small_plan).threads == threads
    monkeypatch.setenv("ECGRT_NUM_THREADS", "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert ecgrt.Classifier(small_plan).threads == cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
@pytest.mark.usefixtures("one_core")
def test_only_cores_that_the_process_may_use(
    small_plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ECGRT_NUM_THREADS", raising=False)
    assert ecgrt.Classifier(small_plan).threads == 1
