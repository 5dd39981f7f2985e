"""The official score of the CinC 2017 challenge, and the files that answers live in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .._files import write_text

#: Symbols of an answer, in the order of the official score's rows: normal rhythm, atrial
#: fibrillation, other rhythm, too noisy to say.
CLASSES = ("N", "A", "O", "~")
#: The classes whose F1 the overall score averages; noise is reported, but not counted.
SCORED_CLASSES = ("N", "A", "O")
#: What a missing answer counts as.
MISSING = "~"


@dataclass(frozen=True, eq=False)
class Score:
    """How well answers agree with a reference.

    Attributes
    ----------
    f1
        F1 of each of :data:`CLASSES`; NaN for a class that neither the reference nor an answer
        names (0/0: nothing was there to be found, and nothing was claimed).
    overall
        Mean F1 of N, A and O, the challenge's score; NaN if one of the three is.
    confusion
        int64 (4, 4), rows = reference, columns = answers, both in the order of :data:`CLASSES`.
    accuracy
        Share of the records answered right, noise and missing answers included.
    missing
        Records of the reference without an answer, sorted.
    """

    f1: dict[str, float]
    overall: float
    confusion: npt.NDArray[np.int64]
    accuracy: float
    missing: tuple[str, ...]


def score(reference: Mapping[str, str], answers: Mapping[str, str]) -> Score:
    """Score answers as the challenge did.

    F1 of a class is ``2 * TP / (row sum + column sum)`` of the confusion matrix, and the overall
    score is the mean over N, A and O (Clifford et al. 2017, doi 10.22489/CinC.2017.065-469). A
    record without an answer counts as answered ``~``; an answer for a record that the reference
    does not name counts for nothing.

    Parameters
    ----------
    reference, answers
        Label by record name; labels from :data:`CLASSES`.

    Raises
    ------
    ValueError
        If the reference is empty, or a label in either is not in :data:`CLASSES`.
    """
    if not reference:
        raise ValueError("the reference names no record, so there is nothing to score")
    for kind, labels in (("reference", reference), ("answer", answers)):
        for name, label in labels.items():
            _check_label(label, f"the {kind} of record {name}")
    confusion = np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64)
    for name, label in reference.items():
        confusion[CLASSES.index(label), CLASSES.index(answers.get(name, MISSING))] += 1
    right = np.diagonal(confusion)
    named = confusion.sum(axis=0) + confusion.sum(axis=1)
    f1 = {
        label: float(2 * right[i] / named[i]) if named[i] else float("nan")
        for i, label in enumerate(CLASSES)
    }
    return Score(
        f1=f1,
        overall=sum(f1[label] for label in SCORED_CLASSES) / len(SCORED_CLASSES),
        confusion=confusion,
        accuracy=float(right.sum() / confusion.sum()),
        missing=tuple(sorted(reference.keys() - answers.keys())),
    )


def read_answers(path: str | Path) -> dict[str, str]:
    """Read ``A00001,N`` lines, without a header, in their order.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a line is not ``record,label`` with a label of :data:`CLASSES`, or a record is named
        twice; the message names the line.
    """
    path = Path(path)
    answers: dict[str, str] = {}
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        name, comma, label = (part.strip() for part in line.partition(","))
        if not (name and comma):
            raise ValueError(f"{where}: {line!r} is not RECORD,LABEL such as A00001,N")
        _check_label(label, where)
        if name in answers:
            raise ValueError(f"{where}: record {name} was named before; name each record once")
        answers[name] = label
    return answers


def write_answers(path: str | Path, answers: Mapping[str, str]) -> None:
    """Write answers as ``A00001,N`` lines in their order; the file appears whole or not at all.

    Raises
    ------
    ValueError
        If a label is not in :data:`CLASSES`, or a name could not be read back.
    """
    for name, label in answers.items():
        _check_label(label, f"the answer of record {name}")
        check_name(name)
    write_text(path, "".join(f"{name},{label}\n" for name, label in answers.items()))


def check_name(name: str) -> None:
    """Raise ValueError if a record's name could not be read back from an answers file."""
    is_utf8 = name.encode("utf-8", "ignore").decode() == name  # a file's name may be any bytes
    if not is_utf8 or "," in name or name != name.strip() or name.splitlines() != [name]:
        raise ValueError(
            f"{name!r} cannot be a record's name in an answers file, which is UTF-8, a line "
            "NAME,LABEL each: rename the record, without commas, line ends and outer spaces"
        )


def _check_label(label: str, where: str) -> None:
    if label not in CLASSES:
        raise ValueError(f"{where}: {label!r} is not a label; use one of {', '.join(CLASSES)}")
