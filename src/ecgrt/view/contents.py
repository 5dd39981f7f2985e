"""A page that leads to the reports of several records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .colours import meaning
from .page import page, section, table
from .svg import tag
from .times import percent

if TYPE_CHECKING:
    from .._core import Prediction


@dataclass(frozen=True)
class Entry:
    """A record's line.

    Attributes
    ----------
    name
        The record's.
    file
        Name of its report, in the same folder.
    prediction
        What the classifier says of it.
    """

    name: str
    file: str
    prediction: Prediction


def contents_page(entries: Sequence[Entry]) -> str:
    """Return a page with a line for each record, which leads to its report."""
    rows = []
    for entry in entries:
        label, quality = entry.prediction.label, entry.prediction.quality
        rows.append(
            (
                tag("a", entry.name, href=entry.file),
                "none" if label is None else meaning(label),
                percent(entry.prediction.confidence),
                percent(quality.readable, 0),
                "; ".join([*entry.prediction.evidence.values(), *quality.warnings.values()]),
            )
        )
    columns = ("Record", "Label", "Confidence", "Readable", "What beats and signal show")
    return page(
        "ECG records",
        section(f"{len(entries)} records", table("In their order", columns, rows)),
    )
