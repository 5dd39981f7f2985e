"""``ecgrt-crossval``: recipes of training compared over all records, each seen by a stranger."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from .common import make_parser, run


def crossval_main(argv: Sequence[str] | None = None) -> int:
    """Compare recipes by cross-validation; return the exit code."""
    parser = make_parser(
        "ecgrt-crossval",
        "Train recipes on all folds but one of the records of train and dev, in turn, and compare "
        "what they say of the records that they have not seen. Begun again, it goes on where it "
        "was. Choose by log loss, which tells recipes apart with fewer records than F1.",
        "ecgrt-crossval configs/compact.json configs/wide.json --seeds 1 2 3 -o table.json",
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
    parser.add_argument("-o", "--out", type=Path, help="write the comparison as JSON, too")
    return run(parser, _crossval, argv)


def _crossval(args: argparse.Namespace) -> int:
    from .._files import write_text
    from ..calibration.comparison import to_text
    from ..calibration.crossval import cross_validate, load_recipes

    recipes = load_recipes(args.configs)
    base = args.base or args.configs[0].stem
    found = cross_validate(
        recipes, base, folds=args.folds, seeds=args.seeds, jobs=args.jobs
    )
    print(to_text(found))
    if args.out is not None:
        write_text(args.out, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return 0
