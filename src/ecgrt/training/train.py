"""Training: from a configuration to a run folder with a checkpoint per epoch."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .._extras import require
from ..challenge.scoring import score, score_name
from ..metadata import Metadata, digest_records
from ..records.manifest import LabelledRecord, read_manifest
from .answers import read_teacher
from .config import TrainConfig
from .curves import plot_curves
from .examples import Example, prepare, statistics
from .labels import digest_labels, find_classes
from .learner import Learner
from .runs import Epoch, Run, best, schedule, seen_before


def train(config: TrainConfig, experiment: str | None = None, resume: bool = False) -> Path:
    """Train a network, or go on training it.

    The checkpoint that counts is that of the highest F1 on the dev records
    (:func:`ecgrt.challenge.scoring.score`), which are seen as they are when serving, without
    padding; or the last, if the recipe says so. With the schedule ``"plateau"`` the learning rate
    and the end follow the dev loss. The same seed, data, machine and packages give the same
    weights, interrupted or not.

    Parameters
    ----------
    config
        The network, its data and the recipe.
    experiment
        Name of the run, ``"default"`` by default: the folder in ``config.save_dir`` that gets
        the run folder, and the model's name.
    resume
        Go on after the last complete epoch of the newest run of that name. Only the fields
        :data:`ecgrt.training.runs.RESUMABLE` may differ from those that it was started with.

    Returns
    -------
    Path
        The run folder; :mod:`ecgrt.training.runs` tells what it holds.

    Raises
    ------
    FileNotFoundError
        If the data or, with `resume`, the run is missing.
    ValueError
        If the data or the configuration cannot be used, the loss is no longer a number, or a
        batch does not fit into memory.
    ModuleNotFoundError
        If a package of the extra ``train`` is missing.
    KeyboardInterrupt
        On Ctrl-C, after a message that tells how to go on.
    """
    name = experiment or "default"
    require("matplotlib", extra="train")  # or the run would end at its first curves
    metadata, data = _load(config, name)
    run, learner, history = _open(config, name, resume, metadata, data.dev_digest)
    # Only now, for a run that cannot go on stays as it was.
    run.write_config(config)
    run.write_data(metadata, data.seen, data.dev_digest)
    print(f"{run.folder}: {len(data.train)} records to train on, {len(data.dev)} dev records")
    try:
        while (reason := _finished(config, history)) is None:
            row = _epoch(learner, config, history, data)
            learner.save_network(run.folder / row.checkpoint)
            learner.save_state(run.resume_file(row.epoch))
            history.append(row)
            run.complete(history)
            plot_curves(history, run.folder / "curves.svg")
            _report(config, run, history)
    except KeyboardInterrupt:
        print(f"\ninterrupted: {len(history)} epochs are complete, go on with --resume")
        raise
    winner = best(history, config.checkpoint)
    which = f"the {config.checkpoint} is epoch {winner.epoch}"
    print(f"{reason}; {which}, {score_name(data.classes)} {winner.f1:.3f} on dev:")
    print(run.folder / winner.checkpoint)
    return run.folder


@dataclass(frozen=True)
class _Data:
    """What the network learns from and is judged by.

    `reference` is dev's label by name, `seen` are the names of all records that the weights come
    from, those of the initial weights among them, and `dev_digest` tells other dev records or
    labels apart.
    """

    train: list[Example]
    dev: list[Example]
    reference: dict[str, str]
    classes: tuple[str, ...]
    seen: list[str]
    dev_digest: str


def _load(config: TrainConfig, name: str) -> tuple[Metadata, _Data]:
    train_records, dev_records = _read(config)
    before = seen_before(config.initial_weights) if config.initial_weights is not None else set()
    if known := before & {item.record.name for item in dev_records}:
        raise ValueError(
            f"record {min(known)} is in dev, but {config.initial_weights} was trained on it; split "
            "the records as they were for it, with 'ecgrt-data split --like'"
        )
    seen = sorted(before | {item.record.name for item in train_records})
    classes = find_classes(config, train_records, dev_records)
    metadata = _describe(config, name, classes, train_records, seen)
    data = _Data(
        _taught(config, [prepare(item, metadata) for item in train_records], len(classes)),
        [prepare(item, metadata) for item in dev_records],
        {item.record.name: item.label for item in dev_records},
        metadata.classes,
        seen,
        digest_labels(dev_records),
    )
    return metadata, data


def _taught(config: TrainConfig, examples: list[Example], classes: int) -> list[Example]:
    """Return examples with the teacher's answers, if there is one."""
    if config.teacher is None:
        return examples
    answers = read_teacher(config.teacher)
    if strange := {example.name for example in examples} - answers.keys():
        raise ValueError(f"teacher: {config.teacher} has no answer to record {min(strange)}")
    if any(len(answers[example.name]) != classes for example in examples):
        raise ValueError(f"teacher: {config.teacher} does not answer {classes} classes, as these")
    return [replace(example, taught=answers[example.name]) for example in examples]


