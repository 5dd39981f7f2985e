"""The command ``ecgrt-predict``."""

from __future__ import annotations

import argparse
import math
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

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
from .live import add_live, replay
from .output import STDOUT, add_json, to_json
from .reports import Reports

if TYPE_CHECKING:
    from .. import Classifier, Prediction, Record


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line per record; return the exit code (1 if a record failed)."""
    parser = make_parser(
        "ecgrt-predict",
        "Classify records: a line each with name, label and the probability of every class, "
        "separated by tabs (a header only on a terminal). A record that fails is reported on "
        "stderr and costs the others nothing; the exit code is then 1. Lines are printed as "
        "they are found; the file of --json is written when all are, so that a run which is ended "
        "before leaves the file as it was. Not a medical device.",
        "ecgrt-predict examples/records\n  ecgrt-predict A00001 --json",
    )
    parser.add_argument(
        "records",
        nargs="+",
        metavar="RECORD",
        help="a record's file, with or without suffix; a folder of records; a RECORDS file",
    )
    add_run_options(parser)
    add_record_options(parser)
    parser.add_argument(
        "--min-confidence",
        type=_probability,
        default=0.0,
        metavar="P",
        help="print - (null in JSON) instead of a label whose probability is below P, 0 to 1",
    )
    parser.add_argument(
        "--strict", action="store_true", help="a warning makes the exit code 1, as a failure does"
    )
    add_live(parser)
    add_json(parser, "an object a line")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE.html",
        help="write a report to look at; of several records name a folder, for a file each",
    )
    return run(parser, _predict, argv)


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a probability, from 0 to 1")
    return value


def _predict(args: argparse.Namespace) -> int:
    classifier = load(args)
    if args.live:
        if args.report is not None:
            raise ValueError("--live replays a record and writes no report; leave out one of both")
        return replay(classifier, args)
    reports = None if args.report is None else Reports(args.report, args.records)
    if args.json != STDOUT and sys.stdout.isatty():
        print("record", "label", *classifier.classes, sep="\t")
    failed = warned = False
    with _json_lines(args.json) as sink:
        for source, answer in _answers(classifier, args):
            if isinstance(answer, Exception):
                _complain("error", source, describe(answer))
                failed = True
                continue
            for message in answer.warnings:
                _complain("warning", source, message)
            warned = warned or bool(answer.warnings)
            _show(answer, args.json, sink)
            if reports is not None:
                reports.add(answer.record, answer.prediction, classifier)
    if reports is not None:
        reports.finish()
    return RECORD_FAILED if failed or (args.strict and warned) else DONE


@dataclass(frozen=True)
class _Answer:
    record: Record
    prediction: Prediction
    warnings: list[str]


def _answers(
    classifier: Classifier, args: argparse.Namespace
) -> Iterator[tuple[str, _Answer | Exception]]:
    """Yield what each record is, with its answer or what went wrong."""
    from ..records import list_records

    for argument in args.records:
        try:
            paths = list_records([argument])
        except Exception as error:  # noqa: BLE001 (a bad list costs the others nothing)
            yield argument, error
            continue
        for path in paths:
            try:
                yield str(path), _answer(classifier, path, args)
            except Exception as error:  # noqa: BLE001 (nor does a bad record, whatever it leads to)
                yield str(path), error


def _answer(classifier: Classifier, path: Path, args: argparse.Namespace) -> _Answer:
    from ..records import read_record

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        record = read_record(path, **reading(args))
        prediction = classifier.predict(record, min_confidence=args.min_confidence)
    messages = dict.fromkeys(str(w.message) for w in caught)  # the signal's own are among them
    return _Answer(record, prediction, list(messages))


@contextmanager
def _json_lines(target: str | None) -> Iterator[TextIO | None]:
    """Give the file that JSON lines go to besides the text on standard output, if there is one."""
    if target is None or target == STDOUT:
        yield None
        return
    from .._files import check_writable, replacing

    check_writable(target)
    with replacing(target) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        yield file


def _show(answer: _Answer, target: str | None, sink: TextIO | None) -> None:
    facts = {
        "record": answer.record.name,
        **answer.prediction.to_dict(),
        "warnings": answer.warnings,
    }
    line = to_json(facts, indent=None)
    if sink is not None:
        sink.write(f"{line}\n")
    if target == STDOUT:
        print(line, flush=True)
        return
    figures = (f"{p:.4f}" for p in answer.prediction.probabilities.tolist())
    label = answer.prediction.label or "-"
    print(printable(answer.record.name), label, *figures, sep="\t", flush=True)


def _complain(kind: str, source: str, message: str) -> None:
    where = "" if " ".join(source.split()) in message else f"{source}: "
    print(printable(f"ecgrt-predict: {kind}: {where}{message}"), file=sys.stderr)
