"""The command ``ecgrt-triton``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .common import DONE, add_run_options, find_plan, make_parser, run


def main(argv: Sequence[str] | None = None) -> int:
    """Write a model repository; return the exit code."""
    parser = make_parser(
        "ecgrt-triton",
        "Write a model repository for NVIDIA's Triton Inference Server: the model ecgrt, which "
        "answers records, and ecgrt_stream, which answers sequences of chunks. Its Python needs "
        "ecgrt installed. Not a medical device.",
        "ecgrt-triton repository && tritonserver --model-repository repository",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the repository")
    add_run_options(parser)
    for name, default, what in (
        ("batch", 64, "requests that are answered together"),
        ("sequences", 1024, "streams at a time"),
    ):
        parser.add_argument(
            f"--{name}",
            type=int,
            default=default,
            metavar="N",
            help=f"{what} (default: %(default)s)",
        )
    return run(parser, _write, argv)


def _write(args: argparse.Namespace) -> int:
    from ..triton import write_repository

    models = write_repository(
        args.folder,
        find_plan(args.plan),
        threads=args.threads or 0,
        device=args.device,
        batch=args.batch,
        sequences=args.sequences,
    )
    for model in models:
        print(model)
    return DONE
