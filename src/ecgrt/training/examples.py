"""Training data: manifests, the training set's statistics, segments' labels, batches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..challenge.scoring import CLASSES
from ..metadata import Metadata
from ..records.base import Record, read_record

#: Samples of a record, at its own rate, that one label of a manifest stands for.
SAMPLES_PER_LABEL = 256
#: Batches that are filled together, from records sorted by length; a larger pool pads less, a
#: smaller one mixes the records more.
POOL_BATCHES = 32

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class LabelledRecord:
    """A record with a label for every 256 of its samples, and the file that a manifest names."""

    record: Record
    labels: tuple[str, ...]
    path: Path = Path()

    @property
    def label(self) -> str:
        """The most frequent label, the first of them in a tie."""
        return Counter(self.labels).most_common(1)[0][0]


@dataclass(frozen=True, eq=False)
class Example:
    """A record as the network sees it.

    Attributes
    ----------
    name
        The record's name.
    signal
        float32 (segments * samples_per_segment,), preprocessed.
    targets
        int32 (segments,), the outputs' numbers.
    """

    name: str
    signal: Floats
    targets: Integers


def read_manifest(path: str | Path) -> list[LabelledRecord]:
    """Read a manifest and the records that it names.

    Parameters
    ----------
    path
        JSON Lines, ``{"ecg": path, "labels": [one per 256 samples]}`` a line; a relative path
        counts from the manifest's folder.

    Raises
    ------
    FileNotFoundError
        If the manifest or a record is missing.
    ValueError
        If it is not UTF-8, a line is not as above, a label is unknown or their number is wrong, a
        record's name has whitespace, a record is named twice, or there is none.
    """
    path = Path(path)
    records = [_read_line(line, path, number) for number, line in manifest_lines(path)]
    if not records:
        raise ValueError(f"{path} names no record")
    names = Counter(item.record.name for item in records)
    name, count = names.most_common(1)[0]
    if count > 1:
        raise ValueError(f"{path}: record {name} is named {count} times")
    return records


def manifest_lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines of a manifest that are not blank, each with its number.

    Raises
    ------
    FileNotFoundError
        If it is missing.
    ValueError
        If it is not UTF-8.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no such manifest: {path}; ecgrt-data split writes them")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text, as a manifest must be ({error}); save it as such"
        ) from error
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _read_line(line: str, manifest: Path, number: int) -> LabelledRecord:
    place = f"{manifest}, line {number}"
    try:
        entry = json.loads(line)
        path, labels = entry["ecg"], entry["labels"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f'{place}: expected {{"ecg": path, "labels": [...]}}') from None
    if not isinstance(path, str) or not isinstance(labels, list) or not labels:
        raise ValueError(f'{place}: "ecg" must be a path and "labels" a list of labels')
    unknown = [label for label in labels if label not in CLASSES]
    if unknown:
        raise ValueError(f"{place}: label {unknown[0]!r} is none of {', '.join(CLASSES)}")
    file = manifest.parent / path
    record = read_record(file)
    if record.name.split() != [record.name]:
        raise ValueError(
            f"{place}: the name of record {record.name!r} has whitespace, which separates the names "
            "of training records in a model; rename its files"
        )
    expected = record.signal.size // SAMPLES_PER_LABEL
    if abs(len(labels) - expected) > 1:
        raise ValueError(
            f"{place}: {len(labels)} labels for {record.signal.size} samples; "
            f"expected one per {SAMPLES_PER_LABEL} samples, {expected}"
        )
    return LabelledRecord(record, tuple(labels), file)


def statistics(records: Iterable[LabelledRecord]) -> tuple[float, float]:
    """Return the mean and the standard deviation over all samples of all records."""
    count, total, squares = 0, 0.0, 0.0
    for item in records:
        signal = item.record.signal.astype(np.float64)
        if not np.isfinite(signal).all():
            raise ValueError(f"record {item.record.name} holds NaN or infinite samples")
        count += signal.size
        total += float(signal.sum())
        squares += float(np.square(signal).sum())
    mean = total / count
    std = max(squares / count - mean**2, 0.0) ** 0.5
    if not std > 0:
        raise ValueError("the training signals are constant; there is nothing to learn from")
    return mean, std


def preprocess(record: Record, metadata: Metadata) -> Floats:
    """Return float32 (n,): resampled, cut to whole segments, normalised, as when serving.

    Raises
    ------
    ValueError
        If the record is shorter than a segment or holds NaN or infinite samples.
    """
    try:
        return _core.preprocess(
            record.signal,
            record.fs,
            mean=metadata.mean,
            std=metadata.std,
            sampling_rate=metadata.sampling_rate,
            samples_per_segment=metadata.samples_per_segment,
        )
    except ValueError as error:
        raise ValueError(f"record {record.name}: {error}") from error


def prepare(item: LabelledRecord, metadata: Metadata) -> Example:
    """Preprocess a record and give each of its segments the label at the segment's middle."""
    signal = preprocess(item.record, metadata)
    segments = signal.size // metadata.samples_per_segment
    rate = item.record.fs or metadata.sampling_rate
    middles = (np.arange(segments) + 0.5) * metadata.samples_per_segment
    numbers = (middles * (rate / metadata.sampling_rate) // SAMPLES_PER_LABEL).astype(np.int64)
    targets = [metadata.classes.index(label) for label in item.labels]
    at_middles = np.asarray(targets, np.int32)[np.minimum(numbers, len(targets) - 1)]
    return Example(item.record.name, signal, at_middles)


def batches(
    lengths: Sequence[int], batch_size: int, rng: np.random.Generator
) -> list[npt.NDArray[np.intp]]:
    """Deal all records into batches of similar length, in random order.

    Returns
    -------
    list of intp arrays
        Indices into `lengths`; each index occurs once, and at most one batch is partial.
    """
    order = rng.permutation(len(lengths))
    pool = POOL_BATCHES * batch_size
    dealt = []
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        part = part[np.argsort(np.asarray(lengths)[part], kind="stable")]
        dealt += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    return [dealt[i] for i in rng.permutation(len(dealt))]


def collate(examples: Sequence[Example]) -> tuple[Floats, Integers, Floats]:
    """Stack examples, zeros after the shorter ones.

    Returns
    -------
    signals, targets, weights
        float32 (N, T, 1), int32 (N, S) and float32 (N, S); the weight of a segment that is
        padding is 0, of any other 1.
    """
    count = len(examples)
    signals = np.zeros((count, max(e.signal.size for e in examples), 1), np.float32)
    targets = np.zeros((count, max(e.targets.size for e in examples)), np.int32)
    weights = np.zeros(targets.shape, np.float32)
    for row, example in enumerate(examples):
        signals[row, : example.signal.size, 0] = example.signal
        targets[row, : example.targets.size] = example.targets
        weights[row, : example.targets.size] = 1
    return signals, targets, weights


def equal_lengths(examples: Sequence[Example], batch_size: int) -> list[list[Example]]:
    """Group examples into batches that need no padding, so that they are seen as when serving."""
    groups: dict[int, list[Example]] = {}
    for example in examples:
        groups.setdefault(example.signal.size, []).append(example)
    return [
        group[i : i + batch_size]
        for group in groups.values()
        for i in range(0, len(group), batch_size)
    ]


def decide(probabilities: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Return (N,) what segments (N, S, C) decide, as a classifier of the decision "mode" does.

    The most frequent segment label, of equally frequent ones the more probable.
    """
    classes = probabilities.shape[-1]
    counts = np.eye(classes, dtype=np.int64)[probabilities.argmax(-1)].sum(-2)
    return np.lexsort((probabilities.sum(-2, dtype=np.float64), counts), axis=-1)[..., -1]
