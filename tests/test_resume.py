"""Resuming: what a run may go on with, and that a refusal leaves its folder alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_training import tiny_config, write_data

import ecgrt.train
from ecgrt.config import TrainConfig
from ecgrt.dataset import Example
from ecgrt.runs import Run
from ecgrt.train import train


class IdleLearner:
    """Trains nothing."""

    def __init__(self, config: TrainConfig, num_classes: int) -> None:
        pass

    def fit(self, examples: Any, epoch: int, learning_rate: float) -> tuple[float, float]:
        return 1.0, 0.5

    def evaluate(self, examples: Sequence[Example]) -> tuple[float, float, dict[str, int]]:
        return 1.0, 0.5, {e.name: 1 for e in examples}

    def save_network(self, path: Path) -> None:
        path.touch()

    def load_state(self, path: Path) -> None:
        if not path.exists():
            raise FileNotFoundError(path)

    save_state = save_network


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("matplotlib", reason='needs pip install "ecgrt[train]"')
    monkeypatch.setattr(ecgrt.train, "Learner", IdleLearner)
    write_data(tmp_path)
    return tmp_path


def contents(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.iterdir()}


@pytest.mark.parametrize("change", ["train", "state"])
def test_refused_resume_leaves_the_folder_as_it_was(folder: Path, change: str) -> None:
    config = tiny_config(folder, max_epochs=1)
    run = train(config)
    if change == "train":
        write_data(folder, train=9)
    else:
        Run(run).resume_file(1).unlink()
    before = contents(run)
    with pytest.raises((ValueError, FileNotFoundError)):
        train(replace(config, max_epochs=9), resume=True)
    assert contents(run) == before
