"""A plan from memory: the classifier that its file gives."""

from __future__ import annotations

import mmap
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ecgrt
from ecgrt.shipped import PLAN

KINDS = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "part of a view": lambda data: memoryview(b"???" + data + b"?")[3:-1],
    "array": lambda data: np.frombuffer(data, np.uint8),
}


@pytest.fixture(scope="module")
def content() -> bytes:
    return Path(PLAN).read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_the_answers_are_those_of_the_file(kind: str, content: bytes, records: Path) -> None:
    record = ecgrt.read_record(records / "S0006")
    expected = ecgrt.Classifier(threads=1)
    found = ecgrt.Classifier.from_bytes(KINDS[kind](content), threads=1)  # type: ignore[operator]
    answers = [one.predict(record).segment_probabilities.tobytes() for one in (found, expected)]
    assert answers[0] == answers[1]
    assert (found.metadata, found.threads) == (expected.metadata, 1)
    assert found.self_test() == expected.self_test()


def test_a_mapped_file_will_do_and_may_go(records: Path) -> None:
    record = ecgrt.read_record(records / "S0001")
    with (
        Path(PLAN).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        found = ecgrt.Classifier.from_bytes(mapped)
    # Closed: a view that was still held would have been an error.
    assert found.predict(record).label == ecgrt.Classifier().predict(record).label


def test_the_bytes_may_change_afterwards(content: bytes, records: Path) -> None:
    data = bytearray(content)
    found = ecgrt.Classifier.from_bytes(data)
    data[:] = bytes(len(data))
    data.clear()  # which a view that was held would not let it
    assert found.self_test() < 1e-3


def test_it_says_what_it_is(content: bytes, records: Path) -> None:
    found = ecgrt.Classifier.from_bytes(content)
    assert found.plan is None
    assert repr(found).startswith("Classifier(<a plan in memory>, classes=('A', ")
    with pytest.raises(TypeError, match=r"cannot be pickled.*send the bytes"):
        pickle.dumps(found)
    origin = found.timeline(ecgrt.read_record(records / "S0001")).provenance
    assert origin is not None
    assert (origin.plan_digest, origin.model) == (None, found.metadata["model"])


@pytest.mark.parametrize(
    "data", ["model.plan", None, 3, Path("model.plan"), [1, 2], memoryview(bytes(8))[::2]]
)
def test_what_is_no_bytes_is_refused(data: Any) -> None:
    with pytest.raises(TypeError, match="bytes of a plan, side by side, not "):
        ecgrt.Classifier.from_bytes(data)


@pytest.mark.parametrize("data", [b"", b"model.plan", bytes(100), b"{}" * 500])
def test_bytes_that_are_no_plan_are_refused(data: bytes) -> None:
    with pytest.raises(ecgrt.PlanError, match="plan in memory: "):
        ecgrt.Classifier.from_bytes(data)


def test_damage_is_noticed(content: bytes) -> None:
    for size in (7, 64, len(content) // 2, len(content) - 1):
        with pytest.raises(ecgrt.PlanError, match="plan in memory: "):
            ecgrt.Classifier.from_bytes(content[:size])
    changed = bytearray(content)
    changed[-100] ^= 1
    with pytest.raises(ecgrt.PlanError, match="damaged"):
        ecgrt.Classifier.from_bytes(changed)


@pytest.mark.parametrize("threads", [0, -1, 257])
def test_options_are_those_of_files(threads: int, content: bytes) -> None:
    with pytest.raises(ValueError, match="threads"):
        ecgrt.Classifier.from_bytes(content, threads=threads)
