"""A plan's answers for a directory of records, scored and timed as the challenge did."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from .. import Classifier
from .._files import check_writable, write_text
from .._progress import track
from ..challenge.labels import label_version, read_reference
from ..metadata import digest_records
from ..records.base import Record, list_records, read_record
from ..records.registry import record_name
from .report import LOAD, Evaluation, Timing, to_json, to_text, to_timing_csv
from .scoring import CLASSES, check_name, score, write_answers

T = TypeVar("T")

#: What one bad record can raise; none of it may cost the others their answer.
RECORD_ERRORS = (ValueError, TypeError, OSError, ImportError, RuntimeError, MemoryError)


def evaluate(
    directory: str | Path,
    plan: str | Path,
    out: str | Path = "answers.txt",
    *,
    reference: str | Path | None = None,
    json: str | Path | None = None,
    timing: str | Path | None = None,
    fs: float | None = None,
    unit: str | None = None,
    lead: str | int | None = None,
) -> int:
    """Answer every record of a directory, write the answers, print the report.

    Parameters
    ----------
    directory
        Of the records, as :func:`ecgrt.records.list_records` finds them.
    plan
        What ``ecgrt-build-engine`` wrote.
    out
        The answers, ``A00001,N`` a line; a record that failed has none.
    reference
        The right labels; None means ``REFERENCE.csv`` of the directory if it is there.
    json, timing
        Where to write all that was measured, and two time stamps per record.
    fs, unit, lead
        What the files do not say of themselves, as :func:`ecgrt.records.read_record` takes it.

    Returns
    -------
    int
        0, or 1 if a record failed.

    Raises
    ------
    ValueError
        If there is no record, or the plan's classes or a reference label are not the challenge's.
    FileNotFoundError, IsADirectoryError
        If a file is missing, or an output cannot be written.
    ecgrt.PlanError
        If the plan is none.
    """
    for target in (out, json, timing):
        if target is not None:
            check_writable(target)
    evaluation = measure(directory, plan, reference=reference, fs=fs, unit=unit, lead=lead)
    write_answers(out, evaluation.answers)
    if json is not None:
        write_text(json, to_json(evaluation))
    if timing is not None:
        write_text(timing, to_timing_csv(evaluation))
    print(to_text(evaluation))
    return 1 if evaluation.failures else 0


def measure(
    directory: str | Path,
    plan: str | Path,
    *,
    reference: str | Path | None = None,
    fs: float | None = None,
    unit: str | None = None,
    lead: str | int | None = None,
) -> Evaluation:
    """Do what :func:`evaluate` does, but return what was found, and write and print nothing."""
    directory = Path(directory)
    paths = list_records(directory)
    names = tuple(map(_printable, paths))
    if len(set(names)) != len(names):
        raise ValueError(f"two records of {directory} have one name, so answers would mix them up")
    if reference is None and (directory / "REFERENCE.csv").exists():
        reference = directory / "REFERENCE.csv"
    labels = None if reference is None else _labels_of(names, reference)
    classifier, load = _timed(LOAD, partial(Classifier, plan))
    if unknown := set(classifier.classes) - set(CLASSES):
        raise ValueError(
            f"{plan} also answers {', '.join(sorted(unknown))}; the challenge knows "
            f"{', '.join(CLASSES)} only"
        )
    answers, failures, timings = _answer(
        classifier, paths, partial(read_record, fs=fs, unit=unit, lead=lead)
    )
    return Evaluation(
        plan=str(plan),
        backend=classifier.backend,
        threads=classifier.threads,
        metadata=classifier.metadata,
        records=names,
        answers=answers,
        failures=failures,
        load=load,
        timings=timings,
        overlap=_overlap(classifier, names),
        score=None if labels is None else score(labels, answers),
        label_version=None if reference is None else label_version(reference),
        unlabelled=() if labels is None else tuple(n for n in names if n not in labels),
    )


def _labels_of(names: Sequence[str], reference: str | Path) -> dict[str, str]:
    """Return the reference labels of these records only; the reference may know more."""
    known = read_reference(reference)
    labels = {name: known[name] for name in names if name in known}
    if not labels:
        raise ValueError(f"{reference} names none of the {len(names)} records")
    return labels


def _answer(
    classifier: Classifier, paths: Sequence[Path], read: Callable[[Path], Record]
) -> tuple[dict[str, str], dict[str, str], tuple[Timing, ...]]:
    """Return label by name, reason by name of those that failed, and the times."""
    answers: dict[str, str] = {}
    failures: dict[str, str] = {}
    timings: list[Timing] = []
    for path in track(paths, desc="records"):
        name = _printable(path)
        try:
            check_name(record_name(path))
            record = read(path)
            prediction, timing = _timed(
                name, partial(classifier.predict, record.signal, fs=record.fs)
            )
        except RECORD_ERRORS as error:
            failures[name] = str(error) or type(error).__name__
        else:
            assert prediction.label is not None, "the challenge takes an answer for every record"
            answers[name] = prediction.label
            timings.append(timing)
    return answers, failures, tuple(timings)


def _printable(path: Path) -> str:
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
