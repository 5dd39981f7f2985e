"""Which classes a network learns, and whether there is something to learn them from."""

from __future__ import annotations

from collections.abc import Sequence

from ..challenge.scoring import score_name, scored_classes
from ..metadata import digest_records
from ..records.manifest import LabelledRecord
from .config import TrainConfig


def find_classes(
    config: TrainConfig, train: Sequence[LabelledRecord], dev: Sequence[LabelledRecord]
) -> tuple[str, ...]:
    """Return the classes in the order of the network's outputs.

    They are those of the configuration, else the training records' labels, sorted.

    Raises
    ------
    ValueError
        If there are fewer than two, one has no example in train, or one that the F1 of dev counts
        is the label of no record there, without which no checkpoint can be chosen.
    """
    learnt = {label for item in train for label in item.labels}
    classes = config.classes or tuple(sorted(learnt))
    if len(classes) < 2:
        raise ValueError(
            f"{config.train} has no other label than {classes[0]}; two or more are needed"
        )
    asked = {label for item in dev for label in item.labels} | set(classes)
    if unlearnt := asked - learnt:
        raise ValueError(
            f"{config.train} has no example of {min(unlearnt)}, which {config.dev} or the "
            'configuration\'s "classes" name; add some, or leave the class out'
        )
    needed = scored_classes(classes)
    if missing := set(needed) - {item.label for item in dev}:
        raise ValueError(
            f"{config.dev} has no record labelled {min(missing)}; the {score_name(classes)}, which "
            f"chooses the checkpoint, needs {', '.join(needed)}"
        )
    return classes


def digest_labels(records: Sequence[LabelledRecord]) -> str:
    """Return a digest of records' names and labels, by which others are told apart."""
    letters = all(len(label) == 1 for item in records for label in item.labels)
    between = "" if letters else " "
    return digest_records(f"{item.record.name} {between.join(item.labels)}" for item in records)
