"""A long record from near: rows of paper where its timeline says that there is something to see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._core import find_evidence
from ..rhythm.episodes import Episode
from ..rhythm.timeline import Timeline
from .excerpts import Excerpts, Span
from .page import scrolled, section
from .strip import Paper, Tracks, looked_at, paper_of, strip
from .svg import Markup, tag
from .times import length, moment, percent

if TYPE_CHECKING:
    from ..records import Record, RecordReader

_ROW = 10.0
#: Seconds of an episode whose evidence is told.
_EVIDENCE = 30.0
_MAX_PAUSES = 5


@dataclass(frozen=True)
class _Scene:
    """Some rows under a heading.

    Attributes
    ----------
    heading, anchor
        None: they stand without one.
    evidence
        A span whose evidence is told; None: none is.
    rows
        What each shows, and its span.
    """

    rows: tuple[tuple[str, Span], ...]
    heading: str | None = None
    anchor: str | None = None
    evidence: Span | None = None


def near(timeline: Timeline, record: Record | RecordReader, drawn: dict[int, int]) -> Markup:
    """Return the section of rows: episodes and pauses, or ten seconds where there is neither.

    Parameters
    ----------
    timeline
        What is known of the record.
    record
        The record. Of a reader, only what is drawn is held.
    drawn
        The spans to draw: from the number of the episode to that of the span.
    """
    scenes = _scenes(timeline, drawn)
    chosen = looked_at(timeline.duration)
    excerpts = Excerpts(record, {*chosen, *_spans(scenes)})
    paper = paper_of([excerpts.signal(span) for span in chosen])
    tracks = Tracks(
        beats=timeline.heart_rate.beats,
        gaps=timeline.gaps,
        runs=[(span.start, span.end, span.label) for span in timeline.spans],
        classes=timeline.classes,
        when=lambda seconds: moment(timeline, seconds),
    )
    parts = [part for scene in scenes for part in _draw(timeline, scene, excerpts, paper, tracks)]
    note = f"{paper.scale}; the offset of each row is removed. Triangles: beats."
    return section("From near", tag("p", note, class_="note"), *parts, class_="long")


def _scenes(timeline: Timeline, drawn: dict[int, int]) -> list[_Scene]:
    found = [_of_episode(timeline, number, timeline.spans[i]) for number, i in drawn.items()]
    for pause in timeline.heart_rate.pauses[:_MAX_PAUSES]:
        heading = f"Pause of {pause.duration:.1f} s, {moment(timeline, pause.start)}"
        row = _row(timeline, "around the pause", pause.start + pause.duration / 2)
        found.append(_Scene((row,), heading))
    return found or [_Scene((_row(timeline, "from the middle", timeline.duration / 2),))]


def _of_episode(timeline: Timeline, number: int, span: Episode) -> _Scene:
    heading = (
        f"{span.label} {number}: {moment(timeline, span.start)}, {length(span.duration)}, mean "
        f"probability {percent(span.probability)}"
    )
    seconds = min(_EVIDENCE, span.duration)
    start = (span.start + span.end - seconds) / 2
    rows = (
        _row(timeline, "around the onset", span.start),
        _row(timeline, "from the middle", (span.start + span.end) / 2),
    )
    return _Scene(rows, heading, f"episode-{number}", (start, start + seconds))


def _row(timeline: Timeline, what: str, middle: float) -> tuple[str, Span]:
    """Return ten seconds around a moment."""
    seconds = min(_ROW, timeline.duration)
    start = min(max(round(middle - seconds / 2), 0), timeline.duration - seconds)
    return what, (start, start + seconds)


def _spans(scenes: Iterable[_Scene]) -> Iterable[Span]:
    for scene in scenes:
        yield from (span for _, span in scene.rows)
        if scene.evidence is not None:
            yield scene.evidence


def _draw(
    timeline: Timeline, scene: _Scene, excerpts: Excerpts, paper: Paper, tracks: Tracks
) -> list[Markup]:
    parts = [] if scene.heading is None else [tag("h3", scene.heading, id=scene.anchor)]
    if scene.evidence is not None:
        found = find_evidence(excerpts.signal(scene.evidence), excerpts.fs)
        seconds = scene.evidence[1] - scene.evidence[0]
        told = f"{length(seconds)} in its middle: {'; '.join(found.values())}."
        parts.append(tag("p", told, class_="note"))
    for what, span in scene.rows:
        text = f"Ten seconds {what}, from {moment(timeline, span[0])}"
        drawing = strip(
            excerpts.signal(span),
            excerpts.fs,
            span[0],
            span[1] - span[0],
            paper,
            tracks,
            text,
            first=excerpts.first(span),
        )
        parts.append(scrolled(text, tag("p", text, class_="note"), drawing))
    return parts
