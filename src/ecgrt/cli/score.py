"""The command ``ecgrt-score``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from .common import (
    DONE,
    RECORD_FAILED,
    add_record_options,
    add_run_options,
    find_plan,
    make_parser,
    reading,
    run,
)
from .output import add_json, show

if TYPE_CHECKING:
    from ..archive import Summary


def main(argv: Sequence[str] | None = None) -> int:
    """Answer an archive; return the exit code (1 if a record failed)."""
    parser = make_parser(
        "ecgrt-score",
        "Answer an archive of recordings and write a Parquet file with a row for each: label, "
        "probabilities, heart rate, warnings, or the reason why it failed; the exit code is then "
        "1. Answers are kept as they come in a folder beside the file: killed or interrupted, it "
        "goes on with --resume. Not a medical device.",
        "ecgrt-score --out answers.parquet records/ more.parquet",
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="a folder of records or tables; a RECORDS file; a manifest (*.json); a record's file; "
        "a table of signals (*.parquet, *.arrow); also s3://... or gs://...",
    )
    parser.add_argument(
        "-o",
        "--out",
        type=_place,
        required=True,
        metavar="FILE",
        help="the Parquet file to write; also s3://... or gs://...",
    )
    add_run_options(parser)
    add_record_options(parser)
    _add_own_options(parser)
    add_json(parser, "the counts of records, labels and failures")
    return run(parser, _score, argv)


def _add_own_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        type=_column,
        metavar="KEY=NAME",
        help="a table's column for signal, fs, unit or name, if it is called otherwise",
    )
    parser.add_argument(
        "--min-confidence",
        type=float,
        default=0.0,
        metavar="P",
        help="give no label whose probability is below P, 0 to 1",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes, or actors on Ray (default: one for each core, on a GPU one)",
    )
    parser.add_argument(
        "--block",
        type=int,
        default=256,
        metavar="N",
        help="records that are kept together (default: %(default)s)",
    )
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    parser.add_argument(
        "--ray",
        nargs="?",
        const="",
        type=_address,
        metavar="ADDRESS",
        help="answer on a Ray cluster: at ADDRESS, else on one that is started on this machine; "
        "put it after the inputs",
    )


def _place(text: str) -> str | Path:
    return text if "://" in text else Path(text)  # a Path would make one slash of two


def _column(text: str) -> tuple[str, str]:
    key, equals, name = text.partition("=")
    if not (key and equals and name):
        raise argparse.ArgumentTypeError(f"{text} is not KEY=NAME, such as signal=ecg")
    return key, name


def _address(text: str) -> str:
    if text and Path(text).exists():  # `--ray RECORDS` must not take the records for a cluster
        raise argparse.ArgumentTypeError(f"{text} is a file or folder; put --ray last")
    return text


def _score(args: argparse.Namespace) -> int:
    from ..archive import score
    from ..archive.folders import kept_in

    try:
        found = score(
            args.inputs,
            args.out,
            plan=find_plan(args.plan),
            workers=args.workers,
            threads=args.threads,
            device=args.device,
            **reading(args),
            columns=dict(args.column),
            min_confidence=args.min_confidence,
            block=args.block,
            resume=args.resume,
            ray=args.ray,
            progress=_show,
        )
    except BlockingIOError:  # what lies there is another's
        raise
    except (KeyboardInterrupt, OSError):
        if kept := kept_in(args.out):
            print(f"ecgrt-score: answers are kept in {kept}; go on with --resume", file=sys.stderr)
        raise
    show(args.json, _text(found, args.out), asdict(found))
    return RECORD_FAILED if found.failures else DONE


def _show(blocks: Iterator[int], count: int) -> Iterator[int]:
    from .._progress import track

    return track(blocks, total=count, desc="blocks")


def _text(found: Summary, out: str | Path) -> str:
    labels = ", ".join(f"{count} {label}" for label, count in found.labels.items())
    without = found.records - sum(found.labels.values()) - found.failures
    return (
        f"{out}: {found.records} records: {labels or 'no label'}, {without} without a label, "
        f"{found.failures} failed"
    )
