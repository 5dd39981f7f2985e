"""The data of the PhysioNet/CinC Challenge 2017: fetched, labelled, split.

Clifford et al. 2017, doi 10.22489/CinC.2017.065-469; Goldberger et al. 2000. Licence ODC-By 1.0.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import onnx_file
from .._files import write_text
from .._progress import track
from ..metadata import digest_records
from ..records.base import list_records, read_record
from .download import get, is_url, read_sums, unzip
from .scoring import CLASSES, read_answers

PHYSIONET_URL = "https://physionet.org/files/challenge-2017/1.0.0/"
#: The final labels of the training records (PhysioNet's zips carry older ones).
REFERENCE_NAME = "REFERENCE-v3.csv"
FILES = ("training2017.zip", "sample2017.zip", REFERENCE_NAME)
TRAINING = Path("training2017")
VALIDATION = Path("sample2017", "validation")
#: A training record has one label for as many samples; the network answers once for as many.
SAMPLES_PER_LABEL = 256

#: By digest of the record names, the digest of their v3 labels: of the 300 official validation
#: records, and of the 7,674 training records that were at hand for ecgrt's own models.
_V3_LABELS = {
    "51e001c03f0f86a6bb2f2bda997f05537c8421037767b73e449aa47338b0abb0": (
        "d1ab1e4b179abd710dea6a39e122c0260f9fca5799fad518051009aa78b0992c"
    ),
    "9341ec143a2fa33de3b49b0d74c7fcc9189cb29639f3dbe2f64dbcefd7b8a60f": (
        "a39efe5ad632650c7c902f118d198e6260b1e571df0ae04345d70c01d75a60a7"
    ),
}


def fetch(source: str | Path = PHYSIONET_URL, out: str | Path = "data") -> Path:
    """Bring the challenge's records and labels, and unpack them.

    What is there already is left alone, and what an interrupted download left behind is completed.

    Parameters
    ----------
    source
        URL of a folder, or a local folder, that holds :data:`FILES`.
    out
        Folder for them and for what the zips hold; made if need be.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    FileNotFoundError, ConnectionError
        If the source cannot be reached, or lacks a file.
    ValueError
        If a file is damaged, is not the published one, or a zip would write outside of `out`.
    """
    source, out = str(source), Path(out)
    if not is_url(source) and not Path(source).is_dir():
        raise FileNotFoundError(
            f"{source} is not a folder; give a folder or URL that holds {', '.join(FILES)}"
        )
    out.mkdir(parents=True, exist_ok=True)
    sums = read_sums(source)
    for name in FILES:
        get(source, name, out / name, sums.get(name))
        if name.endswith(".zip"):
            unzip(out / name, out)
    return out


def official_validation(directory: str | Path) -> set[str]:
    """Return the names of the official validation set in `directory`, empty if it is not there."""
    folder = Path(directory) / VALIDATION
    if not (folder / "RECORDS").is_file():
        return set()
    return {path.name for path in list_records(folder)}


def read_reference(path: str | Path) -> dict[str, str]:
    """Read reference labels, ``A00001,N`` a line; errors as of :func:`~ecgrt.challenge.scoring.read_answers`.

    Returns
    -------
    dict
        Label by record name.
    """
    return read_answers(path)


def label_version(path_or_labels: str | Path | Mapping[str, str]) -> str:
    """Tell the version of reference labels, which a score is nothing without.

    Labels that are known are recognised, so that they need no telling name and a wrong name does
    not help; of others the file's name tells, as ``REFERENCE-v3.csv`` does.

    Returns
    -------
    str
        Such as ``"v3"``, or ``"unknown"``.
    """
    named = None
    if isinstance(path_or_labels, Mapping):
        labels = path_or_labels
    else:
        labels = read_reference(path_or_labels)
        if match := re.search(r"-(v\d+)$", Path(path_or_labels).stem):
            named = match[1]
    known = _V3_LABELS.get(digest_records(labels))
    if known == digest_records(f"{name},{label}" for name, label in labels.items()):
        return "v3"
    if known and named == "v3":
        return "unknown"
    return named or "unknown"


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
    """Share out the training records between train.json and dev.json.

    Each line of the two is an object ``{"ecg": path, "labels": [...]}`` with a label per 256
    samples; the path is relative to the file's folder if it lies within. Neither file has a record
    of the official validation set or a copy of one under another name (there is one), and of
    identical records only the first is used. ``split.json`` beside them tells what was done.

    Each class is shared out by itself, in the order of a digest of seed and name: the same records
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
            f"{like or f'dev_fraction {dev_fraction}'} leaves {len(train)} for train and {len(dev)} "
            f"for dev, of {len(examples)} records; both need some"
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
