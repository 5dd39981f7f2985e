"""A plan's answers for a directory of records, scored and timed as the challenge did."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from .. import Classifier
from .._errors import describe
from .._progress import track
from ..metadata import digest_records
from ..records import Record, list_records, read_record
from ..records.registry import record_name
from .labels import label_version, read_reference
from .report import LOAD, Answer, Evaluation, Timing
from .scoring import CLASSES, check_name, score

T = TypeVar("T")


def evaluate(
    directory: str | Path,
    plan: str | Path,
    *,
    reference: str | Path | None = None,
    threads: int | None = None,
    device: int = 0,
    fs: float | None = None,
    unit: str | None = None,
    lead: str | int | None = None,
    earlier: Mapping[str, Answer] | None = None,
    on_answer: Callable[[Answer], None] | None = None,
) -> Evaluation:
    """Answer every record of a directory; a record that fails costs the others nothing.

    Parameters
    ----------
    directory
        Of the records, or their RECORDS file; see :func:`ecgrt.records.list_records`.
    plan
        What ``ecgrt-build-engine`` wrote.
    reference
        The right labels; None means ``REFERENCE.csv`` of the directory if it is there.
    threads, device
        As of :class:`ecgrt.Classifier`.
    fs, unit, lead
        What the files do not say of themselves, as :func:`ecgrt.read_record` takes it.
    earlier
        Answers that an evaluation before has given, by record name; they are taken as they are.
    on_answer
        Called with each answer as soon as it is there. What it raises ends the evaluation.

    Returns
    -------
    Evaluation
        See :mod:`ecgrt.challenge.report` for its text, JSON and CSV.

    Raises
    ------
    ValueError
        If there is no record, or the plan's classes or a reference label are not the challenge's.
    FileNotFoundError
        If a file is missing.
    ecgrt.PlanError
        If the plan is missing, damaged or not a plan.
    """
    paths = list_records(directory)
    names = record_names(paths)
    labels, version = _reference(Path(directory), names, reference)
    open_plan = partial(Classifier, plan, threads=threads, device=device)
    classifier, load = _timed(LOAD, open_plan)
    if unknown := set(classifier.classes) - set(CLASSES):
        raise ValueError(
            f"{plan} also answers {', '.join(sorted(unknown))}; the challenge knows "
            f"{', '.join(CLASSES)} only"
        )
    read = partial(read_record, fs=fs, unit=unit, lead=lead)
    given, failures = _answer_all(classifier, paths, read, earlier or {}, on_answer)
    answers = {answer.name: answer.label for answer in given}
    return Evaluation(
        plan=str(plan),
        backend=classifier.backend,
        threads=classifier.threads,
        metadata=classifier.metadata,
        records=names,
        answers=answers,
        failures=failures,
        load=load,
        timings=tuple(answer.timing for answer in given),
        overlap=_overlap(classifier, names),
        score=None if labels is None else score(labels, answers),
        label_version=version,
        unlabelled=() if labels is None else tuple(n for n in names if n not in labels),
    )


def record_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return the names under which records are answered; raise ValueError if two have one name."""
    names = tuple(map(_name, paths))
    if len(set(names)) != len(names):
        raise ValueError("two of the records have one name, so answers would mix them up")
    return names


def _reference(
    directory: Path, names: Sequence[str], reference: str | Path | None
) -> tuple[dict[str, str] | None, str | None]:
    """Return the reference labels of these records only (it may know more), and their version."""
    if reference is None:
        beside = directory if directory.is_dir() else directory.parent
        if not (beside / "REFERENCE.csv").exists():
            return None, None
        reference = beside / "REFERENCE.csv"
    known = read_reference(reference)
    labels = {name: known[name] for name in names if name in known}
    if not labels:
        raise ValueError(f"{reference} names none of the {len(names)} records")
    return labels, label_version(reference)


def _answer_all(
    classifier: Classifier,
    paths: Sequence[Path],
    read: Callable[[Path], Record],
    earlier: Mapping[str, Answer],
    on_answer: Callable[[Answer], None] | None,
) -> tuple[list[Answer], dict[str, str]]:
    """Return the answers, and the reason by name of the records that failed."""
    answers: list[Answer] = []
    failures: dict[str, str] = {}
    for path in track(paths, desc="records"):
        name = _name(path)
        if name in earlier:
            answers.append(earlier[name])
            continue
        try:
            answer = _answer(classifier, path, read)
        except Exception as error:  # noqa: BLE001 (whatever one record leads to)
            failures[name] = describe(error)
            continue
        answers.append(answer)
        if on_answer is not None:
            on_answer(answer)
    return answers, failures


def _answer(classifier: Classifier, path: Path, read: Callable[[Path], Record]) -> Answer:
    check_name(record_name(path))
    record = read(path)
    prediction, timing = _timed(_name(path), partial(classifier.predict, record))
    if prediction.label is None:
        raise ValueError("no label is given: too little of the record can be read")
    return Answer(_name(path), prediction.label, timing)


def _name(path: Path) -> str:
    """Return a record's name; of one that is not UTF-8, the bytes at fault as ``\\udcff``."""
    return record_name(path).encode("utf-8", "backslashreplace").decode()


def _timed(name: str, call: Callable[[], T]) -> tuple[T, Timing]:
    start, begin = time.time(), time.perf_counter_ns()
    result = call()
    milliseconds = (time.perf_counter_ns() - begin) / 1e6
    return result, Timing(name, start, time.time(), milliseconds)


def _overlap(classifier: Classifier, names: Sequence[str]) -> tuple[str, ...] | None:
    if trained := set(classifier.training_record_names):
        return tuple(name for name in names if name in trained)
    if digest_records(names) == classifier.metadata["training_digest"]:
        return tuple(names)
    return None
