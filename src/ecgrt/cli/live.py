"""``ecgrt-predict --live``: a record replayed as the stream that it once was."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any

from .common import DONE, reading
from .output import STDOUT, to_json

if TYPE_CHECKING:
    from .. import Classifier, Decision, Stream

#: Seconds of the record that are handed over at a time.
CHUNK = 1.0


def add_live(parser: argparse.ArgumentParser) -> None:
    """Add ``--live`` and ``--speed``."""
    parser.add_argument(
        "--live",
        action="store_true",
        help="replay one record as a stream: a line every ten seconds with time, label, "
        "confidence and heart rate, of the last half minute; Ctrl-C ends it",
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="N",
        help="with --live: N times as fast as it was recorded (default: 1; inf: at once)",
    )


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is no speed; a number above 0 is")
    return value


def replay(
    classifier: Classifier,
    args: argparse.Namespace,
    *,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Print what a stream says of the record; return the exit code.

    Raises
    ------
    ValueError
        If there is more than one record, or what reading it raises.
    KeyboardInterrupt
        After what the stream had got so far has been told.
    """
    from ..records import list_records, open_record

    if args.json not in (None, STDOUT):
        raise ValueError("--live prints as it goes; with it --json takes no file")
    paths = list_records(args.records)
    if len(paths) != 1:
        raise ValueError(f"--live replays one record, and these are {len(paths)}; give one")
    reader = open_record(paths[0], **reading(args))
    stream = classifier.stream(reader.fs, min_confidence=args.min_confidence)
    began = clock()
    try:
        for chunk in reader.chunks(CHUNK):
            ahead = began + (stream.seconds + len(chunk) / reader.fs) / args.speed - clock()
            if ahead > 0:
                wait(ahead)
            for kind, decision in _answers(stream, chunk):
                _tell(decision, kind, reader.start, args)
    finally:
        for decision in stream.finish():
            _tell(decision, "final", reader.start, args)
    return DONE


def _answers(stream: Stream, chunk: Any) -> Iterator[tuple[str, Decision]]:
    """Yield the decisions of a chunk, or until a window is full what can be said after each hop."""
    before = stream.seconds
    for decision in stream.push(chunk):
        yield "final", decision
    due = stream.seconds // stream.hop > before // stream.hop
    if due and stream.seconds < stream.window:
        now = stream.running()
        if now is not None:
            yield "so far", now


def _tell(decision: Decision, kind: str, start: datetime | None, args: argparse.Namespace) -> None:
    if args.json == STDOUT:
        print(to_json({"state": kind, **decision.to_dict()}, indent=None), flush=True)
        return
    print("\t".join(_columns(decision, kind, start)), flush=True)


def _columns(decision: Decision, kind: str, start: datetime | None) -> Iterator[str]:
    prediction = decision.prediction
    yield from (_moment(seconds, start) for seconds in (decision.start, decision.end))
    yield prediction.label or "-"
    yield f"{prediction.confidence:.4f}" if isfinite(prediction.confidence) else "-"
    yield "-" if prediction.heart_rate is None else f"{prediction.heart_rate:.0f}"
    yield kind if prediction.quality.readable > 0 else f"{kind}, unreadable"


def _moment(seconds: float, start: datetime | None) -> str:
    if start is not None:
        return f"{start + timedelta(seconds=seconds):%H:%M:%S}"
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
