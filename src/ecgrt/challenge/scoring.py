"""The official score of the CinC 2017 challenge, what stands for it, and files of answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
        F1 of each of the C classes, in their order; NaN for a class that neither the reference nor
        an answer names (0/0: nothing was there to be found, and nothing was claimed).
    overall
        Mean F1 of :func:`scored_classes`; NaN if one of them is.
    confusion
        int64 (C, C), rows = reference, columns = answers, both in the order of `f1`.
    accuracy
        Share of the records answered right; a missing answer is never right but for ``~``.
    missing
        Records of the reference without an answer, sorted.
    """

    f1: dict[str, float]
    overall: float
    confusion: npt.NDArray[np.int64]
    accuracy: float
    missing: tuple[str, ...]


def is_challenge(classes: Iterable[str]) -> bool:
    """Return whether these are the challenge's classes, in whatever order."""
    return set(classes) == set(CLASSES)


def scored_classes(classes: Iterable[str]) -> tuple[str, ...]:
    """Return the classes whose F1 the overall score averages.

    Of the challenge's classes N, A and O, as its authors had it; of any others all.
    """
    return SCORED_CLASSES if is_challenge(classes) else tuple(classes)


def score_name(classes: Iterable[str]) -> str:
    """Return what the overall score is called: ``"CinC F1"`` or ``"macro F1"``."""
    return "CinC F1" if is_challenge(classes) else "macro F1"


def score(
    reference: Mapping[str, str], answers: Mapping[str, str], classes: Sequence[str] = CLASSES
) -> Score:
    """Score answers as the challenge did, those of other classes by their macro F1.

    F1 of a class is ``2 * TP / (row sum + column sum)`` of the confusion matrix. The challenge's
    score is the mean over N, A and O (Clifford et al. 2017, doi 10.22489/CinC.2017.065-469), and a
    record without an answer counts as answered ``~``. Of other classes the mean is over all, and a
    record without an answer counts as one of its class that was not found. An answer for a record
    that the reference does not name counts for nothing.

    Parameters
    ----------
    reference, answers
        Label by record name; labels from `classes`.
    classes
        Two or more; their order is that of the confusion matrix, the challenge's being N, A, O, ~.

    Raises
    ------
    ValueError
        If the reference is empty, or a label in either is not in `classes`.
    """
    classes = CLASSES if is_challenge(classes) else tuple(classes)
    if not reference:
        raise ValueError("the reference names no record, so there is nothing to score")
    for kind, labels in (("reference", reference), ("answer", answers)):
        for name, label in labels.items():
            check_label(label, classes, f"the {kind} of record {name}")
    instead = MISSING if is_challenge(classes) else None
    confusion = np.zeros((len(classes), len(classes)), dtype=np.int64)
    named = np.zeros(len(classes), dtype=np.int64)
    for name, label in reference.items():
        right, answer = classes.index(label), answers.get(name, instead)
        named[right] += 1
        if answer is not None:
            named[classes.index(answer)] += 1
            confusion[right, classes.index(answer)] += 1
    hits = np.diagonal(confusion)
    f1 = {
        label: float(2 * hits[i] / named[i]) if named[i] else float("nan")
        for i, label in enumerate(classes)
    }
    scored = scored_classes(classes)
    return Score(
        f1=f1,
        overall=sum(f1[label] for label in scored) / len(scored),
        confusion=confusion,
        accuracy=float(hits.sum() / len(reference)),
        missing=tuple(sorted(reference.keys() - answers.keys())),
    )


def read_answers(path: str | Path, classes: Sequence[str] | None = CLASSES) -> dict[str, str]:
    """Read ``A00001,N`` lines, without a header, in their order.

    Parameters
    ----------
    path
        The file.
    classes
        The labels that it may use; None: any.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a line is not ``record,label`` with a label of `classes`, or a record is named twice;
        the message names the line.
    """
    path = Path(path)
    answers: dict[str, str] = {}
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        name, comma, label = (part.strip() for part in line.partition(","))
        if not (name and comma and label):
            raise ValueError(f"{where}: {line!r} is not RECORD,LABEL such as A00001,N")
        if classes is not None:
            check_label(label, classes, where)
        if name in answers:
            raise ValueError(f"{where}: record {name} was named before; name each record once")
        answers[name] = label
    return answers


def write_answers(
    path: str | Path, answers: Mapping[str, str], classes: Sequence[str] = CLASSES
) -> None:
    """Write answers as ``A00001,N`` lines in their order; the file appears whole or not at all.

    Raises
    ------
    ValueError
        If a label is not in `classes`, or a name or a label could not be read back.
    """
    for name, label in answers.items():
        check_label(label, classes, f"the answer of record {name}")
        if label != label.strip() or label.splitlines() != [label]:
            raise ValueError(
                f"{label!r} cannot be a label in an answers file, a line NAME,LABEL each: it has "
                "line ends or outer spaces"
            )
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


def check_label(label: str, classes: Sequence[str], where: str) -> None:
    """Raise ValueError, which begins with `where`, if a label is none of these classes."""
    if label not in classes:
        raise ValueError(f"{where}: {label!r} is not a label; use one of {', '.join(classes)}")
