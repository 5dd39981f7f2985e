"""What peers share: how a file is opened, and how many records a batch has."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def batch_size(count: int) -> int:
    """Return the largest batch, of at most eight, that divides `count`."""
    return max(size for size in range(1, 9) if count % size == 0)


def open_model(model: Path, read: Callable[[str], Any]) -> Any:
    """Turn whatever an engine raises for a file that it cannot open into one kind of error."""
    try:
        return read(os.fspath(model))
    except Exception as error:
        raise ValueError(f"{model} is not a model that can be opened: {error}") from error
