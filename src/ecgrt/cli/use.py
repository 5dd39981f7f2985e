"""The commands that run a plan: predict, eval, bench, entry."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .common import add_plan, add_record_options, describe, find_plan, make_parser, run

if TYPE_CHECKING:
    from .. import Classifier, Prediction


def predict_main(argv: Sequence[str] | None = None) -> int:
    """Print a line per record; return the exit code (2 if a record failed)."""
    parser = make_parser(
        "ecgrt-predict",
        "Classify records: a line each with name, label and the probability of every class, "
        "separated by tabs (a header only on a terminal). Not a medical device.",
        "ecgrt-predict examples/records/*.hea\n  ecgrt-predict A00001 --json",
    )
    parser.add_argument(
        "records",
        nargs="+",
        metavar="RECORD",
        help="a record's file, with or without suffix, or a folder of records",
    )
    add_plan(parser)
    add_record_options(parser)
    parser.add_argument(
        "--min-confidence",
        type=_probability,
        default=0.0,
        metavar="P",
        help="print - (null in JSON) instead of a label whose probability is below P, 0 to 1",
    )
    parser.add_argument("--json", action="store_true", help="a JSON object a line instead")
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
    from .. import Classifier
    from ..challenge.evaluate import RECORD_ERRORS
    from ..records.base import list_records, read_record

    classifier = Classifier(find_plan(args.plan))
    if not args.json and sys.stdout.isatty():
        print("record", "label", *classifier.classes, sep="\t")
    failed = False

    def report(error: BaseException, path: str) -> None:
        nonlocal failed
        failed = True
        message = describe(error)
        where = "" if path in message else f"{path}: "
        print(f"ecgrt-predict: error: {where}{message}", file=sys.stderr)

    for source in args.records:
        try:
            paths = list_records([source])
        except RECORD_ERRORS as error:
            report(error, source)
            continue
        for path in paths:
            try:
                record = read_record(path, fs=args.fs, unit=args.unit, lead=args.lead)
                prediction = classifier.predict(record.signal, record.fs, args.min_confidence)
            except RECORD_ERRORS as error:
                report(error, str(path))
                continue
            print(_line(record.name, prediction, classifier, as_json=args.json), flush=True)
    return 2 if failed else 0


def _line(name: str, prediction: Prediction, classifier: Classifier, *, as_json: bool) -> str:
    values = [float(p) for p in prediction.probabilities]
    if not as_json:
        return "\t".join([name, prediction.label or "-", *(f"{p:.4f}" for p in values)])
    probabilities = dict(zip(classifier.classes, values, strict=True))
    return json.dumps(
        {
            "record": name,
            "label": prediction.label,
            "confidence": prediction.confidence,
            "probabilities": probabilities,
            "segment_labels": prediction.segment_labels,
        }
    )


def eval_main(argv: Sequence[str] | None = None) -> int:
    """Evaluate a plan on a directory of records; return the exit code (1 if a record failed)."""
    parser = make_parser(
        "ecgrt-eval",
        "Answer every record of a directory, write answers.txt (A00001,N a line) and, where the "
        "reference labels are known, print the official PhysioNet/CinC 2017 score. A record that "
        "fails is reported and costs the others nothing; the exit code is then 1.",
        "ecgrt-eval data/sample2017/validation --timing timings.csv --json metrics.json",
    )
    parser.add_argument(
        "directory", type=Path, metavar="DIR", help="records, with or without a RECORDS file"
    )
    add_plan(parser)
    add_record_options(parser)
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("answers.txt"), help="(default: %(default)s)"
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="CSV",
        help="the right labels (default: DIR/REFERENCE.csv if it is there)",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write everything that was measured as JSON"
    )
    parser.add_argument(
        "--timing",
        type=Path,
        metavar="CSV",
        help="write two time stamps a row: record, start and end in seconds since the epoch, and "
        "milliseconds between them by a monotonic clock. The first row, (load), is the opening "
        "of the plan; then a row per answered record, from the signal in memory to its label "
        "(reading the file is not in it)",
    )
    return run(parser, _evaluate, argv)


def _evaluate(args: argparse.Namespace) -> int:
    from ..challenge.evaluate import evaluate

    return evaluate(
        args.directory,
        find_plan(args.plan),
        args.out,
        reference=args.reference,
        json=args.json,
        timing=args.timing,
        fs=args.fs,
        unit=args.unit,
        lead=args.lead,
    )


def bench_main(argv: Sequence[str] | None = None) -> int:
    """Measure latency, throughput, cold start and memory; return the exit code."""
    parser = make_parser(
        "ecgrt-bench",
        "Measure latency, throughput, cold start and peak memory, beside the peers that are "
        "installed, in one run on the same record. Run it on an idle machine.",
        "ecgrt-bench --plan model.plan --onnx models/cinc17.onnx --threads 1 2",
    )
    add_plan(parser)
    parser.add_argument(
        "--onnx", type=Path, help="the plan's model, for the peers ONNX Runtime and OpenVINO"
    )
    parser.add_argument("--keras", type=Path, help="its .keras checkpoint, for TensorFlow")
    parser.add_argument(
        "--seconds",
        type=float,
        nargs="+",
        default=[10.0, 30.0, 60.0],
        help="lengths of the record (default: 10 30 60)",
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="(default: 1 2)")
    parser.add_argument(
        "--calls", type=int, default=60, help="timed calls a figure (default: %(default)s)"
    )
    parser.add_argument(
        "--batch", type=int, default=32, help="records in a batch (default: %(default)s)"
    )
    parser.add_argument(
        "--starts", type=int, default=7, help="processes a cold start (default: %(default)s)"
    )
    parser.add_argument("--record", help="a record to measure with (default: a synthetic one)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the tables")
    return run(parser, _bench, argv)


def _bench(args: argparse.Namespace) -> int:
    from ..bench import bench

    report = bench(
        find_plan(args.plan),
        onnx=args.onnx,
        keras=args.keras,
        seconds=args.seconds,
        threads=args.threads,
        calls=args.calls,
        batch=args.batch,
        starts=args.starts,
        record=args.record,
    )
    print(report.to_json() if args.json else report.to_text())
    return 0


def entry_main(argv: Sequence[str] | None = None) -> int:
    """Package an entry of the PhysioNet/CinC Challenge 2017; return the exit code."""
    parser = make_parser(
        "ecgrt-entry",
        "Package a plan as an entry of the PhysioNet/CinC Challenge 2017: setup.sh, next.sh, "
        "AUTHORS.txt, LICENSE.txt, dependencies.txt, the plan and its answers for the validation "
        "set, in one zip.",
        'ecgrt-entry data/sample2017/validation --author "Ada Lovelace, London" '
        "--wheel dist/ecgrt-*.whl",
    )
    parser.add_argument(
        "directory", type=Path, metavar="DIR", help="the official validation set, for answers.txt"
    )
    add_plan(parser)
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("entry.zip"), help="(default: %(default)s)"
    )
    parser.add_argument(
        "--wheel",
        type=Path,
        help="the wheel of ecgrt that setup.sh is to install (default: it installs from PyPI)",
    )
    parser.add_argument(
        "--author",
        action="append",
        metavar="NAME",
        help="an author with affiliation; repeat for more (default: the developers of ecgrt)",
    )
    return run(parser, _entry, argv)


def _entry(args: argparse.Namespace) -> int:
    from ..challenge.entry import build_entry

    authors = {"authors": args.author} if args.author else {}
    path = build_entry(find_plan(args.plan), args.directory, args.out, wheel=args.wheel, **authors)
    print(path)
    return 0
