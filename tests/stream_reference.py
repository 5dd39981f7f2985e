"""What streams are compared with: `predict` of each window by itself."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

import ecgrt

FS = 250.0


def spoiled(records: Path) -> Any:
    """Two minutes and a bit of real ECG, int16 in microvolts, with a gap and a lead that is off."""
    pieces = [ecgrt.read_record(path).signal for path in sorted(records.glob("S*.hea"))[:6]]
    x = np.concatenate(pieces)[: round(126.3 * FS)].astype(np.int16)
    x[9000:9600] = np.iinfo(np.int16).min  # missing
    x[20000:21000] = 17  # flat
    return x


def all_at_once(
    classifier: ecgrt.Classifier, x: Any, fs: float, window: float = 30, hop: float = 10
) -> list[tuple[float, float, bytes]]:
    """What `predict` says of each window by itself, and of what is left at the end."""
    found, begin, k, end = [], 0, 0, 0
    while (begin := round(k * hop * fs)) + round(window * fs) <= len(x):
        end = begin + round(window * fs)
        found.append((begin / fs, end / fs, content(classifier.predict(x[begin:end], fs))))
        k += 1
    if not k or len(x) - end >= hop * fs / 2:
        last = classifier.predict(x[begin:], fs)
        found.append((begin / fs, len(x) / fs, content(last)))
    return found


def content(prediction: ecgrt.Prediction) -> bytes:
    """Everything that a prediction says, to the bit."""
    return pickle.dumps(prediction)


def told(decisions: list[ecgrt.Decision]) -> list[tuple[float, float, bytes]]:
    return [(one.start, one.end, content(one.prediction)) for one in decisions]


def cut(x: Any, sizes: Any) -> list[Any]:
    """Chunks of these sizes, again and again."""
    ends = np.cumsum(np.resize(sizes, 1 + len(x) // max(int(np.mean(sizes)), 1) * 2))
    return np.split(x, ends[ends < len(x)])
