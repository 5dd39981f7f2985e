"""What a model answers for the records that its card scores it on."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgrt import Classifier
from ecgrt._progress import track
from ecgrt.challenge.data import REFERENCE_NAME, VALIDATION
from ecgrt.challenge.labels import label_version, read_reference
from ecgrt.challenge.scoring import CLASSES
from ecgrt.challenge.split import split, training_records
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.records.base import Record, list_records, read_record
from ecgrt.records.manifest import read_manifest

#: Records that are classified at a time.
BATCH = 32

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answers:
    """A model's answers for n records.

    Attributes
    ----------
    names, reference, labels
        Of each record its name, its label and the model's answer.
    probabilities
        float64 (n, 4), in the order of :data:`ecgrt.challenge.scoring.CLASSES`.
    confidence
        float64 (n,), the probability of the answer.
    segments
        Of each record a letter for each of its segments, the answer there.
    """

    names: tuple[str, ...]
    reference: tuple[str, ...]
    labels: tuple[str, ...]
    probabilities: Floats
    confidence: Floats
    segments: tuple[str, ...]

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Bool (n,): where the answer is the reference."""
        pairs = zip(self.labels, self.reference, strict=True)
        return np.array([label == reference for label, reference in pairs])


@dataclass(frozen=True, eq=False)
class Material:
    """All that the card's scores are computed from.

    Attributes
    ----------
    dev, validation
        Answers for the model's own dev records and for the official validation set.
    copies
        Of each of these records that was trained on under another name that name.
    label_version
        Of the reference labels, such as ``"v3"``.
    metadata
        What the model says about itself.
    """

    dev: Answers
    validation: Answers
    copies: dict[str, str]
    label_version: str
    metadata: dict[str, Any]


def gather(model: Path, data: Path, known_dev: Callable[[str], Sequence[str] | None]) -> Material:
    """Classify the dev and the validation records with the native engine.

    Parameters
    ----------
    model
        ONNX, as ``ecgrt-export`` writes it.
    data
        What ``ecgrt-data fetch`` made.
    known_dev
        Returns the names of the dev records for a digest of training records if a card lists
        them, else None; all records that the model has not seen are dev records then.

    Raises
    ------
    FileNotFoundError
        If the model, the records or their labels are not there.
    ValueError
        If the model does not name its training records, has seen a validation record, or answers
        other classes than the challenge's.
    """
    reference = data / REFERENCE_NAME
    if not reference.is_file():
        raise FileNotFoundError(
            f"{reference} is not there; fetch it with 'ecgrt-data fetch --out {data}'"
        )
    trained = training_records(model)
    with tempfile.TemporaryDirectory() as folder:
        _, manifest = split(data, folder, like=model)
        items = read_manifest(manifest)
        copies = json.loads((Path(folder) / "split.json").read_text("utf-8"))["left_out_as_copies"]
        plan = Path(folder) / "model.plan"
        build_cpu_plan(model, plan)
        classifier = Classifier(plan)
    validation = [read_record(path) for path in list_records(data / VALIDATION)]
    _check(classifier, trained, [record.name for record in validation])
    labels = read_reference(reference)
    dev = sorted((item.record for item in items), key=lambda record: record.name)
    names = known_dev(classifier.metadata["training_digest"])
    if names is not None:
        dev = _pick(dev, names)
    return Material(
        dev=answer(classifier, dev, labels),
        validation=answer(classifier, validation, labels),
        copies=trained_copies(copies, trained),
        label_version=label_version(reference),
        metadata=classifier.metadata,
    )


def answer(classifier: Classifier, records: Sequence[Record], labels: dict[str, str]) -> Answers:
    """Classify records, of which `labels` has the reference."""
    if missing := [record.name for record in records if record.name not in labels]:
        raise ValueError(f"the reference has no label for {', '.join(missing[:5])}")
    predictions = []
    for start in track(range(0, len(records), BATCH), desc="batches"):
        batch = records[start : start + BATCH]
        # The challenge has one sampling rate.
        predictions += classifier.predict_batch([record.signal for record in batch], batch[0].fs)
    order = [classifier.classes.index(label) for label in CLASSES]
    answered = tuple(str(prediction.label) for prediction in predictions)
    probabilities = np.array([p.probabilities for p in predictions], dtype=np.float64)[:, order]
    columns = [CLASSES.index(label) for label in answered]
    return Answers(
        names=tuple(record.name for record in records),
        reference=tuple(labels[record.name] for record in records),
        labels=answered,
        probabilities=probabilities,
        confidence=probabilities[np.arange(len(columns)), columns],
        segments=tuple("".join(p.segment_labels) for p in predictions),
    )


def trained_copies(copies: dict[str, str], trained: Container[str]) -> dict[str, str]:
    """Return, of `copies` (name by name of its copy), those of which only the copy was trained on.

    Returns
    -------
    dict
        Name of the copy that was trained on by name of the record that was not.
    """
    pairs = [*copies.items(), *((second, first) for first, second in copies.items())]
    return {seen: copy for copy, seen in pairs if copy in trained and seen not in trained}


def _check(classifier: Classifier, trained: Container[str], validation: Sequence[str]) -> None:
    if set(classifier.classes) != set(CLASSES):
        raise ValueError(
            f"the model answers {', '.join(classifier.classes)}; the card is for the challenge's "
            f"{', '.join(CLASSES)}"
        )
    if seen := [name for name in validation if name in trained]:
        raise ValueError(
            f"the model was trained on {len(seen)} validation records ({', '.join(seen[:5])}): "
            "no score of theirs would be a test score"
        )


def _pick(dev: list[Record], names: Sequence[str]) -> list[Record]:
    """Return the named records, and say which others there are."""
    by_name = {record.name: record for record in dev}
    if missing := [name for name in names if name not in by_name]:
        raise ValueError(
            f"{len(missing)} dev records that scores.json names are missing or were trained "
            f"on ({', '.join(missing[:5])}); fetch the data again, or delete scores.json to take "
            "all records that the model was not trained on"
        )
    if len(by_name) > len(names):
        print(f"scored are the {len(names)} dev records that scores.json names, of {len(by_name)}")
    return [by_name[name] for name in names]
