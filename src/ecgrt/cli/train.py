"""The command ``ecgrt-train``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .common import DONE, make_parser, run


def main(argv: Sequence[str] | None = None) -> int:
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
    return DONE
