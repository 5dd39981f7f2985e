"""Reference labels of the challenge, and which version of them one has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..metadata import digest_records
from .scoring import CLASSES, read_answers

#: By digest of the record names, the digest of their v3 labels: of the 300 official validation
#: records, and of the 7,674 training records that were available for ecgrt's own models.
_V3_LABELS = {
    "51e001c03f0f86a6bb2f2bda997f05537c8421037767b73e449aa47338b0abb0": (
        "d1ab1e4b179abd710dea6a39e122c0260f9fca5799fad518051009aa78b0992c"
    ),
    "9341ec143a2fa33de3b49b0d74c7fcc9189cb29639f3dbe2f64dbcefd7b8a60f": (
        "a39efe5ad632650c7c902f118d198e6260b1e571df0ae04345d70c01d75a60a7"
    ),
}


def read_reference(path: str | Path, classes: Sequence[str] | None = CLASSES) -> dict[str, str]:
    """Read reference labels, ``A00001,N`` a line, of these classes; None: of any.

    Raises the errors of :func:`~ecgrt.challenge.scoring.read_answers`.

    Returns
    -------
    dict
        Label by record name.
    """
    return read_answers(path, classes)


def label_version(path_or_labels: str | Path | Mapping[str, str]) -> str:
    """Return the version of reference labels, without which a score means nothing.

    Known labels are recognised by their content, whatever the file is called. For others the
    version is taken from the file's name, such as ``REFERENCE-v3.csv``.

    Returns
    -------
    str
        Such as ``"v3"``, or ``"unknown"``.
    """
    named = None
    if isinstance(path_or_labels, Mapping):
        labels = path_or_labels
    else:
        labels = read_reference(path_or_labels, None)
        if match := re.search(r"-(v\d+)$", Path(path_or_labels).stem):
            named = match[1]
    known = _V3_LABELS.get(digest_records(labels))
    if known == digest_records(f"{name},{label}" for name, label in labels.items()):
        return "v3"
    if known and named == "v3":
        return "unknown"
    return named or "unknown"
