"""From a model with a record head and out-of-fold answers to one that uses rhythm features too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import _core
from .._files import check_writable, replacing
from ..challenge.scoring import scored_classes
from ..metadata import Metadata
from ..records.manifest import LabelledRecord, read_manifest
from ..training.record_head import RecordHead
from .fit import check_records, load_model, set_metadata
from .measures import Array, Floats, Integers
from .record_fit import centred, fold_in, mix, out_of_fold, teach_varied
from .report import Figures, Report, measure
from .rhythm_net import STEPS
from .rhythm_states import rhythm_features
from .scaling import apply_scaling, fit_vector_scaling
from .weights import decide, fit_decision_weights


@dataclass(frozen=True, eq=False)
class Strangers:
    """What networks say of records that they have not seen, in the order of the records.

    Attributes
    ----------
    probabilities, labels, folds
        (N, C), int (N,), int (N,).
    """

    probabilities: Floats
    labels: Integers
    folds: Integers


def calibrate_record_head(
    model_path: str | Path,
    manifests: Sequence[str | Path],
    answers_path: str | Path,
    out: str | Path,
    *,
    keep: str | Path | None = None,
    steps: int = STEPS,
) -> Report:
    """Give a model's record head the rhythm features, calibrate it, and write the model.

    All is fitted to answers of cross-validation (``ecgrt-crossval``), by networks of the model's
    recipe to records that they had not seen, so that the model itself may have learnt from all.

    Parameters
    ----------
    model_path
        What ``ecgrt-export`` wrote of a network with a record head.
    manifests
        Those of the records that were cross-validated, as a rule train and dev.
    answers_path
        ``out-of-fold.npz`` of the recipe.
    out
        The ONNX model to write; may be `model_path`.
    keep
        A file for what the heads say out of fold, which may be the teacher of another training.
    steps
        As of :func:`ecgrt.calibration.rhythm_net.teach`.

    Returns
    -------
    Report
        *before* is of the networks alone, *fitted* and *held out* are of heads that have not seen
        their records either; the latter's calibration and weights have not.

    Raises
    ------
    FileNotFoundError
        If the model, a manifest, a record or the answers are missing.
    ValueError
        If the model has no record head of its own yet, or the records are not those of the
        answers.
    """
    check_writable(out)
    model, metadata = load_model(Path(model_path))
    if metadata.record_head is None or metadata.record_head["features"]:
        raise ValueError(
            f"{model_path} must have a record head without features; export it from its run"
        )
    records = [item for path in manifests for item in read_manifest(path, metadata.classes)]
    check_records(records, metadata, Path(manifests[0]), {})
    strangers = _read_answers(Path(answers_path), records, metadata)
    features, *varied = rhythm_features(records, metadata.sampling_rate)
    network = centred(strangers.probabilities)
    labels, folds = strangers.labels, strangers.folds
    probabilities, rhythm = out_of_fold(
        network, features, labels, folds, varied=varied, steps=steps
    )
    linear = RecordHead.from_dict(metadata.record_head, len(metadata.classes))
    head = fold_in(
        linear,
        teach_varied([features, *varied], labels, steps),
        mix(network, rhythm, labels),
        _core.rhythm_feature_names(),
    )
    plain = replace(metadata, record_head=head.to_dict(), decision="mean")
    fitted = _calibrated(plain, probabilities, labels)
    if keep is not None:
        names = np.array([item.record.name for item in records])
        with replacing(keep) as part, part.open("wb") as file:
            np.savez(file, names=names, probabilities=probabilities, labels=labels, folds=folds)
    set_metadata(model, fitted)
    with replacing(out) as part:
        part.write_bytes(model.SerializeToString())
    return Report(
        metadata=fitted,
        records=dict(Counter(item.label for item in records)),
        before=_measure(metadata, strangers.probabilities, labels),
        after=_measure(fitted, probabilities, labels),
        held_out=_held_out(plain, probabilities, strangers),
    )


def _read_answers(path: Path, records: Sequence[LabelledRecord], metadata: Metadata) -> Strangers:
    """Return the answers in the records' order; raise ValueError if they are of other records."""
    if not path.is_file():
        raise FileNotFoundError(f"there are no answers {path}; ecgrt-crossval writes them")
    with np.load(path) as arrays:
        kept: dict[str, Any] = dict(arrays)
    places = {str(name): place for place, name in enumerate(kept["names"])}
    names = [item.record.name for item in records]
    if places.keys() != set(names) or len(places) != len(names):
        raise ValueError(
            f"{path} has answers to {len(places)} records, the manifests name {len(names)}: they "
            "must be the same; give all manifests that were cross-validated"
        )
    order = np.array([places[name] for name in names])
    labels = np.array([metadata.classes.index(item.label) for item in records], np.intp)
    if (kept["labels"][order] != labels).any():
        raise ValueError(f"{path} and the manifests differ in labels; cross-validate these")
    return Strangers(kept["probabilities"][order], labels, kept["folds"][order].astype(np.intp))


def _calibrated(metadata: Metadata, probabilities: Array, labels: Array) -> Metadata:
    scale, bias = fit_vector_scaling(probabilities, labels)
    counted = scored_classes(metadata.classes)
    scored = [label in counted for label in metadata.classes]
    _, weights = fit_decision_weights(apply_scaling(probabilities, scale, bias), labels, scored)
    return replace(
        metadata, calibration_scale=scale, calibration_bias=bias, decision_weights=weights
    )


def _apply(metadata: Metadata, probabilities: Array) -> tuple[Floats, Integers]:
    p = apply_scaling(probabilities, metadata.calibration_scale, metadata.calibration_bias)
    return p, decide(p, metadata.decision_weights)


def _measure(metadata: Metadata, probabilities: Array, labels: Array) -> Figures:
    return measure(*_apply(metadata, probabilities), labels, metadata.classes)


def _held_out(metadata: Metadata, probabilities: Array, strangers: Strangers) -> Figures:
    labels, folds = strangers.labels, strangers.folds
    p = np.empty(probabilities.shape)
    decided = np.empty(len(labels), np.intp)
    for fold in np.unique(folds):
        part = folds == fold
        fitted = _calibrated(metadata, probabilities[~part], labels[~part])
        p[part], decided[part] = _apply(fitted, probabilities[part])
    return measure(p, decided, labels, metadata.classes)
