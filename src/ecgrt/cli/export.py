"""The command ``ecgrt-export``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .common import DONE, add_out, make_parser, run


def main(argv: Sequence[str] | None = None) -> int:
    """Export a checkpoint to ONNX; return the exit code."""
    parser = make_parser(
        "ecgrt-export",
        "Export a Keras checkpoint to ONNX, checked against Keras before it is written.",
        "ecgrt-export saved/first/20261123-101500 -o model.onnx",
    )
    parser.add_argument(
        "checkpoint",
        type=Path,
        metavar="CHECKPOINT",
        help="a .keras file in the folder of its run, or that folder for its best checkpoint",
    )
    add_out(parser, "model.onnx")
    parser.add_argument(
        "--tolerance",
        type=float,
        metavar="X",
        help="largest difference of a probability between Keras and ONNX Runtime with which it is "
        "written (default: 1e-5; a short training may need more)",
    )
    return run(parser, _export, argv)


def _export(args: argparse.Namespace) -> int:
    from ..training.export import TOLERANCE, export

    tolerance = TOLERANCE if args.tolerance is None else args.tolerance
    print(export(args.checkpoint, args.out, tolerance=tolerance))
    return DONE
