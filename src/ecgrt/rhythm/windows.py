"""What a classifier says of a long record, window by window."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
#: Of a window its start, its probabilities, the share of it that can be read, its gaps, and a code
#: and a sentence for each of its warnings.
Answer = tuple[float, list[float], float, tuple[Gap, ...], list[tuple[str, str]]]


@dataclass
class Windows:
    """Answers of windows, added as they are made.

    Attributes
    ----------
    answers
        What :func:`ecgrt._core.make_timeline` takes.
    beats
        R peaks in seconds.
    seconds
        How long the signal lasts.
    digest
        SHA-256 of the samples as they were read.
    """

    answers: list[Answer] = field(default_factory=list)
    beats: list[Floats] = field(default_factory=list)
    seconds: float = 0.0
    digest: str = ""

    def add(self, decisions: list[Decision]) -> None:
        """Take decisions in their order."""
        for decision in decisions:
            prediction, quality = decision.prediction, decision.prediction.quality
            self.answers.append(
                (
                    decision.start,
                    prediction.probabilities.tolist(),
                    quality.readable,
                    quality.spans,
                    list(quality.warnings.items()),
                )
            )


def classify_windows(
    classifier: Classifier,
    record: Record | RecordReader,
    settings: Settings,
    progress: Progress | None = None,
) -> Windows:
    """Classify a record window by window, of which no more than some minutes are in memory."""
    found = Windows()
    stream = classifier.stream(record.fs, window=settings.window, hop=settings.hop)
    digest = hashlib.sha256()
    chunks, count = _chunks(record)
    for chunk in chunks if progress is None else progress(chunks, count):
        digest.update(chunk.data)
        found.add(stream.push(chunk))
        found.beats.append(stream.beats)
    found.add(stream.finish())
    found.beats.append(stream.beats)
    found.seconds, found.digest = stream.seconds, digest.hexdigest()
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
