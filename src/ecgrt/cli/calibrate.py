"""The command ``ecgrt-calibrate``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from .common import DONE, add_out, make_parser, run
from .output import add_json, show


def main(argv: Sequence[str] | None = None) -> int:
    """Calibrate a model's probabilities; return the exit code."""
    parser = make_parser(
        "ecgrt-calibrate",
        "Fit the probabilities of an ONNX model to dev records, choose its decision, write it "
        "with both. Dev records that it was trained on or will be judged by are refused.",
        "ecgrt-calibrate model.onnx data/dev.json --pooling data/train.json -o calibrated.onnx",
    )
    parser.add_argument("onnx", type=Path, metavar="MODEL.onnx", help="what ecgrt-export wrote")
    parser.add_argument(
        "manifest", type=Path, metavar="DEV.json", help="dev records, as ecgrt-data split writes"
    )
    add_out(parser, "calibrated.onnx")
    parser.add_argument(
        "--decision",
        choices=("mode", "mean", "tuned"),
        default="tuned",
        help="a record's label: the most frequent segment label, the most probable class, or "
        "that with weights for the challenge's F1 (default: %(default)s)",
    )
    parser.add_argument(
        "--pooling",
        type=Path,
        metavar="TRAIN.json",
        help="learn from these training records, thousands, how a record's segments become one "
        "answer; else it is their mean, or what the model has learnt before",
    )
    add_json(parser, "the figures before, as fitted and held out, and the model's metadata")
    return run(parser, _calibrate, argv)


def _calibrate(args: argparse.Namespace) -> int:
    from ..calibration.fit import calibrate_model
    from ..calibration.report import to_text

    report = calibrate_model(
        args.onnx, args.manifest, args.out, decision=args.decision, pooling=args.pooling
    )
    show(args.json, f"{to_text(report)}\n{args.out}", asdict(report) | {"out": str(args.out)})
    return DONE
