"""The command ``ecgrt-eval``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .common import (
    DONE,
    RECORD_FAILED,
    add_out,
    add_record_options,
    add_run_options,
    find_plan,
    load,
    make_parser,
    reading,
    run,
)
from .output import STDOUT, add_json, show

if TYPE_CHECKING:
    from ..challenge.journal import Journal
    from ..challenge.report import Evaluation


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate a plan on a directory of records; return the exit code (1 if a record failed)."""
    parser = make_parser(
        "ecgrt-eval",
        "Answer every record of a directory or a manifest, write answers.txt (A00001,N a line) "
        "and, where the reference labels are known, print the score: the official one of "
        "PhysioNet/CinC 2017 for its classes, the macro F1 for others. A record that "
        "fails is reported and costs the others nothing; the exit code is then 1. Answers are "
        "kept as they come in answers.txt.partial: interrupted, it goes on with --resume.",
        "ecgrt-eval data/sample2017/validation --timing timings.csv --json metrics.json",
    )
    parser.add_argument(
        "directory",
        type=Path,
        metavar="DIR",
        help="a folder of records, its RECORDS file, or a manifest (*.json) with their labels",
    )
    add_run_options(parser)
    add_out(parser, "answers.txt")
    parser.add_argument(
        "--resume", action="store_true", help="go on with an interrupted evaluation"
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="CSV",
        help="the right labels (default: the manifest's, or DIR/REFERENCE.csv if it is there)",
    )
    add_record_options(parser)
    add_json(parser, "everything that was measured")
    parser.add_argument(
        "--timing",
        type=Path,
        metavar="CSV",
        help="write two time stamps a row: record, start and end in seconds since the epoch, and "
        "milliseconds between them by a monotonic clock. The first row, (load), is the opening "
        "of the plan; then a row per answered record, from the signal in memory to its label "
        "(reading the file is not in it)",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE.html",
        help="write a report to look at: confusion matrix, F1 with intervals, calibration, worst "
        "disagreements",
    )
    return run(parser, _evaluate, argv)


def _evaluate(args: argparse.Namespace) -> int:
    from .._files import check_writable
    from ..challenge.evaluate import evaluate

    for target in (args.out, args.json, args.timing, args.report):
        if target is not None and target != STDOUT:
            check_writable(target)
    plan = find_plan(args.plan)
    with _journal(args, plan) as journal:
        evaluation = evaluate(
            args.directory,
            plan,
            reference=args.reference,
            threads=args.threads,
            device=args.device,
            **reading(args),
            earlier=journal.answers if journal else None,
            on_answer=journal.add if journal else None,
            must_score=args.report is not None,
        )
        _write(args, evaluation)
        if journal:
            journal.finish()
    return RECORD_FAILED if evaluation.failures else DONE


@contextmanager
def _journal(args: argparse.Namespace, plan: Path) -> Iterator[Journal | None]:
    """Keep the answers beside their file, and say where they are if the evaluation does not end."""
    from ..challenge.journal import SUFFIX, Journal, identity_of
    from ..challenge.sources import find_records

    if args.out.exists() and not args.out.is_file():  # a pipe or a device has nothing beside it
        yield None
        return
    source = find_records(args.directory)
    path = args.out.with_name(args.out.name + SUFFIX)
    manifest = {"manifest": source.digest} if source.said else {}
    identity = identity_of(plan, source.names, **reading(args), **manifest)
    with closing(Journal(path, identity, resume=args.resume)) as journal:
        try:
            yield journal
        except BaseException:
            if journal.answers:
                print(
                    f"ecgrt-eval: {len(journal.answers)} answers are kept in {path}; "
                    "go on with --resume",
                    file=sys.stderr,
                )
            else:
                journal.finish()
            raise


def _write(args: argparse.Namespace, evaluation: Evaluation) -> None:
    from .._files import write_text
    from ..challenge.report import to_dict, to_text, to_timing_csv
    from ..challenge.scoring import write_answers

    write_answers(args.out, evaluation.answers, evaluation.metadata["classes"])
    if args.timing is not None:
        write_text(args.timing, to_timing_csv(evaluation))
    if args.report is not None:
        write_text(args.report, _report(args, evaluation))
    show(args.json, to_text(evaluation), to_dict(evaluation))


def _report(args: argparse.Namespace, evaluation: Evaluation) -> str:
    from .. import Record
    from ..calibration.set_report import set_report
    from ..challenge.sources import find_records
    from ..records import read_record

    source = find_records(args.directory)
    by_name = dict(zip(source.names, source.paths, strict=True))

    def read(name: str) -> Record:
        return read_record(by_name[name], **{**reading(args), **source.said.get(name, {})})

    return set_report(Path(args.directory).name, evaluation, load(args), read)
