"""The command ``ecgrt-build-engine``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from .common import DONE, add_out, make_parser, run
from .output import STDOUT, add_json, nothing_but_json, show


def main(argv: Sequence[str] | None = None) -> int:
    """Compile an ONNX model to a plan; return the exit code."""
    parser = make_parser(
        "ecgrt-build-engine",
        "Compile an ONNX model to the plan that ecgrt runs. A CPU plan is checked against ONNX "
        "Runtime before it takes its name, and runs on every CPU; a TensorRT plan runs on the "
        "kind of GPU that it was built for.",
        "ecgrt-build-engine models/cinc17.onnx -o model.plan",
    )
    parser.add_argument("onnx", type=Path, metavar="MODEL.onnx", help="what ecgrt-export wrote")
    add_out(parser, "model.plan")
    parser.add_argument(
        "--target",
        choices=("auto", "cpu", "tensorrt"),
        default="auto",
        help="auto: TensorRT where it is installed and a CUDA device answers, else the CPU "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--precision",
        choices=("fp32", "fp16", "bf16"),
        default="fp32",
        help="of the weights, on TensorRT of the arithmetic too; bf16, for CPUs with AMX, of "
        "weights and layers' inputs (default: %(default)s)",
    )
    parser.add_argument(
        "--flavour",
        choices=("auto", "enterprise", "rtx"),
        default="auto",
        help="of TensorRT; rtx plans can be built without a GPU (default: %(default)s)",
    )
    add_json(parser, "the plan, its target, size and difference from ONNX Runtime")
    _add_lengths(parser)
    return run(parser, _build, argv)


def _add_lengths(parser: argparse.ArgumentParser) -> None:
    lengths = parser.add_argument_group("record lengths; all but --opt-seconds for TensorRT only")
    lengths.add_argument(
        "--min-seconds", type=float, default=0.0, help="shortest record (default: %(default)s)"
    )
    lengths.add_argument(
        "--opt-seconds",
        type=float,
        default=30.0,
        help="length to be fastest at (default: %(default)s)",
    )
    lengths.add_argument(
        "--max-seconds",
        type=float,
        default=180.0,
        help="longest record that runs in one piece (default: %(default)s)",
    )
    lengths.add_argument(
        "--max-batch", type=int, default=8, help="records at a time (default: %(default)s)"
    )


def _build(args: argparse.Namespace) -> int:
    from ..compile.build import build_plan, choose_target

    target, why = choose_target() if args.target == "auto" else (args.target, "as asked")
    if args.json != STDOUT:
        print(f"target: {target} ({why})", flush=True)
    start = time.perf_counter()
    with nothing_but_json(args.json):
        built = build_plan(
            args.onnx,
            args.out,
            target=target,
            precision=args.precision,
            flavour=args.flavour,
            min_seconds=args.min_seconds,
            opt_seconds=args.opt_seconds,
            max_seconds=args.max_seconds,
            max_batch=args.max_batch,
        )
    seconds, size = time.perf_counter() - start, args.out.stat().st_size
    text = f"{args.out}: {size / 1e6:.1f} MB in {seconds:.1f} s"
    if built.difference is not None:
        text += f", {built.backend}, within {built.difference:.1e} of ONNX Runtime's probabilities"
    values = asdict(built) | {"reason": why, "bytes": size, "seconds": seconds}
    show(args.json, text, values)
    return DONE
