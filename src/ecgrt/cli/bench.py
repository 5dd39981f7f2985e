"""The command ``ecgrt-bench``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from .common import DONE, find_plan, make_parser, run
from .output import add_json, show


def main(argv: Sequence[str] | None = None) -> int:
    """Measure latency, throughput, cold start and memory; return the exit code."""
    parser = make_parser(
        "ecgrt-bench",
        "Measure latency, throughput, cold start and peak memory of models, beside the peers that "
        "are installed, in one run on the same record. Run it on an idle machine.",
        "ecgrt-bench models/cinc17.onnx models/cinc17-compact.onnx --fs 300 --threads 1 2",
    )
    parser.add_argument(
        "models",
        type=Path,
        nargs="*",
        metavar="MODEL",
        help="ONNX models and plans, a table each: peers run the ONNX model; its plan is the one "
        "that says the same of itself, else one is built (default: the plan that other commands "
        "take)",
    )
    parser.add_argument(
        "--precision",
        choices=("fp32", "fp16", "bf16"),
        nargs="+",
        default=["fp32"],
        help="of the plans that are built (default: fp32)",
    )
    parser.add_argument(
        "--peers",
        nargs="*",
        metavar="PEER",
        help="which peers (default: all that are installed)",
    )
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
    from ..bench import PEERS, bench

    report = bench(
        args.models or [find_plan(None)],
        precisions=args.precision,
        peers=tuple(PEERS) if args.peers is None else args.peers,
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
