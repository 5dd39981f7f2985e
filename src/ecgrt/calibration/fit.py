"""Calibrates a model: fits its probabilities and its decision to records it was not trained on."""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import Classifier, SignalWarning, onnx_file
from .._files import check_writable, replacing
from .._progress import track
from ..challenge.data import official_validation
from ..challenge.scoring import scored_classes
from ..compile.cpu_plan import build_cpu_plan
from ..metadata import ONNX_KEY, Metadata, digest_records
from ..records.manifest import LabelledRecord, read_manifest
from ..training.examples import preprocess
from .measures import Floats, stratified_folds
from .pooling import Weights, fit_pooling, pool
from .report import Figures, Report, measure
from .scaling import apply_scaling, fit_vector_scaling
from .weights import decide, fit_decision_weights

#: What a calibrated model's label may be decided by.
DECISIONS = ("mode", "mean", "tuned")
#: Parts of the records that take turns in being measured by a fit to the others.
FOLDS = 5
#: Records that are answered at a time.
BATCH = 64

Integers = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model without calibration says of records, and what is right.

    Attributes
    ----------
    probabilities
        float32 (N, C), the mean over a record's segments.
    spreads
        float32 (N, C), the standard deviation over them.
    modes, labels
        int (N,), the number of the most frequent segment label, and of the right one.
    """

    probabilities: npt.NDArray[np.float32]
    spreads: npt.NDArray[np.float32]
    modes: Integers
    labels: Integers

    def __getitem__(self, chosen: Any) -> Answers:
        return Answers(**{name: values[chosen] for name, values in vars(self).items()})


def calibrate_model(
    model_path: str | Path,
    manifest: str | Path,
    out: str | Path,
    *,
    decision: str = "tuned",
    pooling: str | Path | None = None,
) -> Report:
    """Fit a calibration to the records of a manifest and write the model with it.

    The graph stays as it is; a calibration that the model has already is fitted anew, a pooling
    stays unless another is asked for.

    Parameters
    ----------
    model_path
        What ``ecgrt-export`` wrote.
    manifest
        The model's dev records, as ``ecgrt-data split`` writes them.
    out
        The ONNX model to write; may be `model_path`.
    decision
        ``"mode"`` (the most frequent segment label), ``"mean"`` (the most probable class) or
        ``"tuned"`` (that with weights, :func:`ecgrt.calibration.weights.fit_decision_weights`).
    pooling
        Training records, thousands, that the pooling of segments is fitted to
        (:mod:`ecgrt.calibration.pooling`). Where the network is too sure of records it has
        learnt, the calibration on dev that follows corrects it.

    Raises
    ------
    FileNotFoundError
        If the model, a manifest or a record is missing.
    ValueError
        If the model is not one of ours, a record has a label that it does not know, is one of its
        training records or of the official validation set, one for the pooling is none of its
        training records, or a class has fewer than :data:`FOLDS` records.
    """
    if decision not in DECISIONS:
        raise ValueError(f"decision must be one of {DECISIONS}, not {decision!r}")
    check_writable(out)
    model, metadata = load_model(Path(model_path))
    records = read_manifest(manifest, metadata.classes)
    trained = _training_set(records, model, metadata)
    check_records(records, metadata, Path(manifest), {"model's training set": trained})
    pooled = replace(metadata, pooling=_fit_pooling(model, metadata, trained, pooling))
    answers = answer(model, metadata, records)
    fitted = fit(pooled, answers, decision)
    report = Report(
        metadata=fitted,
        records=dict(Counter(item.label for item in records)),
        before=measure(*apply(metadata, answers), answers.labels, metadata.classes),
        after=measure(*apply(fitted, answers), answers.labels, metadata.classes),
        held_out=_held_out(pooled, answers, decision),
    )
    set_metadata(model, fitted)
    with replacing(out) as part:
        part.write_bytes(model.SerializeToString())
    return report


def _fit_pooling(
    model: Any, metadata: Metadata, trained: set[str], manifest: str | Path | None
) -> Weights:
    if manifest is None:
        return metadata.pooling
    records = read_manifest(manifest, metadata.classes)
    # Only training records: the model names them, so that nobody scores it on them unawares.
    names = {item.record.name for item in records}
    if others := sorted(names - trained):
        raise ValueError(
            f"{manifest}: {len(others)} of the {len(names)} records, such as {others[0]}, are none "
            "that the model names as its training records; pooling is learnt from those only"
        )
    check_records(records, metadata, Path(manifest), {})
    answers = answer(model, metadata, records)
    return fit_pooling(answers.probabilities, answers.spreads, answers.labels)


def answer(model: Any, metadata: Metadata, records: Sequence[LabelledRecord]) -> Answers:
    """Run an ONNX model over records with the CPU engine, without its calibration."""
    classifier = _plain_classifier(model, metadata)
    by_rate: dict[float, list[int]] = {}
    for number, item in enumerate(records):
        by_rate.setdefault(item.record.fs, []).append(number)
    batches = [
        (fs, numbers[i : i + BATCH])
        for fs, numbers in by_rate.items()
        for i in range(0, len(numbers), BATCH)
    ]
    probabilities = np.empty((len(records), len(metadata.classes)), np.float32)
    spreads = np.empty_like(probabilities)
    modes = np.empty(len(records), np.intp)
    warned: Counter[str] = Counter()
    for fs, numbers in track(batches, desc="batches"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SignalWarning)  # told of all records at once
                found = classifier.predict_batch([records[i].record.signal for i in numbers], fs)
        except ValueError:
            for i in numbers:
                preprocess(records[i].record, metadata)  # raises with the record's name
            raise
        for i, prediction in zip(numbers, found, strict=True):
            if prediction.label is None:
                why = "; ".join(prediction.quality.warnings.values())
                raise ValueError(f"record {records[i].record.name}: {why}; leave it out")
            warned.update(prediction.quality.warnings)
            readable = prediction.segment_labels != ""
            probabilities[i] = prediction.probabilities
            spreads[i] = prediction.segment_probabilities[readable].std(axis=0, dtype=np.float64)
            modes[i] = metadata.classes.index(prediction.label)
    _warn_of(warned, len(records))
    labels = np.array([metadata.classes.index(item.label) for item in records], np.intp)
    return Answers(probabilities, spreads, modes, labels)


def _warn_of(counts: Counter[str], records: int) -> None:
    """Warn once of what records are suspicious of, by code."""
    if counts:
        kinds = ", ".join(f"{code} {count}" for code, count in counts.most_common())
        text = f"of the {records} records some are suspicious: {kinds}"
        warnings.warn(text, SignalWarning, stacklevel=3)


def _plain_classifier(model: Any, metadata: Metadata) -> Classifier:
    plain = replace(
        metadata,
        decision="mode",
        pooling=(),
        calibration_scale=1.0,
        calibration_bias=(),
        decision_weights=(),
    )
    copy = type(model)()
    copy.CopyFrom(model)
    set_metadata(copy, plain)
    with tempfile.TemporaryDirectory() as folder:
        onnx_path, plan = Path(folder, "model.onnx"), Path(folder, "model.plan")
        onnx_path.write_bytes(copy.SerializeToString())
        build_cpu_plan(onnx_path, plan)
        return Classifier(plan)


def fit(metadata: Metadata, answers: Answers, decision: str) -> Metadata:
    """Return the metadata with a calibration, and weights if `decision` is ``"tuned"``."""
    probabilities = pool(answers.probabilities, answers.spreads, metadata.pooling)
    scale, bias = fit_vector_scaling(probabilities, answers.labels)
    weights: tuple[float, ...] = ()
    if decision == "tuned":
        calibrated = apply_scaling(probabilities, scale, bias)
        counted = scored_classes(metadata.classes)
        scored = [label in counted for label in metadata.classes]
        _, weights = fit_decision_weights(calibrated, answers.labels, scored)
    return replace(
        metadata,
        decision="mode" if decision == "mode" else "mean",
        calibration_scale=scale,
        calibration_bias=bias,
        decision_weights=weights,
    )


def apply(metadata: Metadata, answers: Answers) -> tuple[Floats, Integers]:
    """Return (N, C) calibrated probabilities and (N,) labels, as a classifier gives them."""
    pooled = pool(answers.probabilities, answers.spreads, metadata.pooling)
    probabilities = apply_scaling(pooled, metadata.calibration_scale, metadata.calibration_bias)
    if metadata.decision == "mode":
        return probabilities, answers.modes
    return probabilities, decide(probabilities, metadata.decision_weights)


def load_model(path: Path) -> tuple[Any, Metadata]:
    """Read an ONNX model and its metadata; raise ValueError if it has none."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no model {path}")
    model = onnx_file.load_model(path)
    properties = onnx_file.properties(model)
    if ONNX_KEY not in properties:
        raise ValueError(f"{path} carries no {ONNX_KEY!r} metadata; write it with ecgrt-export")
    return model, Metadata.from_json(properties[ONNX_KEY])


