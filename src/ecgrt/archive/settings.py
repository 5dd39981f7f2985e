"""What a run is told once, and every worker goes by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .. import __version__

#: What a table tells of a record, and the columns for it unless others are named.
COLUMNS = {"signal": "signal", "fs": "fs", "unit": "unit", "name": "name"}


@dataclass(frozen=True)
class Settings:
    """What a worker needs to answer as any other does.

    Attributes
    ----------
    plan, digest
        The plan's path, and the SHA-256 of its bytes, to which a worker's plan is held.
    threads, device
        As of :class:`ecgrt.Classifier`.
    min_confidence
        As of :meth:`ecgrt.Classifier.predict`.
    fs, unit, lead
        What records do not tell of themselves.
    columns
        Names of a table's columns; the keys are those of :data:`COLUMNS`.
    block
        Records that are kept together: what is lost where a run is killed.
    version
        Of ecgrt.
    """

    plan: str
    digest: str
    threads: int | None = None
    device: int = 0
    min_confidence: float = 0.0
    fs: float | None = None
    unit: str | None = None
    lead: str | int | None = None
    columns: Mapping[str, str] = field(default_factory=lambda: dict(COLUMNS))
    block: int = 256
    version: str = __version__

    @property
    def told(self) -> dict[str, Any]:
        """``fs``, ``unit`` and ``lead`` as :func:`ecgrt.read_record` takes them."""
        return {"fs": self.fs, "unit": self.unit, "lead": self.lead}

    def identity(self) -> dict[str, Any]:
        """Return what the answers depend on: neither where the plan lies nor who computes."""
        values = asdict(self)
        for other in ("plan", "threads", "device"):
            del values[other]
        return values


def digest_of(plan: str | Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with open(plan, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def check_columns(columns: Mapping[str, str]) -> dict[str, str]:
    """Return the names of all columns; raise ValueError for a key that is none."""
    if unknown := set(columns) - set(COLUMNS):
        raise ValueError(f"{min(unknown)!r} is none of {', '.join(COLUMNS)}, which columns hold")
    return {**COLUMNS, **columns}
