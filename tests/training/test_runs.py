"""The run folder: its schedule, its best epoch, its history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_training import tiny_config

from ecgrt.training.config import TrainConfig
from ecgrt.training.runs import Epoch, Run, best, schedule


def row(epoch: int, f1: float, val_loss: float) -> Epoch:
    return Epoch(
        epoch=epoch,
        learning_rate=1e-3,
        loss=1.0,
        accuracy=0.5,
        val_loss=val_loss,
        val_accuracy=0.75,
        f1=f1,
        f1_by_class={"N": f1, "A": f1, "O": f1, "~": float("nan")},
        seconds=1.0,
    )


def test_best_is_by_f1_and_not_by_loss() -> None:
    rows = [row(1, 0.5, 0.3), row(2, 0.7, 0.9), row(3, 0.7, 0.8), row(4, 0.6, 0.1)]
    assert best(rows).epoch == 3


@pytest.mark.parametrize(
    ("losses", "rate", "waited"),
    [
        ([], 0.1, 0),
        ([1.0, 0.9, 0.95], 0.1, 1),
        ([1.0, 0.9, 0.95, 0.9], 0.01, 2),
        ([1.0, 0.9, 0.95, 0.9, 0.8], 0.01, 0),
        ([1.0, 0.9, 0.95, 0.9, 0.8, 0.9, 0.9], 1e-3, 2),
        ([1.0] + [2.0] * 9, 1e-4, 9),  # a thousandth at the least
    ],
)
def test_schedule(losses: list[float], rate: float, waited: int) -> None:
    config = TrainConfig(train="a", dev="b", learning_rate=0.1, learning_rate_patience=2)
    learning_rate, since_gain = schedule(config, losses)
    assert learning_rate == pytest.approx(rate)
    assert since_gain == waited


def test_history_survives_to_the_bit_and_replaces_what_it_needs_to_resume(tmp_path: Path) -> None:
    run = Run.create(tiny_config(tmp_path), "a")
    assert run.history() == []
    f1 = {"N": 1 / 3, "A": 1 / 3, "O": 0.1, "~": 0.7}
    rows = [replace(row(n, 1 / 3, 0.1 * n), f1_by_class=f1) for n in (1, 2)]
    for count in (1, 2):
        run.resume_file(count).touch()
        run.complete(rows[:count])
        assert run.history() == rows[:count]
        assert list(run.folder.glob("resume-*")) == [run.resume_file(count)]


def test_runs_of_one_second_get_folders_of_their_own(tmp_path: Path) -> None:
    config = tiny_config(tmp_path)
    runs = [Run.create(config, "a") for _ in range(3)]
    assert len({run.folder for run in runs}) == 3
    assert Run.find(config, "a") == max(runs, key=lambda run: run.folder)


@pytest.mark.parametrize("name", ["a/b", "..", "."])
def test_run_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a run's name"):
        Run.create(tiny_config(tmp_path), name)
