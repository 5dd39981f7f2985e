"""The command ``ecgrt-bench``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from .common import DONE, add_plan, find_plan, make_parser, run
from .output import add_json, show


def main(argv: Sequence[str] | None = None) -> int:
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
    parser.add_argument(
        "--fs", type=float, metavar="HZ", help="sampling rate of the record (default: the model's)"
    )
    parser.add_argument("--record", help="a record to measure with (default: a synthetic one)")
    add_json(parser, "all figures and the machine")
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
        fs=args.fs,
    )
    show(args.json, report.to_text(), json.loads(report.to_json()))
    return DONE
