"""Parts of a record, taken in one passage of it, so that it is never in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..records import RecordReader

if TYPE_CHECKING:
    from ..records import Record
    from ..records.base import Signal

#: Start and end in seconds.
Span = tuple[float, float]


class Excerpts:
    """Parts of a record, in microvolts.

    Parameters
    ----------
    record
        In memory, or to be read.
    spans
        What is wanted of it. They may overlap; what lies beyond its ends is left out.
    """

    def __init__(self, record: Record | RecordReader, spans: Iterable[Span]) -> None:
        self.fs = record.fs
        self._places = {span: self._samples(span) for span in spans}
        self._parts: dict[Span, list[Signal]] = {span: [] for span in self._places}
        if self._places:
            self._take(record)

    def first(self, span: Span) -> int:
        """Return the number of a part's first sample in the record."""
        return self._places[span][0]

    def signal(self, span: Span) -> Signal:
        """Return the samples of a part, (n,)."""
        parts = self._parts[span]
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    def _samples(self, span: Span) -> tuple[int, int]:
        return max(0, int(span[0] * self.fs)), int(np.ceil(span[1] * self.fs))

    def _take(self, record: Record | RecordReader) -> None:
        spans = list(self._places)
        wanted = np.array([self._places[span] for span in spans])
        start, last = 0, wanted[:, 1].max()
        for chunk in _chunks(record):
            end = start + chunk.size
            for number in np.flatnonzero((wanted[:, 0] < end) & (wanted[:, 1] > start)):
                inside = slice(max(wanted[number, 0] - start, 0), wanted[number, 1] - start)
                # A view would keep the whole chunk.
                self._parts[spans[number]].append(chunk[inside].copy())
            start = end
            if start >= last:
                return


def _chunks(record: Record | RecordReader) -> Iterator[Signal]:
    if isinstance(record, RecordReader):
        return record.chunks()
    return iter([record.signal])
