"""Timelines as JSON and CSV; as FHIR in :mod:`ecgrt.rhythm.fhir`."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from importlib import resources
from typing import Any

from .heart_rate import Rate
from .timeline import Timeline

#: Of the JSON's layout; a change that readers would notice raises it.
SCHEMA = 1
NOTICE = "Not a medical device: for research; a physician decides."
CSV_COLUMNS = (
    "record",
    "start_s",
    "end_s",
    "duration_s",
    "start",
    "end",
    "label",
    "probability",
    "reason",
)


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (2020-12) that :func:`to_dict` keeps to."""
    text = resources.files(__package__).joinpath("timeline.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def to_dict(timeline: Timeline) -> dict[str, Any]:
    """Return what JSON can hold; figures that are undefined are None.

    Times in ``*_s`` are seconds from the first sample, the others ISO 8601 or None.
    """
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "record": timeline.name,
        "start": _moment(timeline, 0),
        "duration_s": round(timeline.duration, 3),
        "readable": _figure(timeline.readable, 6),
        "classes": list(timeline.classes),
        "burden": [
            {"label": label, **{key: _figure(value, 6) for key, value in asdict(burden).items()}}
            for label, burden in zip(timeline.classes, timeline.burdens, strict=True)
        ],
        "spans": [
            {
                **_stretch(timeline, span.start, span.end),
                "label": span.label,
                "probability": _figure(span.probability, 4),
                "reason": span.reason or None,
            }
            for span in timeline.spans
        ],
        "gaps": [
            {**_stretch(timeline, start, end), "reason": reason}
            for start, end, reason in timeline.gaps
        ],
        "heart_rate": _heart_rate(timeline),
        "answers": {
            "hop_s": timeline.settings.hop,
            "probabilities": [
                [_figure(value, 4) for value in row] for row in timeline.probabilities.tolist()
            ],
        },
        "settings": asdict(timeline.settings),
        "provenance": timeline.provenance.to_dict(),
    }


def _heart_rate(timeline: Timeline) -> dict[str, Any]:
    rate = timeline.heart_rate
    return {
        "beats": int(rate.beats.size),
        "mean": _figure(rate.mean, 2),
        "minimum": _rate(timeline, rate.minimum),
        "maximum": _rate(timeline, rate.maximum),
        "pauses": [
            {
                "start_s": round(pause.start, 3),
                "start": _moment(timeline, pause.start),
                "duration_s": round(pause.duration, 3),
            }
            for pause in rate.pauses
        ],
        "per_minute": [_figure(value, 1) for value in rate.trend.tolist()],
    }


def _rate(timeline: Timeline, rate: Rate | None) -> dict[str, Any] | None:
    if rate is None:
        return None
    at = _moment(timeline, rate.at)
    return {"value": round(rate.value, 2), "at_s": round(rate.at, 3), "at": at}


def _stretch(timeline: Timeline, start: float, end: float) -> dict[str, Any]:
    return {
        "start_s": round(start, 3),
        "end_s": round(end, 3),
        "start": _moment(timeline, start),
        "end": _moment(timeline, end),
    }


def _moment(timeline: Timeline, seconds: float) -> str | None:
    at = timeline.at(seconds)
    return None if at is None else at.isoformat(timespec="milliseconds")


def _figure(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None


def to_csv(timelines: Iterable[Timeline]) -> str:
    """Return a table with a row for each span; the spans of a record cover all of it."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for timeline in timelines:
        for span in to_dict(timeline)["spans"]:
            row = {
                **span,
                "record": _harmless(timeline.name),
                "duration_s": round(span["end_s"] - span["start_s"], 3),
            }
            writer.writerow("" if row[name] is None else row[name] for name in CSV_COLUMNS)
    return table.getvalue()


def _harmless(name: str) -> str:
    """Keep a spreadsheet from taking the name of a file for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name