def _read(config: TrainConfig) -> tuple[list[LabelledRecord], list[LabelledRecord]]:
    train_records = read_manifest(config.train, config.classes or None)
    dev_records = read_manifest(config.dev, config.classes or None)
    both = {i.record.name for i in train_records} & {i.record.name for i in dev_records}
    if both:
        raise ValueError(f"record {min(both)} is in train and in dev; a record belongs to one")
    return train_records, dev_records


def _describe(
    config: TrainConfig,
    name: str,
    classes: tuple[str, ...],
    records: Sequence[LabelledRecord],
    seen: Sequence[str],
) -> Metadata:
    digest = digest_records(item.record.name for item in records)
    metadata = Metadata(
        model=name,
        classes=classes,
        mean=0.0,
        std=1.0,
        sampling_rate=config.sampling_rate,
        samples_per_segment=config.samples_per_segment,
        context_segments=config.context_segments,
        label_version=_label_version(config, digest),
        training_digest=digest_records(seen),
        training_records=len(seen),
        signal=config.signal,
    )
    if config.scale == "local":  # each signal is a scale to itself
        return metadata
    mean, std = statistics(records, None if config.signal is None else metadata)
    # A filter leaves no mean but by the ends of records.
    return replace(metadata, mean=mean if config.signal is None else 0.0, std=std)


def _label_version(config: TrainConfig, digest: str) -> str:
    """Return what split.json beside the manifest says of these training records' labels."""
    try:
        summary = json.loads(Path(config.train).with_name("split.json").read_text("utf-8"))
        known = summary["train"]["digest"] == digest
        return str(summary["label_version"]) if known else "unknown"
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return "unknown"


def _open(
    config: TrainConfig, name: str, resume: bool, metadata: Metadata, dev_digest: str
) -> tuple[Run, Learner, list[Epoch]]:
    """Return the run, new or found, its network as it was left, and its complete epochs."""
    if not resume:
        # The network first: if it fails, an empty folder would be the newest run.
        learner = Learner(config, len(metadata.classes))
        return Run.create(config, name), learner, []
    run = Run.find(config, name)
    run.check_data(metadata, dev_digest)
    history = run.history()
    learner = Learner(config, len(metadata.classes))
    if history:
        learner.load_state(run.resume_file(history[-1].epoch))
    return run, learner, history


def _finished(config: TrainConfig, history: Sequence[Epoch]) -> str | None:
    """Return why training is over, or None."""
    if len(history) >= config.max_epochs:
        return f"{len(history)} epochs are complete"
    _, waited = schedule(config, [row.val_loss for row in history])
    if waited >= config.stop_patience:
        return f"no lower dev loss for {waited} epochs"
    return None


def _epoch(learner: Learner, config: TrainConfig, history: Sequence[Epoch], data: _Data) -> Epoch:
    start = time.monotonic()
    number = len(history) + 1
    rate, _ = schedule(config, [row.val_loss for row in history])
    loss, accuracy = learner.fit(data.train, number, rate)
    val_loss, val_accuracy, answers = learner.evaluate(data.dev)
    labels = {name: data.classes[i] for name, i in answers.items()}
    result = score(data.reference, labels, data.classes)
    return Epoch(
        epoch=number,
        learning_rate=rate,
        loss=loss,
        accuracy=accuracy,
        val_loss=val_loss,
        val_accuracy=val_accuracy,
        f1=result.overall,
        f1_by_class=result.f1,
        seconds=round(time.monotonic() - start, 1),
    )


def _report(config: TrainConfig, run: Run, history: Sequence[Epoch]) -> None:
    row = history[-1]
    by_class = ", ".join(f"{label} {f1:.3f}" for label, f1 in row.f1_by_class.items())
    print(
        f"epoch {row.epoch}/{config.max_epochs}: loss {row.loss:.3f}, accuracy {row.accuracy:.3f}"
        f" | dev loss {row.val_loss:.3f}, accuracy {row.val_accuracy:.3f}, "
        f"{score_name(row.f1_by_class)} {row.f1:.3f} ({by_class})"
        f" | {row.seconds:.0f} s{', the best so far' if row is best(history) else ''}",
        flush=True,
    )
    if config.tensorboard:
        _write_curves(row, run)


def _write_curves(row: Epoch, run: Run) -> None:
    """Write an epoch's metrics for TensorBoard, whose own package only the viewer needs."""
    tf = require("tensorflow", extra="train")
    scalar = tf.compat.v1.SummaryMetadata(data_class="DATA_CLASS_SCALAR")
    scalar.plugin_data.plugin_name = "scalars"
    writer = tf.summary.create_file_writer(str(run.folder / "tensorboard"))
    with writer.as_default(step=row.epoch):
        for name, value in row.to_row().items():
            tf.summary.write(name, tf.constant(value, tf.float32), metadata=scalar)
    writer.close()
