"""The command ``ecgrt-holter``."""

from __future__ import annotations

import argparse
import json
import math
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import describe
from .common import (
    DONE,
    RECORD_FAILED,
    add_record_options,
    add_run_options,
    load,
    make_parser,
    printable,
    reading,
    run,
)
from .output import STDOUT, add_json, to_json

if TYPE_CHECKING:
    from .. import Classifier, RecordReader, Timeline

_COLUMNS = (
    "record",
    "seconds",
    "readable",
    "burden",
    "low",
    "high",
    "episodes",
    "longest",
    "mean",
    "minimum",
    "maximum",
    "pauses",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line per record; return the exit code (1 if a record failed)."""
    parser = make_parser(
        "ecgrt-holter",
        "Tell what the rhythm of long records was over time: a line each with name, seconds, "
        "readable share, AF burden with its interval of 95 %, episodes, the longest in seconds, "
        "mean, lowest and highest heart rate, and pauses, separated by tabs (a header only on a "
        "terminal). A record that fails is reported on stderr and costs the others nothing; the "
        "exit code is then 1. Not a medical device.",
        "ecgrt-holter night.edf --report night.html --csv episodes.csv",
    )
    parser.add_argument(
        "records",
        nargs="+",
        metavar="FILE",
        help="a record's file, with or without suffix; a folder of records; a RECORDS file",
    )
    add_run_options(parser)
    add_record_options(parser)
    add_json(parser, "an object a line, by the schema timeline.schema.json")
    for name, what in (
        ("csv", "a table of all episodes and what lies between them"),
        ("fhir", "a FHIR R4 Bundle with a DiagnosticReport for each record"),
        ("report", "a report as one HTML file, of one record only"),
    ):
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"write {what}")
    parser.add_argument(
        "--zone",
        metavar="ZONE",
        help="time zone of records that do not tell it, such as Europe/Berlin; without one FHIR "
        "has dates only",
    )
    return run(parser, _holter, argv)


def _holter(args: argparse.Namespace) -> int:
    zone = _zone(args.zone)
    sources = list(_sources(args.records))
    if args.report is not None and len(sources) > 1:
        raise ValueError(f"--report is of one record, and these are {len(sources)}; give one")
    _check_outputs(args)
    classifier = load(args)
    if args.json != STDOUT and sys.stdout.isatty():
        print(*_COLUMNS, sep="\t")
    found: list[Timeline] = []
    for source, path in sources:
        try:
            if isinstance(path, Exception):
                raise path
            record, timeline, messages = _timeline(classifier, path, args)
        except Exception as error:  # noqa: BLE001 (a bad record costs the others nothing)
            _complain("error", source, describe(error))
            continue
        for message in messages:
            _complain("warning", source, message)
        found.append(timeline)
        print(_line(timeline, args.json), flush=True)
        if args.report is not None:
            _write_report(args.report, timeline, record)
    _write(args, found, zone)
    return DONE if len(found) == len(sources) else RECORD_FAILED


def _zone(name: str | None) -> Any:
    if name is None:
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except Exception:  # noqa: BLE001 (of many kinds, for a name that is none)
        raise ValueError(f"--zone {name} is no time zone; Europe/Berlin or UTC are") from None


def _sources(arguments: Sequence[str]) -> Iterator[tuple[str, Path | Exception]]:
    """Yield what was named, with the record's path or what is wrong with it."""
    from ..records import list_records

    for argument in arguments:
        try:
            paths = list_records([argument])
        except Exception as error:  # noqa: BLE001 (a bad list costs the others nothing)
            yield argument, error
            continue
        yield from ((str(path), path) for path in paths)


def _check_outputs(args: argparse.Namespace) -> None:
    from .._files import check_writable

    json_file = None if args.json in (None, STDOUT) else args.json
    for path in (json_file, args.csv, args.fhir, args.report):
        if path is not None:
            check_writable(path, *args.records)


def _timeline(
    classifier: Classifier, path: Path, args: argparse.Namespace
) -> tuple[RecordReader, Timeline, list[str]]:
    from ..records import open_record
    from ..rhythm.timeline import timeline

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        record = open_record(path, **reading(args))
        found = timeline(classifier, record, progress=_show)
    return record, found, list(dict.fromkeys(str(warning.message) for warning in caught))


def _show(chunks: Iterator[Any], count: int | None) -> Iterator[Any]:
    from .._progress import track

    return track(chunks, total=count, desc="ten minutes each")


def _line(timeline: Timeline, target: str | None) -> str:
    if target == STDOUT:
        return _json(timeline)
    burden, rate = timeline.burden, timeline.heart_rate
    longest = max((episode.duration for episode in timeline.episodes), default=0.0)
    rates = (
        rate.mean,
        math.nan if rate.minimum is None else rate.minimum.value,
        math.nan if rate.maximum is None else rate.maximum.value,
    )
    fields = [
        printable(timeline.name),
        f"{timeline.duration:.0f}",
        *(
            _figure(value, 4)
            for value in (timeline.readable, burden.share, burden.low, burden.high)
        ),
        str(len(timeline.episodes)),
        f"{longest:.0f}",
        *(_figure(value, 1) for value in rates),
        str(len(rate.pauses)),
    ]
    return "\t".join(fields)


def _figure(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"


def _json(timeline: Timeline) -> str:
    from ..rhythm.export import to_dict

    return to_json(to_dict(timeline), indent=None)


def _write(args: argparse.Namespace, found: list[Timeline], zone: Any) -> None:
    from .._files import write_text
    from ..rhythm.export import to_csv
    from ..rhythm.fhir import to_fhir

    if args.json not in (None, STDOUT):
        write_text(args.json, "".join(f"{_json(timeline)}\n" for timeline in found))
    if args.csv is not None:
        write_text(args.csv, to_csv(found))
    if args.fhir is not None:
        write_text(args.fhir, json.dumps(to_fhir(found, zone=zone), indent=1) + "\n")


def _write_report(path: Path, timeline: Timeline, record: RecordReader) -> None:
    from .._files import write_text
    from ..view.day import day_report

    write_text(path, day_report(timeline, record))


def _complain(kind: str, source: str, message: str) -> None:
    where = "" if " ".join(source.split()) in message else f"{source}: "
    print(printable(f"ecgrt-holter: {kind}: {where}{message}"), file=sys.stderr)
