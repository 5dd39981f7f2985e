"""Training data: manifests, the training set's statistics, segments' labels, batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..metadata import Metadata
from ..records import Record
from ..records.manifest import SAMPLES_PER_LABEL, LabelledRecord

#: Batches that are filled together, from records sorted by length; a larger pool pads less, a
#: smaller one mixes the records more.
POOL_BATCHES = 32

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


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
    readable
        bool (segments,), False where the signal says nothing; None: all are readable.
    taught
        float32 (classes,), what a teacher makes of the record; None: it has none.
    """

    name: str
    signal: Floats
    targets: Integers
    readable: Bools | None = None
    taught: Floats | None = None


def statistics(
    records: Iterable[LabelledRecord], metadata: Metadata | None = None
) -> tuple[float, float]:
    """Return the mean and the standard deviation over all samples of all records.

    With metadata, whose own mean is 0 and std 1, of what the network then sees of them.
    """
    count, total, squares = 0, 0.0, 0.0
    for item in records:
        samples = item.record.signal if metadata is None else preprocess(item.record, metadata)[0]
        signal = samples.astype(np.float64)
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


def preprocess(record: Record, metadata: Metadata) -> tuple[Floats, Bools]:
    """Return what the network sees of a record, as when serving, and which segments are readable.

    Returns
    -------
    signal, readable
        float32 (n,), ready and cut to whole segments; bool (segments,).

    Raises
    ------
    ValueError
        If the record is shorter than a segment or holds NaN or infinite samples.
    """
    try:
        signal, readable = _core.preprocess(record.signal, record.fs, metadata=metadata.to_json())
    except ValueError as error:
        raise ValueError(f"record {record.name}: {error}") from error
    return signal, readable


def prepare(item: LabelledRecord, metadata: Metadata) -> Example:
    """Preprocess a record and give each of its segments the label at the segment's middle."""
    signal, readable = preprocess(item.record, metadata)
    segments = signal.size // metadata.samples_per_segment
    rate = item.record.fs
    middles = (np.arange(segments) + 0.5) * metadata.samples_per_segment
    numbers = (middles * (rate / metadata.sampling_rate) // SAMPLES_PER_LABEL).astype(np.int64)
    targets = [metadata.classes.index(label) for label in item.labels]
    at_middles = np.asarray(targets, np.int32)[np.minimum(numbers, len(targets) - 1)]
    # A label is learnt from something, so that where nothing is readable all of it counts.
    return Example(item.record.name, signal, at_middles, readable if readable.any() else None)


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
        padding or not readable is 0, of any other 1.
    """
    count = len(examples)
    signals = np.zeros((count, max(e.signal.size for e in examples), 1), np.float32)
    targets = np.zeros((count, max(e.targets.size for e in examples)), np.int32)
    weights = np.zeros(targets.shape, np.float32)
    for row, example in enumerate(examples):
        signals[row, : example.signal.size, 0] = example.signal
        targets[row, : example.targets.size] = example.targets
        weights[row, : example.targets.size] = 1 if example.readable is None else example.readable
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
