"""The command ``ecgrt-entry``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .common import DONE, add_out, add_run_options, find_plan, make_parser, run


def main(argv: Sequence[str] | None = None) -> int:
    """Package an entry of the PhysioNet/CinC Challenge 2017; return the exit code."""
    parser = make_parser(
        "ecgrt-entry",
        "Package a plan as an entry of the PhysioNet/CinC Challenge 2017: setup.sh, next.sh, "
        "AUTHORS.txt, LICENSE.txt, dependencies.txt, the plan and its answers for the validation "
        "set, in one zip.",
        'ecgrt-entry data/sample2017/validation --author "Ada Lovelace, London" '
        "--wheel dist/ecgrt-*.whl",
    )
    parser.add_argument(
        "directory", type=Path, metavar="DIR", help="the official validation set, for answers.txt"
    )
    add_run_options(parser)
    add_out(parser, "entry.zip")
    parser.add_argument(
        "--wheel",
        type=Path,
        help="the wheel of ecgrt that setup.sh is to install (default: it installs from PyPI)",
    )
    parser.add_argument(
        "--author",
        action="append",
        metavar="NAME",
        help="an author with affiliation; repeat for more (default: the developers of ecgrt)",
    )
    return run(parser, _entry, argv)


def _entry(args: argparse.Namespace) -> int:
    from ..challenge.entry import build_entry

    authors = {"authors": args.author} if args.author else {}
    path = build_entry(
        find_plan(args.plan),
        args.directory,
        args.out,
        wheel=args.wheel,
        threads=args.threads,
        device=args.device,
        **authors,
    )
    print(path)
    return DONE
