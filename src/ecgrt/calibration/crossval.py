"""Recipes of training compared by cross-validation: what is each ingredient worth?

Every configuration is trained once for each fold of the records of train and dev, without that
fold; then all records are answered by the network that has not seen them. A recipe whose last epoch
counts learns from all other folds; for one that chooses its epoch on dev a tenth of them is kept
aside for that. Nothing is chosen on what is scored. The folds follow from the records' names.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .._files import replacing
from ..challenge.scoring import scored_classes
from ..metadata import digest_records
from ..records.manifest import LabelledRecord, read_manifest
from ..training.answers import RecordAnswers, answer_records
from ..training.config import TrainConfig
from ..training.runs import Run, best
from ..training.train import train
from .comparison import Outcome, compare
from .folds import named_folds, write_parts
from .scaling import scale_held_out

FOLDS = 5
#: Of the other folds' records, one in so many chooses the epoch, where the recipe chooses one.
CHOOSING = 10
#: Parts of a fold that take turns in being measured by a calibration fitted to the others.
CALIBRATION_FOLDS = 5
#: The file in a recipe's folder with its answers to all records, each by a network that has not
#: seen it; ``ecgrt-export --head`` reads it.
OUT_OF_FOLD = "out-of-fold.npz"


@dataclass(frozen=True)
class Task:
    """A run: its recipe, its name, the records that it has not seen."""

    recipe: str
    seed: int
    fold: int
    config: TrainConfig
    held_out: Path

    @property
    def name(self) -> str:
        """Of the run and its folder."""
        return f"{self.recipe}-seed{self.seed}-fold{self.fold + 1}"


def load_recipes(paths: Sequence[Path]) -> dict[str, TrainConfig]:
    """Read configurations, by the names of their files."""
    recipes: dict[str, TrainConfig] = {}
    for path in paths:
        if path.stem in recipes:
            raise ValueError(
                f"{path}: another is named {path.stem} too; give each a name of its own"
            )
        recipes[path.stem] = TrainConfig.load(path)
    places = {(config.train, config.dev, config.save_dir) for config in recipes.values()}
    if len(places) > 1:
        raise ValueError("the configurations differ in train, dev or save_dir; one for all, please")
    return recipes


def cross_validate(
    recipes: Mapping[str, TrainConfig],
    base: str,
    *,
    folds: int = FOLDS,
    seeds: Sequence[int] = (),
    jobs: int = 1,
) -> dict[str, Any]:
    """Train every recipe on every fold, and return what the held-out records say of each.

    Parameters
    ----------
    recipes
        Configurations by name, of the same train, dev and save_dir, as :func:`load_recipes` reads
        them. In save_dir the runs lie, as ``NAME-seedS-foldK``; those that are there already are
        gone on with.
    base
        The recipe that the others are compared with.
    folds
        Two or more.
    seeds
        Of each run; empty: each recipe's own.
    jobs
        Runs at a time, which share the cores.

    Raises
    ------
    ValueError
        If the numbers make no sense, a class is rarer than the folds are many, or a recipe cannot
        be trained.
    """
    if base not in recipes:
        raise ValueError(f"--base {base}: there is {', '.join(recipes)}")
    if folds < 2 or jobs < 1:
        raise ValueError(f"{folds} folds, {jobs} jobs: at least 2 and 1 are needed")
    first = recipes[base]
    manifests = [Path(first.train), Path(first.dev)]
    records = [item for manifest in manifests for item in read_manifest(manifest)]
    _check_classes(records, folds)
    tasks = _tasks(recipes, records, manifests, folds, seeds)
    _train_all(tasks, jobs)
    outcomes = {name: _outcomes(name, tasks) for name in recipes}
    names = [item.record.name for item in records]
    return {
        "records": len(names),
        "digest": digest_records(names),
        "folds": folds,
        "base": base,
        "recipes": compare(recipes, outcomes, base),
    }


def _check_classes(records: Sequence[LabelledRecord], folds: int) -> None:
    """Refuse classes too rare for every fold to be learnt without them and scored with them."""
    counts = Counter(item.label for item in records)
    scored = scored_classes(counts)
    for label, count in sorted(counts.items()):
        needed = folds if label in scored else 2
        if count < needed:
            raise ValueError(
                f"train and dev together have {count} records of {label}; {folds} folds need at "
                f"least {needed}"
            )


def _tasks(
    recipes: Mapping[str, TrainConfig],
    records: Sequence[LabelledRecord],
    manifests: Sequence[Path],
    folds: int,
    seeds: Sequence[int],
) -> list[Task]:
    numbers = named_folds(records, folds)
    # The same rule shares out a fold's other records, and is independent of the folds' numbers.
    choosing = named_folds(records, folds * CHOOSING) // folds == 0
    tasks = []
    for fold in range(folds):
        outside = numbers != fold
        parts = {
            f"fold-{fold + 1}-held-out": ~outside,
            f"fold-{fold + 1}-others": outside,
            f"fold-{fold + 1}-train": outside & ~choosing,
            f"fold-{fold + 1}-dev": outside & choosing,
        }
        folder = Path(next(iter(recipes.values())).save_dir) / "folds"
        paths = list(
            write_parts(manifests, folder, {k: list(v) for k, v in parts.items()}).values()
        )
        for name, config in recipes.items():
            last = config.checkpoint == "last"
            learnt, dev = (paths[1], paths[0]) if last else (paths[2], paths[3])
            for seed in seeds or [config.seed]:
                own = replace(config, train=str(learnt), dev=str(dev), seed=seed)
                tasks.append(Task(name, seed, fold, own, paths[0]))
    return tasks


def _train_all(tasks: Sequence[Task], jobs: int) -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(max((cores or 1) // jobs, 1)))
    # A process for each run: TensorFlow's random numbers are set once in a process.
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=1) as pool:
        pool.map(train_task, tasks, chunksize=1)


def train_task(task: Task) -> None:
    """Train to the end, from the beginning or from where a run of that name stopped, and answer."""
    begun = any((Path(task.config.save_dir) / task.name).glob("*/config.json"))
    with redirect_stdout(sys.stderr):  # standard output is for the comparison
        train(task.config, task.name, resume=begun)
    run = Run.find(task.config, task.name)
    kept = run.folder / "answers.npz"
    if kept.exists() and kept.stat().st_mtime > (run.folder / "history.csv").stat().st_mtime:
        return
    checkpoint = run.folder / best(run.history(), task.config.checkpoint).checkpoint
    answers = answer_records(checkpoint, run.metadata(), read_manifest(task.held_out))
    with replacing(kept) as part, part.open("wb") as file:
        np.savez(file, **vars(answers))


def _outcomes(recipe: str, tasks: Sequence[Task]) -> list[list[Outcome]]:
    """Return a recipe's outcomes, of each seed those of all folds; keep its answers in one file."""
    mine = [task for task in tasks if task.recipe == recipe]
    seeds = sorted({task.seed for task in mine})
    found = [[_outcome(task) for task in mine if task.seed == seed] for seed in seeds]
    joined: dict[str, Any] = {
        name: np.concatenate([vars(outcome.answers)[name] for outcome in found[0]])
        for name in vars(found[0][0].answers)
    }
    first = [task.fold for task in mine if task.seed == seeds[0]]
    joined["folds"] = np.repeat(first, [len(one.answers.labels) for one in found[0]])
    folder = Path(mine[0].config.save_dir) / recipe
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / OUT_OF_FOLD) as part, part.open("wb") as file:
        np.savez(file, **joined)
    return found


def _outcome(task: Task) -> Outcome:
    run = Run.find(task.config, task.name)
    history, metadata = run.history(), run.metadata()
    with np.load(run.folder / "answers.npz") as arrays:
        answers = RecordAnswers(**arrays)
    return Outcome(
        answers,
        scale_held_out(answers.probabilities, answers.labels, CALIBRATION_FOLDS),
        metadata.classes,
        epochs=len(history),
        dev_f1=best(history, task.config.checkpoint).f1,
        seconds=min(epoch.seconds for epoch in history),
    )
