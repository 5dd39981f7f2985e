"""``ecgrt-crossval``: recipes of training compared over all records, each seen by a stranger."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .common import DONE, make_parser, run
from .output import add_json, show


def main(argv: Sequence[str] | None = None) -> int:
    """Compare recipes by cross-validation; return the exit code."""
    parser = make_parser(
        "ecgrt-crossval",
        "Train recipes on all folds but one of the records of train and dev, in turn, and compare "
        "what they say of the records that they have not seen. Begun again, it goes on where it "
        "was. Choose by log loss, which tells recipes apart with fewer records than F1.",
        "ecgrt-crossval configs/compact.json configs/wide.json --seeds 1 2 3 --json table.json",
    )
    parser.add_argument("configs", type=Path, nargs="+", metavar="CONFIG.json")
    parser.add_argument(
        "--base", metavar="NAME", help="the recipe that others are compared with; the first"
    )
    parser.add_argument("--folds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[], metavar="SEED", help="(default: each its own)"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="runs at a time, sharing the cores (default: 1)"
    )
    add_json(parser, "the comparison")
    return run(parser, _crossval, argv)


def _crossval(args: argparse.Namespace) -> int:
    from ..calibration.comparison import to_text
    from ..calibration.crossval import cross_validate, load_recipes

    recipes = load_recipes(args.configs)
    base = args.base or args.configs[0].stem
    found = cross_validate(recipes, base, folds=args.folds, seeds=args.seeds, jobs=args.jobs)
    show(args.json, to_text(found), found)
    return DONE
