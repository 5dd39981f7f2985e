"""The command ``ecgrt-data``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .common import make_parser, run


def main(argv: Sequence[str] | None = None) -> int:
    """Fetch the PhysioNet/CinC 2017 records, split them for training; return the exit code."""
    parser = make_parser(
        "ecgrt-data",
        "Get the records of the PhysioNet/CinC Challenge 2017 and split them for training.",
        "ecgrt-data fetch --out data\n  ecgrt-data split data",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="fetch|split")
    _add_fetch(commands.add_parser("fetch", help="download or copy, verify and unpack the records"))
    _add_split(commands.add_parser("split", help="write train.json and dev.json"))
    return run(parser, lambda args: int(args.action(args)), argv)


def _add_fetch(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Get training2017.zip, sample2017.zip and REFERENCE-v3.csv, verify and unpack them. "
        "Interrupted, it resumes where it stopped."
    )
    parser.add_argument(
        "--source", help="a URL or a directory that holds them (default: PhysioNet)"
    )
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path("data"),
        metavar="DIR",
        help="where they go (default: %(default)s)",
    )
    parser.set_defaults(action=_fetch)


def _add_split(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Write train.json and dev.json, one JSON object a line. The 300 records of the official "
        "validation set are in neither."
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="where fetch put the records")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="DIR", help="where the two files go (default: DIR)"
    )
    parser.add_argument(
        "--dev-fraction",
        type=float,
        default=0.1,
        metavar="F",
        help="part of the records that goes to dev.json (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=2018,
        help="of the draw; the same seed, the same split (default: %(default)s)",
    )
    parser.add_argument(
        "--like",
        type=Path,
        metavar="MODEL.onnx",
        help="share out the records as they were for this model, instead of a draw",
    )
    parser.set_defaults(action=_split)


def _fetch(args: argparse.Namespace) -> int:
    from ..challenge.data import PHYSIONET_URL, fetch

    print(fetch(args.source or PHYSIONET_URL, args.out))
    return 0


def _split(args: argparse.Namespace) -> int:
    from ..challenge.split import split

    for path in split(args.directory, args.out, args.dev_fraction, args.seed, args.like):
        print(path)
    return 0
