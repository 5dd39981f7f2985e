"""The command ``ecgrt-calibrate``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from .common import DONE, add_out, make_parser, run
from .output import add_json, show

if TYPE_CHECKING:
    from ..calibration.report import Report


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
        "manifests",
        type=Path,
        nargs="+",
        metavar="DEV.json",
        help="dev records, as ecgrt-data split writes; with --out-of-fold all manifests of the "
        "records that were cross-validated",
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
    parser.add_argument(
        "--out-of-fold",
        type=Path,
        metavar="ANSWERS.npz",
        help="for a model with a record head: the answers that ecgrt-crossval kept of its recipe; "
        "the head is given rhythm features, too",
    )
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="ANSWERS.npz",
        help="keep what heads with features say out of fold, for the field 'teacher' of a recipe",
    )
    add_json(parser, "the figures before, as fitted and held out, and the model's metadata")
    return run(parser, _calibrate, argv)


def _calibrate(args: argparse.Namespace) -> int:
    from ..calibration.report import to_text

    report = _fit(args)
    show(args.json, f"{to_text(report)}\n{args.out}", asdict(report) | {"out": str(args.out)})
    return DONE


def _fit(args: argparse.Namespace) -> Report:
    from ..calibration.fit import calibrate_model
    from ..calibration.record_calibration import calibrate_record_head

    if args.out_of_fold is not None:
        return calibrate_record_head(
            args.onnx, args.manifests, args.out_of_fold, args.out, keep=args.answers
        )
    if len(args.manifests) > 1:
        raise ValueError("one manifest of dev records is accepted, more with --out-of-fold only")
    return calibrate_model(
        args.onnx, args.manifests[0], args.out, decision=args.decision, pooling=args.pooling
    )