def set_metadata(model: Any, metadata: Metadata) -> None:
    """Put metadata into an ONNX model in place of what it has."""
    (entry,) = (entry for entry in model.metadata_props if entry.key == ONNX_KEY)
    entry.value = metadata.to_json()


def _training_set(records: Sequence[LabelledRecord], model: Any, metadata: Metadata) -> set[str]:
    """Return which records the model was trained on, as far as it or its digest tells."""
    if trained := set(onnx_file.training_records(model)):
        return trained
    names = {item.record.name for item in records}
    if digest_records(names) == metadata.training_digest:
        return names
    note = "note: the model does not name its training records; calibrate on others only"
    print(note, file=sys.stderr)
    return set()


def check_records(
    records: Sequence[LabelledRecord],
    metadata: Metadata,
    manifest: Path,
    forbidden: Mapping[str, set[str]],
) -> None:
    """Refuse records that would flatter the model, or are too few to fit to."""
    names = {item.record.name for item in records}
    sets = {**forbidden, "official validation set": _validation(records)}
    for kind, other in sets.items():
        if both := sorted(names & other):
            raise ValueError(
                f"{manifest}: {len(both)} of the {len(names)} records, such as {both[0]}, belong "
                f"to the {kind}; give records that do not"
            )
    counts = Counter(item.label for item in records)
    if few := [label for label in metadata.classes if counts[label] < FOLDS]:
        raise ValueError(
            f"{manifest} has {counts[few[0]]} records of {few[0]}; at least {FOLDS} of each class "
            "are needed, hundreds in all are better"
        )


def _validation(records: Sequence[LabelledRecord]) -> set[str]:
    """Return the names of the official validation set, if it lies above or beside a record."""
    folders = {folder for item in records for folder in item.path.resolve().parents}
    return set().union(*(official_validation(folder) for folder in folders))


def _held_out(metadata: Metadata, answers: Answers, decision: str) -> Figures:
    folds = stratified_folds(answers.labels, FOLDS)
    probabilities = np.empty(answers.probabilities.shape)
    decided = np.empty_like(answers.modes)
    for fold in range(FOLDS):
        fitted = fit(metadata, answers[folds != fold], decision)
        part = folds == fold
        probabilities[part], decided[part] = apply(fitted, answers[part])
    return measure(probabilities, decided, answers.labels, metadata.classes)
