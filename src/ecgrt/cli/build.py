"""The commands on the way from records to a plan: train, export, calibrate, build-engine."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from .common import make_parser, run


def train_main(argv: Sequence[str] | None = None) -> int:
    """Train a network; return the exit code."""
    parser = make_parser(
        "ecgrt-train",
        "Train a network on the records of a split; prints the folder of the run.",
        "ecgrt-train configs/reference.json -e first\n"
        "  ecgrt-train configs/reference.json -e first --resume",
    )
    parser.add_argument("config", type=Path, metavar="config.json", help="network and recipe")
    parser.add_argument(
        "-e",
        "--experiment",
        metavar="NAME",
        help="name of the run and of the folder that gets it (default: default)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with an interrupted run exactly where it was"
    )
    return run(parser, _train, argv)


def _train(args: argparse.Namespace) -> int:
    from ..training.config import TrainConfig
    from ..training.train import train

    print(train(TrainConfig.load(args.config), args.experiment, args.resume))
    return 0


def export_main(argv: Sequence[str] | None = None) -> int:
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
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("model.onnx"), help="(default: %(default)s)"
    )
    return run(parser, _export, argv)


def _export(args: argparse.Namespace) -> int:
    from ..training.export import export

    export(args.checkpoint, args.out)
    return 0


def calibrate_main(argv: Sequence[str] | None = None) -> int:
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
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("calibrated.onnx"), help="(default: %(default)s)"
    )
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
    return run(parser, _calibrate, argv)


def _calibrate(args: argparse.Namespace) -> int:
    from ..calibration.fit import calibrate_model
    from ..calibration.report import to_text

    report = calibrate_model(
        args.onnx, args.manifest, args.out, decision=args.decision, pooling=args.pooling
    )
    print(to_text(report))
    print(args.out)
    return 0


def build_engine_main(argv: Sequence[str] | None = None) -> int:
    """Compile an ONNX model to a plan; return the exit code."""
    parser = make_parser(
        "ecgrt-build-engine",
        "Compile an ONNX model to the plan that ecgrt runs. A CPU plan is checked against ONNX "
        "Runtime before it takes its name, and runs on every CPU; a TensorRT plan runs on the "
        "kind of GPU that it was built for.",
        "ecgrt-build-engine models/cinc17.onnx -o model.plan",
    )
    parser.add_argument("onnx", type=Path, metavar="model.onnx", help="what ecgrt-export wrote")
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("model.plan"), help="(default: %(default)s)"
    )
    parser.add_argument(
        "--target",
        choices=("auto", "cpu", "tensorrt"),
        default="auto",
        help="auto: TensorRT where it is installed and a CUDA device answers, else the CPU "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--precision",
        choices=("fp32", "fp16"),
        default="fp32",
        help="of the weights, on TensorRT of the arithmetic too (default: %(default)s)",
    )
    parser.add_argument(
        "--flavour",
        choices=("auto", "enterprise", "rtx"),
        default="auto",
        help="of TensorRT; rtx plans can be built without a GPU (default: %(default)s)",
    )
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
    return run(parser, _build_engine, argv)


def _build_engine(args: argparse.Namespace) -> int:
    target, why = args.target, "as asked"
    if target == "auto":
        target, why = _choose_target()
    print(f"target: {target} ({why})", flush=True)
    start = time.perf_counter()
    figure = _build_tensorrt(args) if target == "tensorrt" else _build_cpu(args)
    seconds = time.perf_counter() - start
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB in {seconds:.1f} s{figure}")
    return 0


def _choose_target() -> tuple[str, str]:
    """TensorRT where a CUDA device answers and TensorRT is installed, else the CPU, and why."""
    from ..compile.tensorrt_plan import cuda_device_name, installed_flavours

    device = cuda_device_name()
    if device is None:
        return "cpu", "no CUDA device answers"
    if not installed_flavours():
        return "cpu", f'{device} would do, but TensorRT is missing: pip install "ecgrt[tensorrt]"'
    return "tensorrt", f"CUDA device: {device}"


def _build_tensorrt(args: argparse.Namespace) -> str:
    from ..compile.tensorrt_plan import build_tensorrt_plan

    build_tensorrt_plan(
        args.onnx,
        args.out,
        precision=args.precision,
        min_seconds=args.min_seconds,
        opt_seconds=args.opt_seconds,
        max_seconds=args.max_seconds,
        max_batch=args.max_batch,
        flavour=args.flavour,
    )
    return ""


def _build_cpu(args: argparse.Namespace) -> str:
    from ..compile.cpu_plan import build_cpu_plan

    plan = build_cpu_plan(
        args.onnx, args.out, precision=args.precision, opt_seconds=args.opt_seconds
    )
    return f", {plan.backend}, within {plan.difference:.1e} of ONNX Runtime's probabilities"
