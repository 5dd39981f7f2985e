"""An evaluation as a page to look at; ``view.cohort`` draws it."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path

from .. import Classifier, Record, SignalWarning, __version__
from ..challenge.report import Evaluation
from ..challenge.scoring import MISSING, is_challenge, score_name, scored_classes
from ..view.cohort import Disagreement, cohort_report
from .agreement import agreement

#: Disagreements that are drawn.
WORST = 12


def set_report(
    title: str, evaluation: Evaluation, classifier: Classifier, read: Callable[[str], Record]
) -> str:
    """Return a report on an evaluation as HTML.

    Parameters
    ----------
    title
        Of the set.
    evaluation
        With a reference.
    classifier
        The one that was evaluated; it answers the records that are drawn once more.
    read
        Reads a record by its name.

    Raises
    ------
    ValueError
        If the evaluation has no reference.
    """
    reference, score = evaluation.reference, evaluation.score
    if reference is None or score is None:
        raise ValueError("a report on a set needs the right labels; give a reference")
    classes = tuple(score.f1)
    answers = {name: label for name, label in evaluation.answers.items() if name in reference}
    if is_challenge(classes):  # as its score counts them
        answers |= {name: MISSING for name in score.missing}
    probabilities = {
        name: [_chances(evaluation, name).get(label, 0.0) for label in classes]
        for name in reference
        if name in evaluation.probabilities
    }
    found = agreement(reference, answers, probabilities, classes, scored_classes(classes))
    return cohort_report(
        title,
        found,
        score_name(classes),
        _disagreements(evaluation, reference, classifier, read),
        classifier,
        _facts(evaluation),
        _overlap(evaluation),
    )


def _chances(evaluation: Evaluation, name: str) -> dict[str, float]:
    """Return the probabilities of a record by class."""
    classes = evaluation.metadata["classes"]
    return dict(zip(classes, evaluation.probabilities[name], strict=True))


def _disagreements(
    evaluation: Evaluation,
    reference: dict[str, str],
    classifier: Classifier,
    read: Callable[[str], Record],
) -> list[Disagreement]:
    """Return the answers that are surest against the reference."""

    def excess(name: str) -> float:
        p = _chances(evaluation, name)
        return p[evaluation.answers[name]] - p.get(reference[name], 0.0)

    wrong = [
        name
        for name, label in evaluation.answers.items()
        if name in evaluation.probabilities and name in reference and label != reference[name]
    ]
    found = []
    for name in sorted(wrong, key=excess, reverse=True)[:WORST]:
        record = read(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SignalWarning)
            found.append(Disagreement(record, classifier.predict(record), reference[name]))
    return found


def _overlap(evaluation: Evaluation) -> str | None:
    if evaluation.overlap is None:
        return "Whether the model was trained on any of these records is not known."
    if evaluation.overlap:
        return (
            f"{len(evaluation.overlap)} of these records were in the model's training set: these "
            "figures are no test."
        )
    return None


def _facts(evaluation: Evaluation) -> list[tuple[str, str]]:
    overlap = evaluation.overlap
    return [
        ("Records", f"{len(evaluation.records)}, of which {len(evaluation.failures)} failed"),
        ("Labels", f"version {evaluation.label_version}"),
        ("Without a right label", str(len(evaluation.unlabelled))),
        ("In the training set", "not known" if overlap is None else str(len(overlap))),
        ("Model", str(evaluation.metadata["model"])),
        ("SHA-256 of the plan", hashlib.sha256(Path(evaluation.plan).read_bytes()).hexdigest()),
        ("Backend", evaluation.backend),
        ("ecgrt", __version__),
    ]
