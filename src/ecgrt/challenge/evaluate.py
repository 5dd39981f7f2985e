"""A plan's answers for a directory of records, scored and timed as the challenge did."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from .. import Classifier, SignalWarning
from .._errors import describe
from .._progress import track
from ..metadata import digest_records
from ..records import Record, read_record
from ..records.registry import record_name
from .report import LOAD, Answer, Evaluation, Timing
from .scoring import CLASSES, check_name, score
from .sources import Source, find_records, find_reference, shown_name

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
    must_score: bool = False,
) -> Evaluation:
    """Answer every record of a directory; a record that fails costs the others nothing.

    Parameters
    ----------
    directory
        Of the records, or their RECORDS file (see :func:`ecgrt.records.list_records`), or a
        manifest, whose labels are then the reference.
    plan
        What ``ecgrt-build-engine`` wrote.
    reference
        The right labels; None means those of the manifest, or ``REFERENCE.csv`` of the directory
        if it is there. They are of the challenge's classes if the plan's are, else of the plan's.
    threads, device
        As of :class:`ecgrt.Classifier`.
    fs, unit, lead
        What neither the files nor the manifest say, as :func:`ecgrt.read_record` takes it.
    earlier
        Answers that an evaluation before has given, by record name; they are taken as they are.
    on_answer
        Called with each answer as soon as it is there. What it raises ends the evaluation.
    must_score
        Whether to answer nothing where there are no right labels.

    Returns
    -------
    Evaluation
        See :mod:`ecgrt.challenge.report` for its text, JSON and CSV.

    Raises
    ------
    ValueError
        If there is no record, or a reference label is none of the plan's, or there is none but
        `must_score`.
    FileNotFoundError
        If a file is missing.
    ecgrt.PlanError
        If the plan is missing, damaged or not a plan.
    """
    source = find_records(directory)
    open_plan = partial(Classifier, plan, threads=threads, device=device)
    classifier, load = _timed(LOAD, open_plan)
    classes = CLASSES if set(classifier.classes) <= set(CLASSES) else classifier.classes
    labels, version = find_reference(Path(directory), source, reference, classes)
    if must_score and labels is None:
        raise ValueError(f"{directory} has no right labels to score with; give a reference")
    told = {"fs": fs, "unit": unit, "lead": lead}
    given, failures = _answer_all(classifier, source, told, earlier or {}, on_answer)
    answers = {answer.name: answer.label for answer in given}
    return Evaluation(
        plan=str(plan),
        backend=classifier.backend,
        threads=classifier.threads,
        metadata=classifier.metadata,
        records=source.names,
        answers=answers,
        failures=failures,
        load=load,
        timings=tuple(answer.timing for answer in given),
        overlap=_overlap(classifier, source.names),
        warnings={answer.name: answer.warnings for answer in given if answer.warnings},
        score=None if labels is None else score(labels, answers, _scored(classifier, labels)),
        label_version=version,
        unlabelled=() if labels is None else tuple(n for n in source.names if n not in labels),
        reference=labels,
        probabilities={answer.name: answer.probabilities for answer in given},
    )


def _scored(classifier: Classifier, labels: Mapping[str, str]) -> Sequence[str]:
    """Return the classes of the score: the plan's, but the challenge's where it asks for more."""
    return classifier.classes if set(labels.values()) <= set(classifier.classes) else CLASSES


def _answer_all(
    classifier: Classifier,
    source: Source,
    told: Mapping[str, Any],
    earlier: Mapping[str, Answer],
    on_answer: Callable[[Answer], None] | None,
) -> tuple[list[Answer], dict[str, str]]:
    """Return the answers, and the reason by name of the records that failed."""
    answers: list[Answer] = []
    failures: dict[str, str] = {}
    for path in track(source.paths, desc="records"):
        name = shown_name(path)
        if name in earlier:
            answers.append(earlier[name])
            continue
        read = partial(read_record, path, **{**told, **source.said.get(name, {})})
        try:
            answer = _answer(classifier, path, read)
        except Exception as error:  # noqa: BLE001 (whatever one record leads to)
            failures[name] = describe(error)
            continue
        answers.append(answer)
        if on_answer is not None:
            on_answer(answer)
    return answers, failures


def _answer(classifier: Classifier, path: Path, read: Callable[[], Record]) -> Answer:
    check_name(record_name(path))
    record = read()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SignalWarning)  # told of all records at once
        prediction, timing = _timed(shown_name(path), partial(classifier.predict, record))
    if prediction.label is None:
        raise ValueError("no label is given: too little of the record can be read")
    return Answer(
        timing.name,
        prediction.label,
        timing,
        tuple(prediction.quality.warnings),
        tuple(prediction.probabilities.tolist()),
    )


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
