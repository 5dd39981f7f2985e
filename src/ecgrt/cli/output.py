"""``--json`` of all commands: alone it prints JSON instead of text, with FILE it writes both."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from .._files import write_text

#: What ``--json`` without a FILE means.
STDOUT = "-"
SUFFIXES = (".json", ".jsonl", ".ndjson")


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``--json [FILE]``; `what` says what the JSON holds."""
    parser.add_argument(
        "--json",
        nargs="?",
        const=STDOUT,
        type=_target,
        metavar="FILE",
        help=f"print JSON instead of text: {what}; with FILE (*.json) write it there as well",
    )


def _target(text: str) -> str:
    # `--json RECORD` must not take a record for the file to write.
    is_stream = os.path.exists(text) and not (os.path.isfile(text) or os.path.isdir(text))
    if text == STDOUT or is_stream or Path(text).suffix.lower() in SUFFIXES:
        return text
    raise argparse.ArgumentTypeError(
        f"{text} does not end in {', '.join(SUFFIXES)}; to print JSON put --json last"
    )


def show(target: str | None, text: str, values: dict[str, Any]) -> None:
    """Print `text`, or `values` as JSON; write `values` to the file that ``--json`` names."""
    if target == STDOUT:
        print(to_json(values))
        return
    if target is not None:
        write_text(target, to_json(values) + "\n")
    print(text)


@contextmanager
def nothing_but_json(target: str | None) -> Iterator[None]:
    """While JSON alone is to be printed, send what the library prints to standard error."""
    if target != STDOUT:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def to_json(values: Any, indent: int | None = 2) -> str:
    """Return JSON, in which figures that are undefined are null."""
    return json.dumps(_defined(values), indent=indent, allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else os.fspath(value)


def _defined(values: Any) -> Any:
    if isinstance(values, float) and not math.isfinite(values):
        return None
    if isinstance(values, dict):
        return {key: _defined(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [_defined(value) for value in values]
    return values
