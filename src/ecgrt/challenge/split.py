"""Shares out the challenge's training records between train and dev."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import onnx_file
from .._files import write_text
from .._progress import track
from ..metadata import digest_records
from ..records import list_records, read_record
from ..records.manifest import SAMPLES_PER_LABEL
from .data import REFERENCE_NAME, TRAINING, VALIDATION
from .labels import label_version, read_reference
from .scoring import CLASSES


@dataclass(frozen=True)
class _Example:
    """A training record: where it is, its label, how many labels it takes."""

    path: Path
    label: str
    segments: int


def split(
    directory: str | Path,
    out: str | Path | None = None,
    dev_fraction: float = 0.1,
    seed: int = 2018,
    like: str | Path | None = None,
) -> tuple[Path, Path]:
    """Divide the training records between train.json and dev.json.

    Each line of the two is an object ``{"ecg": path, "labels": [...]}`` with a label per 256
    samples; the path is relative to the file's folder if it lies within. Neither file has a record
    of the official validation set or a copy of one under another name (there is one), and of
    identical records only the first is used. ``split.json`` beside them says what was done.

    Each class is divided by itself, in the order of a digest of seed and name, so the same records
    and seed always give the same two files.

    Parameters
    ----------
    directory
        What :func:`fetch` made.
    out
        Folder for the three files; `directory` if None.
    dev_fraction
        Share of each class that goes to dev, between 0 and 1.
    seed
        Another seed, another split.
    like
        An ONNX model of ecgrt's, to share out the records as they were for it: what it was trained
        on goes to train, all the rest to dev. `dev_fraction` and `seed` do not count then.

    Returns
    -------
    tuple of Path
        train.json and dev.json.

    Raises
    ------
    FileNotFoundError
        If the training records, their labels, the validation set or the model are not there.
    ValueError
        If a record is damaged, too short or has no label, `dev_fraction` leaves train or dev
        without a record, or the model does not name its training records.
    """
    directory = Path(directory)
    out = directory if out is None else Path(out)
    if not 0 < dev_fraction < 1:
        raise ValueError(f"dev_fraction must lie between 0 and 1, not {dev_fraction}")
    reference = _labels_file(directory)
    examples, copies = _examples(directory, read_reference(reference))
    if like is None:
        chosen = _choose(examples, dev_fraction, seed)
    else:
        seen = training_records(like)
        chosen = {example for example in examples if example.path.name not in seen}
    train = [example for example in examples if example not in chosen]
    dev = [example for example in examples if example in chosen]
    if not (train and dev):
        raise ValueError(
            f"{like or f'dev_fraction {dev_fraction}'} leaves {len(train)} for train and "
            f"{len(dev)} for dev, of {len(examples)} records; both need some"
        )
    out.mkdir(parents=True, exist_ok=True)
    for name, part in (("train.json", train), ("dev.json", dev)):
        write_text(out / name, "".join(_manifest_line(example, out) for example in part))
    validation = [path.name for path in list_records(directory / VALIDATION)]
    draw = {"seed": seed, "dev_fraction": dev_fraction}
    summary = {
        "label_version": label_version(reference),
        **(draw if like is None else {"like": Path(like).name}),
        "samples_per_label": SAMPLES_PER_LABEL,
        "train": _summary(train),
        "dev": _summary(dev),
        "validation": {"records": len(validation), "digest": digest_records(validation)},
        "left_out_as_copies": copies,
    }
    write_text(out / "split.json", json.dumps(summary, indent=2) + "\n")
    return out / "train.json", out / "dev.json"


def _labels_file(directory: Path) -> Path:
    """Return the best labels of the training records, once all that a split needs is there."""
    for folder in (TRAINING, VALIDATION):
        if not (directory / folder / "RECORDS").is_file():
            raise FileNotFoundError(
                f"{directory / folder} is not there or has no RECORDS; fetch it with "
                f"'ecgrt-data fetch --out {directory}'"
            )
    final = directory / REFERENCE_NAME
    return final if final.is_file() else directory / TRAINING / "REFERENCE.csv"


def training_records(model: str | Path) -> frozenset[str]:
    """Return the names of the records that an ONNX model says it was trained on.

    Raises
    ------
    FileNotFoundError
        If there is no such model.
    ValueError
        If it is no ONNX model, or does not say.
    """
    if not Path(model).is_file():
        raise FileNotFoundError(f"no such model: {model}")
    names = onnx_file.training_records(onnx_file.load_model(model))
    if not names:
        raise ValueError(f"{model} does not name its training records; ecgrt-export writes them")
    return names


def _examples(directory: Path, labels: Mapping[str, str]) -> tuple[list[_Example], dict[str, str]]:
    """Return the records to train on, sorted by name, and the copies: what each is a copy of."""
    validation = list_records(directory / VALIDATION)
    held_out = {path.name for path in validation}
    seen = {_fingerprint(path)[0]: path.name for path in validation}
    examples: list[_Example] = []
    copies: dict[str, str] = {}
    for path in track(sorted(list_records(directory / TRAINING)), desc="records"):
        if path.name in held_out:
            continue
        fingerprint, length = _fingerprint(path)
        if fingerprint in seen:
            copies[path.name] = seen[fingerprint]
            continue
        seen[fingerprint] = path.name
        if path.name not in labels:
            raise ValueError(
                f"record {path.name} has no label in the reference file; fetch it again"
            )
        if length < SAMPLES_PER_LABEL:
            raise ValueError(
                f"record {path.name} has {length} samples; a label needs {SAMPLES_PER_LABEL}"
            )
        examples.append(_Example(path, labels[path.name], length // SAMPLES_PER_LABEL))
    return examples, copies


def _fingerprint(path: Path) -> tuple[str, int]:
    """Return the SHA-256 of a record's samples, and how many they are."""
    signal = read_record(path).signal
    return hashlib.sha256(signal.tobytes()).hexdigest(), signal.size


def _choose(examples: Iterable[_Example], fraction: float, seed: int) -> set[_Example]:
    """Pick `fraction` of each class.

    A digest orders the records, for it depends neither on the order that they come in nor on a
    random generator's version, and a record more or less hardly moves the others.
    """
    chosen: set[_Example] = set()
    for label in CLASSES:
        ordered = sorted(
            (example for example in examples if example.label == label),
            key=lambda example: hashlib.sha256(f"{seed}:{example.path.name}".encode()).digest(),
        )
        chosen.update(ordered[: round(fraction * len(ordered))])
    return chosen


def _manifest_line(example: _Example, folder: Path) -> str:
    signal = example.path.with_name(example.path.name + ".mat").resolve()
    folder = folder.resolve()
    ecg = signal.relative_to(folder) if signal.is_relative_to(folder) else signal
    line = {"ecg": ecg.as_posix(), "labels": [example.label] * example.segments}
    return json.dumps(line) + "\n"


def _summary(examples: Iterable[_Example]) -> dict[str, object]:
    names = [example.path.name for example in examples]
    counts = Counter(example.label for example in examples)
    return {
        "records": len(names),
        "labels": {label: counts[label] for label in CLASSES},
        "digest": digest_records(names),
    }
