"""Resuming: what a run may go on with, and that a refusal leaves its folder alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_training import tiny_config, write_data

import ecgrt.training.train
from ecgrt.training.config import TrainConfig
from ecgrt.training.examples import Example
from ecgrt.training.runs import Run
from ecgrt.training.train import train


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


class BrokenLearner:
    """Cannot be made, as without TensorFlow."""

    def __init__(self, config: TrainConfig, num_classes: int) -> None:
        raise ModuleNotFoundError("this needs the package tensorflow")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("matplotlib", reason='needs pip install "ecgrt[train]"')
    monkeypatch.setattr(ecgrt.training.train, "Learner", IdleLearner)
    write_data(tmp_path)
    return tmp_path


def contents(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.iterdir()}


def relabel_dev(folder: Path) -> None:
    """Give the last dev record, labelled A, to O."""
    path = folder / "dev.json"
    *others, last = path.read_text().splitlines()
    path.write_text("\n".join([*others, last.replace('"A"', '"O"')]) + "\n")


@pytest.mark.parametrize("change", ["train", "dev names", "dev labels", "state"])
def test_refused_resume_leaves_the_folder_as_it_was(folder: Path, change: str) -> None:
    config = tiny_config(folder, max_epochs=1)
    run = train(config)
    if change == "train":
        write_data(folder, train=9)
    elif change == "dev names":
        path = folder / "dev.json"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:5]))
    elif change == "dev labels":
        relabel_dev(folder)
    else:
        Run(run).resume_file(1).unlink()
    before = contents(run)
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        train(replace(config, max_epochs=9), resume=True)
    if change.startswith("dev"):
        assert "other dev records" in str(caught.value)
    assert contents(run) == before


def test_dev_records_in_another_order_and_place_are_the_same(folder: Path) -> None:
    run = train(tiny_config(folder, max_epochs=1))
    lines = (folder / "dev.json").read_text().splitlines(keepends=True)
    (folder / "moved.json").write_text("".join(reversed(lines)))
    config = tiny_config(folder, max_epochs=2, dev=str(folder / "moved.json"))
    assert train(config, resume=True) == run
    assert TrainConfig.load(run / "config.json") == config


def test_a_run_that_kept_no_digest_resumes_and_keeps_it_from_then_on(folder: Path) -> None:
    config = tiny_config(folder, max_epochs=1)
    run = train(config)
    (run / "dev_digest").unlink()
    assert train(replace(config, max_epochs=2), resume=True) == run
    assert len(Run(run).history()) == 2
    relabel_dev(folder)
    with pytest.raises(ValueError, match="other dev records"):
        train(replace(config, max_epochs=3), resume=True)


@pytest.mark.parametrize("begun", [False, True])
def test_network_that_cannot_be_built_leaves_no_trace(
    folder: Path, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    config = tiny_config(folder, max_epochs=1)
    before = contents(train(config)) if begun else None
    monkeypatch.setattr(ecgrt.training.train, "Learner", BrokenLearner)
    for resume in (False, True) if begun else (False,):
        with pytest.raises(ModuleNotFoundError, match="tensorflow"):
            train(replace(config, max_epochs=2), resume=resume)
    runs = list((folder / "saved").glob("*/*"))
    assert [contents(run) for run in runs] == ([before] if begun else [])


def test_missing_matplotlib_is_told_before_training(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ModuleNotFoundError, match=r"matplotlib.*ecgrt\[train\]"):
        train(tiny_config(folder))
    assert not (folder / "saved").exists()
