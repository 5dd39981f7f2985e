"""What a classifier says of a long record, window by window."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..records import RecordReader
from .episodes import Gap
from .states import Floats, Settings

if TYPE_CHECKING:
    from .._core import Classifier, Decision
    from ..records import Record
    from ..records.base import Signal

#: Seconds, and samples, that are handed to the classifier at a time, at most.
CHUNK_SECONDS, CHUNK_SAMPLES = 600.0, 1_000_000
#: Shows how far it is: given the chunks and how many there are, it yields them.
Progress = Callable[["Iterator[Signal]", "int | None"], "Iterator[Signal]"]
#: A window of which less than this share can be read has no answer.
LEAST_READABLE = 0.5
#: Codes of warnings that are of no meaning here: one says to use a timeline.
_OUT_OF_PLACE = ("long_record",)


@dataclass
class Windows:
    """Answers of windows, added as they are made.

    Attributes
    ----------
    probabilities
        Of the classes, calibrated, an array for each window; NaN where it cannot be read.
    gaps
        What cannot be read of the signal, each told once.
    beats
        R peaks in seconds.
    seconds
        How long the signal lasts.
    digest
        SHA-256 of the samples as they were read.
    """

    settings: Settings
    probabilities: list[Floats] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    beats: list[Floats] = field(default_factory=list)
    seconds: float = 0.0
    digest: str = ""
    _sentences: dict[str, str] = field(default_factory=dict)
    _warned: Counter[str] = field(default_factory=Counter)
    _last: Decision | None = None

    def add(self, decisions: list[Decision]) -> None:
        """Take decisions in their order."""
        for decision in decisions:
            if self._last is not None:
                self._tell_gaps(self._last, decision.start + self._margin)
            self._last = decision
            prediction = decision.prediction
            answer = np.array(prediction.probabilities, np.float64)
            if prediction.quality.readable < LEAST_READABLE:
                answer[:] = np.nan
            self.probabilities.append(answer)
            for code, text in prediction.quality.warnings.items():
                self._warned[code] += 1
                self._sentences[code] = text

    def finish(self) -> None:
        """Take note that no decision follows."""
        if self._last is not None:
            self._tell_gaps(self._last, np.inf)

    def warnings(self) -> list[str]:
        """Return what speaks against most windows, in sentences."""
        return [
            self._sentences[code]
            for code, count in self._warned.items()
            if 2 * count > len(self.probabilities) and code not in _OUT_OF_PLACE
        ]

    @property
    def _margin(self) -> float:
        return (self.settings.window - self.settings.hop) / 2

    def _tell_gaps(self, decision: Decision, end: float) -> None:
        """Take the gaps in a window's middle hop, where both sides of them are well known."""
        start = decision.start + self._margin if decision.start > 0 else 0.0
        for begin, stop, reason in decision.prediction.quality.spans:
            first, last = max(start, decision.start + begin), min(end, decision.start + stop)
            if first < last:
                self._add_gap(first, last, reason)

    def _add_gap(self, start: float, end: float, reason: str) -> None:
        if self.gaps and start <= self.gaps[-1][1]:
            before = self.gaps.pop()
            if before[1] - before[0] >= end - start:
                reason = before[2]
            start, end = before[0], max(end, before[1])
        self.gaps.append((start, end, reason))


def classify_windows(
    classifier: Classifier,
    record: Record | RecordReader,
    settings: Settings,
    progress: Progress | None = None,
) -> Windows:
    """Classify a record window by window, of which no more than some minutes are in memory.

    Raises
    ------
    ValueError
        If it is shorter than one segment of the model.
    """
    found = Windows(settings)
    stream = classifier.stream(record.fs, window=settings.window, hop=settings.hop)
    digest = hashlib.sha256()
    chunks, count = _chunks(record)
    for chunk in chunks if progress is None else progress(chunks, count):
        digest.update(chunk.data)
        found.add(stream.push(chunk))
        found.beats.append(stream.beats)
    found.add(stream.finish())
    found.beats.append(stream.beats)
    found.finish()
    found.seconds, found.digest = stream.seconds, digest.hexdigest()
    if not found.probabilities:
        segment = classifier.samples_per_segment / classifier.sampling_rate
        raise ValueError(
            f"the record lasts {found.seconds:g} s; at least {segment:g} s are needed, one segment "
            "of the model"
        )
    return found


def _chunks(record: Record | RecordReader) -> tuple[Iterator[Signal], int | None]:
    """Return a record in chunks, and how many there are if that is known."""
    seconds = min(CHUNK_SECONDS, CHUNK_SAMPLES / record.fs)
    length = max(1, round(seconds * record.fs))
    if isinstance(record, RecordReader):
        return record.chunks(seconds), None if record.size is None else -(-record.size // length)
    signal = record.signal
    parts = (signal[first : first + length] for first in range(0, signal.size, length))
    return parts, -(-signal.size // length)
