"""Compare recipes of training by cross-validation: what is each ingredient worth?

    python tools/cross_validate.py configs/ablations/*.json --base crops --jobs 2

Every configuration is trained once for each fold of its training records, without that fold; then
all records are classified by the network that has not seen them. The fold's checkpoint is chosen on
the dev records, as ever, so that nothing is chosen on what is scored. All must name the same train,
dev and save_dir. There the runs lie, as NAME-FOLD; those that are there already are gone on with.
The comparison is written as JSON, from which the model card makes its table.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from comparison import Outcome, compare

from ecgrt import onnx_file
from ecgrt._files import replacing, write_text
from ecgrt.calibration.fit import Answers, answer
from ecgrt.calibration.measures import stratified_folds
from ecgrt.calibration.scaling import scale_held_out
from ecgrt.metadata import digest_records
from ecgrt.records.manifest import manifest_lines, read_manifest
from ecgrt.training.config import TrainConfig
from ecgrt.training.export import export
from ecgrt.training.runs import Run, best
from ecgrt.training.train import train

ROOT = Path(__file__).resolve().parents[1]
#: Parts of a fold that take turns in being measured by a calibration fitted to the others.
CALIBRATION_FOLDS = 5


def main(argv: Sequence[str] | None = None) -> int:
    """Train and compare as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("configs", type=Path, nargs="+", metavar="CONFIG.json")
    parser.add_argument(
        "--base", help="name of the recipe that others are compared with; the first"
    )
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time, sharing the cores")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "models" / "ablations.json")
    args = parser.parse_args(argv)
    try:
        recipes = load_recipes(args.configs)
        found = cross_validate(recipes, args.base or args.configs[0].stem, args.folds, args.jobs)
        write_text(args.out, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    except (ValueError, OSError, ImportError) as error:
        print(f"cross_validate: error: {error}", file=sys.stderr)
        return 2
    return 0


def load_recipes(paths: Sequence[Path]) -> dict[str, TrainConfig]:
    """Read configurations, by the names of their files."""
    recipes: dict[str, TrainConfig] = {}
    for path in paths:
        if path.stem in recipes:
            raise ValueError(
                f"{path}: another is named {path.stem} too; give each a name of its own"
            )
        recipes[path.stem] = TrainConfig.load(path)
    return recipes


def cross_validate(
    recipes: dict[str, TrainConfig], base: str, folds: int, jobs: int
) -> dict[str, Any]:
    """Train every recipe on every fold, and return what the held-out records say of each."""
    if base not in recipes:
        raise ValueError(f"--base {base}: there is {', '.join(recipes)}")
    if folds < 2 or jobs < 1:
        raise ValueError(f"{folds} folds, {jobs} jobs: at least 2 and 1 are needed")
    places = {(config.train, config.dev, config.save_dir) for config in recipes.values()}
    if len(places) > 1:
        raise ValueError("the configurations differ in train, dev or save_dir; one for all, please")
    (train_manifest, _, save_dir), *_ = places
    parts = write_folds(Path(train_manifest), Path(save_dir) / "folds", folds)
    tasks = [
        (replace(config, train=str(rest)), f"{name}-{number}")
        for name, config in recipes.items()
        for number, (rest, _) in enumerate(parts, 1)
    ]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(max((cores or 1) // jobs, 1)))
    # A process for each run: TensorFlow's random numbers are set once in a process.
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=1) as pool:
        pool.starmap(train_run, tasks, chunksize=1)
    outcomes = {
        name: [
            _outcome(Run.find(*task), held_out)
            for task, (_, held_out) in zip(tasks[i * folds :][:folds], parts, strict=True)
        ]
        for i, name in enumerate(recipes)
    }
    names = [item.record.name for item in read_manifest(train_manifest)]
    return {
        "records": len(names),
        "digest": digest_records(names),
        "folds": folds,
        "base": base,
        "recipes": compare(recipes, outcomes, base),
    }


def write_folds(manifest: Path, folder: Path, folds: int) -> list[tuple[Path, Path]]:
    """Share out a manifest's records; return for each fold the manifests of the rest and of it."""
    items = read_manifest(manifest)
    lines = []
    for _, line in manifest_lines(manifest):
        entry = json.loads(line)
        lines.append(json.dumps({**entry, "ecg": str(manifest.parent.resolve() / entry["ecg"])}))
    numbers = stratified_folds(np.array([item.label for item in items]), folds)
    parts = []
    for fold in range(folds):
        pair = (folder / f"fold-{fold + 1}-train.json", folder / f"fold-{fold + 1}-held-out.json")
        for path, chosen in zip(pair, (numbers != fold, numbers == fold), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            kept = [line for line, is_chosen in zip(lines, chosen, strict=True) if is_chosen]
            write_text(path, "".join(f"{line}\n" for line in kept))
        parts.append(pair)
    return parts


def train_run(config: TrainConfig, name: str) -> None:
    """Train to the end, from the beginning or from where a run of that name stopped."""
    begun = any((Path(config.save_dir) / name).glob("*/config.json"))
    train(config, name, resume=begun)


def _outcome(run: Run, held_out: Path) -> Outcome:
    history, metadata = run.history(), run.metadata()
    answers = _answers(run, held_out)
    return Outcome(
        answers,
        scale_held_out(answers.probabilities, answers.labels, CALIBRATION_FOLDS),
        metadata.classes,
        epochs=len(history),
        dev_f1=best(history).f1,
        seconds=min(epoch.seconds for epoch in history),
    )


def _answers(run: Run, held_out: Path) -> Answers:
    """Classify records with the run's best checkpoint, once: the answers are kept in its folder."""
    kept = run.folder / "answers.npz"
    if kept.exists() and kept.stat().st_mtime > (run.folder / "history.csv").stat().st_mtime:
        with np.load(kept) as arrays:
            return Answers(**arrays)
    model = run.folder / "best.onnx"
    export(run.folder, model)
    answers = answer(onnx_file.load_model(model), run.metadata(), read_manifest(held_out))
    with replacing(kept) as part, part.open("wb") as file:
        np.savez(file, **vars(answers))
    return answers


if __name__ == "__main__":
    sys.exit(main())
