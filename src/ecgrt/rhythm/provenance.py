"""Where an answer comes from: which file, read how, and which model."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from .._core import __version__

if TYPE_CHECKING:
    from .._core import Classifier
    from ..records import Record, RecordReader


@dataclass(frozen=True)
class Provenance:
    """What is needed to make an answer again.

    Attributes
    ----------
    file, digest
        The record's file (of a WFDB record its header) and the SHA-256 of its bytes; None if it
        comes from no file.
    signal_digest
        SHA-256 of the samples as they were read.
    format, lead, unit
        As of :class:`ecgrt.Record`.
    sampling_rate
        The record's, in Hz.
    model, plan_digest
        The model's name and the SHA-256 of its plan's file; None if unknown.
    backend
        What ran the network.
    version
        Of ecgrt.
    """

    file: str | None
    digest: str | None
    signal_digest: str
    format: str
    lead: str | None
    unit: str
    sampling_rate: float
    model: str | None
    plan_digest: str | None
    backend: str
    version: str

    def to_dict(self) -> dict[str, str | float | None]:
        """Return what JSON can hold."""
        return asdict(self)


def provenance(
    classifier: Classifier, record: Record | RecordReader, signal_digest: str | None = None
) -> Provenance:
    """Return where the classifier's answers for a record come from.

    Parameters
    ----------
    classifier, record
        What answered, and what was asked of.
    signal_digest
        Of the samples; None: that of the record's signal, which a reader does not have.

    Raises
    ------
    OSError
        If the record's file or the plan is there and cannot be read.
    """
    if signal_digest is None:
        signal_digest = hashlib.sha256(cast("Record", record).signal.data).hexdigest()
    path = record.path
    return Provenance(
        file=None if path is None else path.name,
        digest=None if path is None else _file_digest(path),
        signal_digest=signal_digest,
        format=record.format,
        lead=record.lead,
        unit=record.unit,
        sampling_rate=float(record.fs),
        model=classifier.metadata.get("model"),
        plan_digest=_plan_digest(classifier.plan),
        backend=classifier.backend,
        version=__version__,
    )


#: Of a file that is there no longer, or not for this user. A disk that fails is an error: what a
#: digest stands in, such as the identifiers of FHIR, would not be the same another time.
_AWAY = (FileNotFoundError, NotADirectoryError, PermissionError)


def _plan_digest(plan: str | None) -> str | None:
    if plan is None:
        return None
    try:
        status = os.stat(plan)
        return _digest_once(plan, status.st_mtime_ns, status.st_size)
    except _AWAY:  # a loaded plan is not needed any more
        return None


@lru_cache(maxsize=8)  # of what is raised it keeps nothing: the next call tries again
def _digest_once(plan: str, _time: int, _size: int) -> str:
    return _digest(Path(plan))


def _file_digest(path: Path) -> str | None:
    try:
        return _digest(path)
    except _AWAY:
        return None


def _digest(path: Path) -> str:
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()
