"""Training data: what is read, how it is labelled, dealt and padded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_training import write_data

from ecgrt.metadata import Metadata
from ecgrt.records.base import Record
from ecgrt.records.manifest import LabelledRecord, read_manifest
from ecgrt.training import examples
from ecgrt.training.examples import Example

#: A line of a manifest, but for its path.
AS_STORED = {"labels": ["N"], "fs": 300, "unit": "uV"}


def metadata(sampling_rate: float = 300.0, samples_per_segment: int = 256) -> Metadata:
    return Metadata(
        model="test",
        classes=("A", "N", "O", "~"),
        mean=10.0,
        std=200.0,
        sampling_rate=sampling_rate,
        samples_per_segment=samples_per_segment,
        context_segments=0,
        label_version="v3",
        training_digest="",
        training_records=0,
    )


def example(segments: int, samples_per_segment: int = 256) -> Example:
    signal = np.full(segments * samples_per_segment, segments, np.float32)
    return Example(f"r{segments}", signal, np.full(segments, 1, np.int32))


def test_manifest_and_statistics(tmp_path: Path) -> None:
    write_data(tmp_path)
    records = read_manifest(tmp_path / "train.json")
    assert [item.record.name for item in records] == [f"train{i}" for i in range(10)]
    assert [item.label for item in records[:4]] == ["N", "A", "O", "~"]
    together = np.concatenate([item.record.signal for item in records]).astype(np.float64)
    mean, std = examples.statistics(records)
    assert mean == pytest.approx(together.mean(), rel=1e-12)
    assert std == pytest.approx(together.std(), rel=1e-12)


def test_prepared_signal_is_cut_and_normalised() -> None:
    signal = np.arange(600, dtype=np.int16)
    item = LabelledRecord(Record("r", signal, 300.0), ("A", "N"))
    prepared = examples.prepare(item, metadata())
    np.testing.assert_allclose(prepared.signal, (np.arange(512) - 10) / 200, rtol=1e-6, atol=1e-6)
    assert prepared.signal.dtype == np.float32
    assert prepared.targets.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("fs", "sampling_rate", "samples_per_segment", "expected"),
    [
        (300.0, 300.0, 256, "ANO~"),
        (300.0, 300.0, 128, "AANNOO~~"),
        (300.0, 300.0, 512, "N~"),  # a label begins in the middle of a segment
        (600.0, 300.0, 128, "ANO~"),
        (600.0, 300.0, 64, "AANNOO~~"),
        (150.0, 300.0, 512, "ANO~"),
    ],
)
def test_labels_follow_time(
    fs: float, sampling_rate: float, samples_per_segment: int, expected: str
) -> None:
    signal = np.sin(np.arange(1024, dtype=np.float64))
    item = LabelledRecord(Record("r", signal, fs), ("A", "N", "O", "~"))
    prepared = examples.prepare(item, metadata(sampling_rate, samples_per_segment))
    assert "".join("ANO~"[i] for i in prepared.targets) == expected
    assert prepared.signal.size == len(expected) * samples_per_segment


def test_bad_signal_names_its_record() -> None:
    with pytest.raises(ValueError, match="record short"):
        examples.preprocess(Record("short", np.zeros(255), 300.0), metadata())


@pytest.mark.parametrize("count", [1, 31, 32, 33, 1000, 1025])
def test_every_record_is_in_one_batch(count: int) -> None:
    lengths = np.random.default_rng(1).integers(10, 70, count).tolist()
    dealt = examples.batches(lengths, 32, np.random.default_rng(2))
    assert sorted(np.concatenate(dealt).tolist()) == list(range(count))
    sizes = sorted(len(batch) for batch in dealt)
    assert sizes[1:] == [32] * (len(sizes) - 1)


def test_batches_are_of_similar_length_and_change_with_the_epoch() -> None:
    lengths = np.random.default_rng(1).integers(10, 70, 2048).tolist()

    def deal(epoch: int) -> list[list[int]]:
        rng = np.random.default_rng([2018, epoch])
        return [batch.tolist() for batch in examples.batches(lengths, 32, rng)]

    first = deal(1)
    assert first == deal(1)
    spans = [max(lengths[i] for i in b) - min(lengths[i] for i in b) for b in first]
    assert max(spans) < 10
    assert not {frozenset(batch) for batch in first} & {frozenset(batch) for batch in deal(2)}
    firsts = [lengths[batch[0]] for batch in first]
    assert firsts != sorted(firsts)


def test_collate_pads_with_weightless_zeros() -> None:
    signals, targets, weights = examples.collate([example(2), example(3)])
    assert signals.shape == (2, 768, 1)
    assert signals[0, 512:].tolist() == [[0.0]] * 256
    assert targets.tolist() == [[1, 1, 0], [1, 1, 1]]
    assert weights.tolist() == [[1, 1, 0], [1, 1, 1]]


def test_equal_lengths_never_pads() -> None:
    some = [example(n) for n in (2, 3, 2, 2, 3, 5)]
    groups = examples.equal_lengths(some, 2)
    assert sorted(len(group) for group in groups) == [1, 1, 2, 2]
    for group in groups:
        assert examples.collate(group)[2].all()


def test_decision_is_the_mode_and_ties_go_to_the_more_probable() -> None:
    a, n, unsure = [0.8, 0.1, 0.1], [0.0, 1.0, 0.0], [0.5, 0.4, 0.1]
    records = np.array([[a, a, n], [a, n, a], [unsure, n, n], [a, n, n], [a, a, a]])
    assert examples.decide(records).tolist() == [0, 0, 1, 1, 0]
    assert examples.decide(np.array([[a, n], [unsure, n]])).tolist() == [1, 1]
    assert examples.decide(np.array([[n, [1.0, 0.0, 0.0], unsure]])).tolist() == [0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1: expected"),
        ('["ecg"]', "line 1: expected"),
        ('{"ecg": "a"}', "line 1: expected"),
        ('{"ecg": 1, "labels": ["N"]}', "must be a path"),
        ('{"ecg": "train0.mat", "labels": []}', "a list of labels"),
        ('{"ecg": "train0.mat", "labels": ["X"]}', "label 'X' is none of N, A, O, ~"),
        ('{"ecg": "train0.mat", "labels": ["N"]}', "1 labels for"),
        ("", "names no record"),
    ],
)
def test_bad_manifest(tmp_path: Path, line: str, message: str) -> None:
    write_data(tmp_path)
    (tmp_path / "bad.json").write_text(line + "\n")
    with pytest.raises(ValueError, match=message):
        read_manifest(tmp_path / "bad.json", "NAO~")


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="ecgrt-data split"):
        read_manifest(tmp_path / "train.json")
    (tmp_path / "train.json").write_text(json.dumps({"ecg": "gone.mat", "labels": ["N"]}))
    with pytest.raises(FileNotFoundError, match="gone"):
        read_manifest(tmp_path / "train.json")


def test_record_named_twice(tmp_path: Path) -> None:
    write_data(tmp_path)
    path = tmp_path / "train.json"
    path.write_text(path.read_text() * 2)
    with pytest.raises(ValueError, match="train0 is named 2 times"):
        read_manifest(path)


def test_statistics_need_finite_and_varied_signals() -> None:
    for value, message in ((5.0, "constant"), (np.inf, "record r holds NaN or infinite")):
        item = LabelledRecord(Record("r", np.full(300, value), 300.0), ("N",))
        with pytest.raises(ValueError, match=message):
            examples.statistics([item])


@pytest.mark.parametrize("name", ["A 1", "A1\t", "A\u20281"])
def test_name_that_a_model_cannot_tell(tmp_path: Path, name: str) -> None:
    """An exported model names its training records with a space between them."""
    np.save(tmp_path / f"{name}.npy", np.arange(256.0))
    path = tmp_path / "train.json"
    path.write_text("\n" + json.dumps({**AS_STORED, "ecg": f"{name}.npy"}))
    with pytest.raises(ValueError, match=r"train\.json, line 2: .* whitespace") as caught:
        read_manifest(path)
    assert repr(name) in str(caught.value)


def test_manifest_of_another_encoding(tmp_path: Path) -> None:
    np.save(tmp_path / "ä.npy", np.arange(256.0))
    line = json.dumps({**AS_STORED, "ecg": "ä.npy"}, ensure_ascii=False)
    path = tmp_path / "train.json"
    path.write_text(line, encoding="utf-8-sig")
    assert [item.record.name for item in read_manifest(path)] == ["ä"]
    path.write_text(line, encoding="latin-1")
    with pytest.raises(ValueError, match=r"train\.json is not UTF-8"):
        read_manifest(path)
