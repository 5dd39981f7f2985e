"""What all commands share: a parser with an example, one way to fail, the default plan."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

from .. import BackendUnavailableError, PlanError, __version__

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


def add_plan(parser: argparse.ArgumentParser) -> None:
    """Add ``--plan``; :func:`find_plan` turns what it holds into a path."""
    parser.add_argument(
        "--plan",
        type=Path,
        metavar="PLAN",
        help=f"the plan that ecgrt-build-engine wrote (default: {DEFAULT_PLAN} in the current "
        f"directory, else what the environment variable {PLAN_VARIABLE} names)",
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


def find_plan(plan: Path | None) -> Path:
    """Return the plan to use: the one that is named, else the default ones in their order.

    Raises
    ------
    FileNotFoundError
        If none is named and there is no default one.
    """
    if plan is not None:
        return plan
    if DEFAULT_PLAN.exists():
        return DEFAULT_PLAN
    if named := os.environ.get(PLAN_VARIABLE):
        return Path(named)
    raise FileNotFoundError(
        f"no plan: name one with --plan or {PLAN_VARIABLE}, or make {DEFAULT_PLAN} here with: "
        f"ecgrt-build-engine model.onnx -o {DEFAULT_PLAN}"
    )


def describe(error: BaseException) -> str:
    """Return what went wrong in one line, without Python's ``[Errno 2]``."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def run(
    parser: argparse.ArgumentParser,
    action: Callable[[argparse.Namespace], int],
    argv: Sequence[str] | None,
) -> int:
    """Parse `argv`, do `action`, return its exit code.

    An error that a user can mend is one line on stderr and exit code 2. Any other exception is a
    defect of ecgrt and keeps its traceback.
    """
    args = parser.parse_args(argv)
    try:
        code = action(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        parser.exit(130, f"{parser.prog}: interrupted\n")
    except BrokenPipeError:  # the reader (`| head`) has had enough; Python would flush once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (
        ValueError,
        TypeError,
        OSError,
        ImportError,
        PlanError,
        BackendUnavailableError,
    ) as error:
        parser.exit(2, f"{parser.prog}: error: {describe(error)}\n")
