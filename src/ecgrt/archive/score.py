"""An archive answered, wherever its blocks are."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .. import Classifier
from .._extras import require
from ..shipped import PLAN
from .answers import Table, schema
from .folders import clear
from .here import answer_here
from .inputs import Archive, list_archive
from .output import KEY, Output, identity_in, locked
from .settings import Settings, check_columns, digest_of
from .stores import readable

#: Shows progress: gets the blocks as they are answered, and how many there will be.
Progress = Callable[[Iterator[int], int], Iterator[int]]


@dataclass(frozen=True)
class Summary:
    """What an archive's answers are.

    Attributes
    ----------
    records
        How many there are.
    labels
        How many got each label; those without one are in none.
    failures
        How many have an error instead of an answer.
    """

    records: int
    labels: dict[str, int]
    failures: int


def score(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    plan: str | Path | None = None,
    workers: int | None = None,
    threads: int | None = None,
    device: int = 0,
    fs: float | None = None,
    unit: str | None = None,
    lead: str | int | None = None,
    columns: Mapping[str, str] | None = None,
    min_confidence: float = 0.0,
    block: int = 256,
    resume: bool = False,
    ray: str | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Answer every record of an archive; write a Parquet file with a row for each.

    A record that fails is a row with the reason. Answers are those of
    :meth:`ecgrt.Classifier.predict`, and kept as they come in a folder beside `out`.

    Parameters
    ----------
    inputs
        Folders, RECORDS files, manifests, files of records, and tables of them (Parquet, Arrow);
        all but manifests also in a store.
    out
        The file to write; also an object of a store, ``s3://...``.
    plan
        As of :class:`ecgrt.Classifier`.
    workers
        Processes, or Ray's actors, of one thread each; None: one for each core, and for a TensorRT
        plan one. With 1 no process is started.
    threads, device
        Of each worker's classifier.
    fs, unit, lead
        What records do not tell, as :func:`ecgrt.read_record` takes it.
    columns
        Names of a table's columns, by what they hold: ``signal``, ``fs``, ``unit``, ``name``.
    min_confidence
        As of :meth:`ecgrt.Classifier.predict`.
    block
        Records that are kept together.
    resume
        Whether to go on with the answers of a run that did not end.
    ray
        Address of a Ray cluster, empty for one on this machine; None: without Ray.
    progress
        Called with an iterator over the numbers of blocks, and their count; to yield the same.

    Returns
    -------
    Summary
        Of the whole file.

    Raises
    ------
    BlockingIOError
        If another process writes `out`.
    ValueError
        If an input is no list or table, names a record twice, or there is none; if `resume` is
        false though there are answers to go on with, or they are to something else.
    FileNotFoundError
        If a list or a table is missing.
    """
    if block < 1 or (workers is not None and workers < 1):
        raise ValueError("a block needs at least 1 record, and a run at least 1 worker")
    plan = PLAN if plan is None else plan
    classifier = Classifier(plan, threads=threads, device=device)
    settings = Settings(
        plan=os.path.abspath(plan),
        digest=digest_of(plan),
        threads=threads,
        device=device,
        min_confidence=min_confidence,
        fs=fs,
        unit=unit,
        lead=lead,
        columns=check_columns(columns or {}),
        block=block,
    )
    archive = list_archive(inputs, settings)
    identity = {**settings.identity(), "inputs": archive.digest}
    if resume and identity_in(out) == identity:
        clear(out, identity)
    else:
        kind = schema(classifier.classes, {KEY.decode(): json.dumps(identity)})
        with locked(out, identity, archive.sizes, resume) as output:
            answers = _answers(settings, archive, output, workers, classifier.backend, ray)
            numbers = _kept(answers, output)
            left = len(archive.sizes) - len(output.done)
            for _ in numbers if progress is None else progress(numbers, left):
                pass
            output.finish(kind)
    return summary(out)


def _answers(
    settings: Settings,
    archive: Archive,
    output: Output,
    workers: int | None,
    backend: str,
    ray: str | None,
) -> Iterator[tuple[int, Table]]:
    left = set(range(len(archive.sizes))) - output.done
    if not left:
        return iter(())
    on_cpu = backend.startswith("cpu")
    if ray is not None:
        from .on_ray import answer_on_ray

        told = replace(settings, threads=settings.threads or 1) if on_cpu else settings
        return answer_on_ray(told, archive.groups, output.done, ray, workers, on_gpu=not on_cpu)
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if on_cpu else 1
    workers = min(workers, len(left))
    if workers > 1 and on_cpu:
        settings = replace(settings, threads=settings.threads or 1)
    blocks = (block for group in archive.groups for block in group.blocks(left))
    return answer_here(settings, blocks, workers)


def _kept(answers: Iterator[tuple[int, Table]], output: Output) -> Iterator[int]:
    for number, table in answers:
        output.add(number, table)
        yield number


def summary(path: str | Path) -> Summary:
    """Count what a file of answers holds."""
    parquet = require("pyarrow.parquet", extra="archive")
    with readable(path) as file:
        table = parquet.read_table(file, columns=["label", "error"])
    counted = table.column("label").drop_null().value_counts().to_pylist()
    return Summary(
        records=table.num_rows,
        labels=dict(sorted((pair["values"], pair["counts"]) for pair in counted)),
        failures=table.num_rows - table.column("error").null_count,
    )
