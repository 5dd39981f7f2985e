"""What all commands share: options of one name, one way to fail, exit codes."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .. import Classifier, __version__
from .._errors import USER_ERRORS, describe
from ..shipped import PLAN

# The exit codes; the package's docstring has them in words.
DONE = 0
RECORD_FAILED = 1
NOT_DONE = 2
INTERRUPTED = 130
PIPE_CLOSED = 141

#: The plan that a command takes when none is named, if it lies in the current directory.
DEFAULT_PLAN = Path("model.plan")
#: Environment variable that names a plan for when there is none in the current directory.
PLAN_VARIABLE = "ECGRT_PLAN"


def make_parser(prog: str, description: str, example: str) -> argparse.ArgumentParser:
    """Return a parser with ``--version``, the example at the end of its help."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description=textwrap.fill(description, 80),
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def add_out(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``-o``, the file that a command writes."""
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path(default),
        metavar="FILE",
        help="what to write (default: %(default)s)",
    )


def add_plan(parser: argparse.ArgumentParser) -> None:
    """Add ``--plan``; :func:`find_plan` turns what it holds into a path."""
    parser.add_argument(
        "--plan",
        type=Path,
        metavar="PLAN",
        help=f"the plan that ecgrt-build-engine wrote (default: {DEFAULT_PLAN} in the current "
        f"directory, else what the environment variable {PLAN_VARIABLE} names, else the one that "
        "comes with ecgrt)",
    )


def add_record_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--fs``, ``--unit`` and ``--lead``: what records do not say of themselves."""
    parser.add_argument(
        "--fs",
        type=float,
        metavar="HZ",
        help="sampling rate of files that do not tell it",
    )
    parser.add_argument(
        "--unit",
        metavar="UNIT",
        help="unit of files that do not tell it: V, mV, uV or nV, or the size of a step such as "
        "'4.88 uV'",
    )
    parser.add_argument(
        "--lead", metavar="LEAD", help="which lead of several: its name, or its number from 0"
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument(
        "--device",
        type=int,
        default=0,
        metavar="N",
        help="CUDA device, for a TensorRT plan (default: %(default)s)",
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--plan``, ``--threads`` and ``--device``, which :func:`load` goes by."""
    add_plan(parser)
    parser.add_argument(
        "--threads",
        type=int,
        metavar="N",
        help="of the CPU engine (default: ECGRT_NUM_THREADS, else a thread for each core)",
    )
    add_device(parser)


def reading(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options of :func:`add_record_options` as :func:`ecgrt.read_record` takes them."""
    return {"fs": args.fs, "unit": args.unit, "lead": args.lead}


def load(args: argparse.Namespace) -> Classifier:
    """Load the plan that the options of :func:`add_run_options` name."""
    return Classifier(find_plan(args.plan), threads=args.threads, device=args.device)


def find_plan(plan: Path | None) -> Path:
    """Return the plan to use: the one that is named, else the default ones in their order."""
    if plan is not None:
        return plan
    if DEFAULT_PLAN.exists():
        return DEFAULT_PLAN
    if named := os.environ.get(PLAN_VARIABLE):
        return Path(named)
    return Path(PLAN)


def printable(name: str) -> str:
    """Return a name that stays within its line and its column, whatever bytes a file's name has."""
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return escaped.encode("utf-8", "backslashreplace").decode()


def run(
    parser: argparse.ArgumentParser,
    action: Callable[[argparse.Namespace], int],
    argv: Sequence[str] | None,
) -> int:
    """Parse `argv`, do `action`, return its exit code.

    An error that a user can mend is one line on stderr.
    """
    args = parser.parse_args(argv)
    try:
        code = action(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        parser.exit(INTERRUPTED, f"{parser.prog}: interrupted\n")
    except BrokenPipeError:  # the reader (`| head`) has had enough; Python would flush once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except USER_ERRORS as error:
        parser.exit(NOT_DONE, f"{parser.prog}: error: {describe(error)}\n")
