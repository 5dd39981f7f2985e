"""What a network says of records: its checkpoint runs in Keras, the core prepares the signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._extras import require_keras
from .._progress import track
from ..metadata import Metadata
from ..records.manifest import LabelledRecord
from .examples import Floats, collate, decide, equal_lengths, prepare

#: Records that are answered at a time.
BATCH = 32


@dataclass(frozen=True, eq=False)
class RecordAnswers:
    """What a network without calibration says of records, and what is right.

    Attributes
    ----------
    names
        (N,), the records'.
    probabilities
        float64 (N, C): of the record head, without one the mean over the segments.
    decided, labels
        int (N,), the number of the answer (the most probable class; without a record head the
        most frequent segment label) and of the right one.
    """

    names: npt.NDArray[np.str_]
    probabilities: npt.NDArray[np.float64]
    decided: npt.NDArray[np.intp]
    labels: npt.NDArray[np.intp]


def answer_records(
    checkpoint: str | Path, metadata: Metadata, records: Sequence[LabelledRecord]
) -> RecordAnswers:
    """Return what the checkpoint of a network says of records.

    Raises
    ------
    ValueError
        If the checkpoint is damaged or a record is shorter than a segment.
    """
    network = load_checkpoint(checkpoint)
    examples = [prepare(item, metadata) for item in records]
    places = {example.name: number for number, example in enumerate(examples)}
    probabilities = np.empty((len(records), len(metadata.classes)))
    decided = np.empty(len(records), np.intp)
    for group in track(equal_lengths(examples, BATCH), desc="batches"):
        signals, _, weights = collate(group)
        rows = [places[example.name] for example in group]
        probabilities[rows], decided[rows] = _answer(network, signals, weights)
    labels = np.array([metadata.classes.index(item.label) for item in records], np.intp)
    names = np.array([item.record.name for item in records])
    return RecordAnswers(names, probabilities, decided, labels)


def read_teacher(path: str | Path) -> dict[str, Floats]:
    """Return what out-of-fold answers say of each record, float32 (C,) by name.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"teacher: there are no answers {path}; ecgrt-crossval writes them")
    with np.load(path) as arrays:
        names, probabilities = arrays["names"], arrays["probabilities"].astype(np.float32)
    return dict(zip(map(str, names), probabilities, strict=True))


def load_checkpoint(path: str | Path) -> Any:
    """Return a checkpoint's network; raise ValueError if the file is damaged."""
    try:
        return require_keras().saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever the damage leads to
        raise ValueError(f"{path} is not a whole Keras checkpoint: {error}") from error


def _answer(network: Any, signals: Any, weights: Any) -> tuple[Any, Any]:
    if not isinstance(network.output, dict):
        p = network.predict_on_batch(signals)
        return p.mean(axis=1, dtype=np.float64), decide(p)
    logits = network.predict_on_batch([signals, weights])["record"].astype(np.float64)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True), logits.argmax(axis=-1)
