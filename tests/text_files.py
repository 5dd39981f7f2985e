"""Files of text with a wave in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ecgrt.records import Record, read_record

WAVE = np.round(300 * np.sin(np.arange(600) / 20), 3)


def write(folder: Path, text: str, *, name: str = "a.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def read(folder: Path, text: str, **said: Any) -> Record:
    return read_record(write(folder, text), **said)


def column(values: Any, decimal: str = ".") -> str:
    return "".join(f"{value}\n".replace(".", decimal) for value in values)


def table(*columns: Any, separator: str = ",", decimal: str = ".") -> str:
    rows = zip(*columns, strict=True)
    return "".join(
        separator.join(str(cell).replace(".", decimal) for cell in row) + "\n" for row in rows
    )
