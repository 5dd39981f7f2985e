"""Folds that are the same for ever: a record's place in its class follows from its name alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .._files import write_text
from ..records.manifest import LabelledRecord, manifest_lines
from .measures import Integers


def named_folds(records: Sequence[LabelledRecord], folds: int) -> Integers:
    """Return (N,) the fold of each record.

    Records whose samples are the same go to one fold. Each class is dealt out in the order of the
    names' digests, so that folds share it out to within one record, whatever the records' order.
    """
    groups: dict[bytes, list[int]] = {}
    for number, item in enumerate(records):
        groups.setdefault(hashlib.sha256(item.record.signal.tobytes()).digest(), []).append(number)
    by_class: dict[str, list[tuple[str, list[int]]]] = {}
    for members in groups.values():
        first = min(members, key=lambda number: records[number].record.name)
        digest = hashlib.sha256(records[first].record.name.encode()).hexdigest()
        by_class.setdefault(records[first].label, []).append((digest, members))
    numbers = np.empty(len(records), np.intp)
    for dealt in by_class.values():
        for place, (_, members) in enumerate(sorted(dealt)):
            numbers[members] = place % folds
    return numbers


def write_parts(
    manifests: Sequence[Path], folder: Path, parts: dict[str, Sequence[bool]]
) -> dict[str, Path]:
    """Write a manifest for each part of the manifests' records; return their paths by name.

    Parameters
    ----------
    manifests
        The records are taken in their order.
    folder
        Gets ``NAME.json`` for each part.
    parts
        Which of all records belong to each part.
    """
    lines = []
    for manifest in manifests:
        for _, line in manifest_lines(manifest):
            entry = json.loads(line)
            path = str(manifest.parent.resolve() / entry["ecg"])
            lines.append(json.dumps({**entry, "ecg": path}))
    folder.mkdir(parents=True, exist_ok=True)
    for name, chosen in parts.items():
        kept = [line for line, is_chosen in zip(lines, chosen, strict=True) if is_chosen]
        write_text(folder / f"{name}.json", "".join(f"{line}\n" for line in kept))
    return {name: folder / f"{name}.json" for name in parts}
