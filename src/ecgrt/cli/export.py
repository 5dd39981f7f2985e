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
        "Export a Keras checkpoint to ONNX, checked against Keras before it is written; or give an "
        "ONNX model of other origin the metadata that a plan needs.",
        "ecgrt-export saved/first/20261123-101500 -o model.onnx\n"
        "  ecgrt-export foreign.onnx --metadata fields.json -o model.onnx",
    )
    parser.add_argument(
        "checkpoint",
        type=Path,
        metavar="CHECKPOINT",
        help="a .keras file in the folder of its run, or that folder for its best checkpoint; with "
        "--metadata an ONNX model",
    )
    add_out(parser, "model.onnx")
    parser.add_argument(
        "--tolerance",
        type=float,
        metavar="X",
        help="largest difference of a probability between Keras and ONNX Runtime with which it is "
        "written (default: 1e-4, as for a plan)",
    )
    parser.add_argument(
        "--metadata",
        type=Path,
        metavar="FIELDS.json",
        help="what an ONNX model of other origin is to say of itself: at least classes and "
        "sampling_rate, and mean and std of its training signals unless its signal has a local "
        "scale; docs/own-data.md tells all",
    )
    return run(parser, _export, argv)


def _export(args: argparse.Namespace) -> int:
    if args.metadata is not None:
        return _describe(args)
    if args.checkpoint.suffix.lower() == ".onnx":
        raise ValueError(
            f"{args.checkpoint} is an ONNX model; say with --metadata FIELDS.json what it is to "
            "say of itself"
        )
    from ..training.export import TOLERANCE, export

    tolerance = TOLERANCE if args.tolerance is None else args.tolerance
    print(export(args.checkpoint, args.out, tolerance=tolerance))
    return DONE


def _describe(args: argparse.Namespace) -> int:
    from ..compile.describe import describe_model

    if args.tolerance is not None:
        raise ValueError("--tolerance is for Keras checkpoints; an ONNX model stays as it is")
    found = describe_model(args.checkpoint, args.metadata, args.out)
    print(
        f"{args.out}: {', '.join(found.classes)} at {found.sampling_rate:g} Hz, a label every "
        f"{found.samples_per_segment} samples"
    )
    return DONE
