"""Classes of one's own: the example from its README, and what cannot be learnt."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from commands import exit_code
from conftest import ROOT
from tiny_training import tiny_config, write_data

import ecgrt
from ecgrt.calibration.crossval import cross_validate
from ecgrt.records.manifest import read_manifest
from ecgrt.training.config import TrainConfig
from ecgrt.training.runs import Epoch, Run
from ecgrt.training.train import train

for module in ("tensorflow", "tf2onnx"):
    pytest.importorskip(module, reason='needs pip install "ecgrt[train]"')

EXAMPLE = ROOT / "examples" / "own-data"
RHYTHMS = ("bigeminy", "fibrillation", "sinus")


def run_line(line: str) -> None:
    """Run a line of the README here, in this process."""
    program, *arguments = [
        str(found)
        for word in shlex.split(line)
        for found in (sorted(Path().glob(word)) if "*" in word else [word])
    ]
    if program == "python":
        script, *arguments = arguments
        sys.argv = [script, *arguments]
        runpy.run_path(script, run_name="__main__")
    else:
        assert exit_code(program.removeprefix("ecgrt-"), *arguments) == 0, line


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's folder after the commands of its README."""
    folder = tmp_path_factory.mktemp("own") / "own-data"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("data", "saved", "own.*"))
    (block,) = re.findall(r"```sh\n(.*?)```", (EXAMPLE / "README.md").read_text(), re.DOTALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", sys.argv)
        for line in block.splitlines():
            run_line(line)
        run_line("ecgrt-eval data/test.json --plan own.plan --json metrics.json")
    return folder


def test_example_learns_its_rhythms(followed: Path) -> None:
    metrics = json.loads((followed / "metrics.json").read_text())
    assert metrics["classes"] == list(RHYTHMS)
    assert metrics["score"] > 0.9
    assert metrics["score"] == pytest.approx(sum(metrics["f1"].values()) / 3)
    assert metrics["overlap"] == []
    answers = (followed / "answers.txt").read_text().splitlines()
    assert len(answers) == len(metrics["answers"]) == 15
    assert answers[0].partition(",")[2] in RHYTHMS


def test_example_in_every_place_that_tells_classes(followed: Path) -> None:
    (folder,) = (followed / "saved" / "own").iterdir()
    run = Run(folder)
    assert run.metadata().classes == RHYTHMS
    for epoch in run.history():
        assert tuple(epoch.f1_by_class) == RHYTHMS
        assert epoch.f1 == pytest.approx(sum(epoch.f1_by_class.values()) / 3, nan_ok=True)
    assert "f1:bigeminy" in (folder / "history.csv").read_text().partition("\n")[0]
    classifier = ecgrt.Classifier(followed / "own.plan")
    assert classifier.classes == RHYTHMS
    assert classifier.metadata["calibration_bias"]
    (first, *_) = read_manifest(followed / "data" / "test.json")
    assert first.record.fs == 250
    assert classifier.predict(first.record).label == first.label
    millivolts = first.record.signal / 1000
    assert classifier.predict(millivolts, fs=250, unit="mV").label == first.label


def relabel(manifest: Path, names: dict[str, str]) -> None:
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    for line in lines:
        line["labels"] = [names[label] for label in line["labels"]]
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_data(tmp_path)
    return tmp_path


TWO = {"N": "no", "A": "yes", "O": "no", "~": "no"}


def test_two_classes_in_the_order_of_the_configuration(folder: Path) -> None:
    for part in ("train", "dev"):
        relabel(folder / f"{part}.json", TWO)
    run = train(tiny_config(folder, classes=["yes", "no"], max_epochs=1), "two")
    assert Run(run).metadata().classes == ("yes", "no")
    (epoch,) = Run(run).history()
    assert tuple(epoch.f1_by_class) == ("yes", "no")
    assert TrainConfig.load(run / "config.json").classes == ("yes", "no")
    assert train(tiny_config(folder, classes=["yes", "no"], max_epochs=1), "two", True) == run


@pytest.mark.parametrize(
    ("train_labels", "dev_labels", "classes", "message"),
    [
        ({"~": "N"}, {}, [], r"train\.json has no example of ~, which .*dev\.json"),
        ({"~": "N"}, {"~": "N"}, list("NAO~"), "has no example of ~"),
        ({}, {"O": "N"}, [], r"dev\.json has no record labelled O; the CinC F1.* needs N, A, O"),
        ({"~": "N"}, {"O": "N", "~": "N"}, [], r"no record labelled O; the macro F1.* A, N, O"),
        ({}, {}, ["N", "A"], "label 'O' is none of N, A"),
        (dict.fromkeys("NAO~", "N"), dict.fromkeys("NAO~", "N"), [], "no other label than N"),
    ],
)
def test_what_cannot_be_learnt_or_scored(
    train_labels: dict[str, str],
    dev_labels: dict[str, str],
    classes: list[str],
    message: str,
    folder: Path,
) -> None:
    for part, changed in (("train", train_labels), ("dev", dev_labels)):
        relabel(folder / f"{part}.json", {**{label: label for label in "NAO~"}, **changed})
    with pytest.raises(ValueError, match=message):
        train(tiny_config(folder, classes=classes), "x")
    assert not (folder / "saved").exists()


def test_challenge_columns_stay_as_they_were() -> None:
    f1 = {"N": 0.9, "A": 0.8, "O": 0.7, "~": 0.5}
    numbers = dict.fromkeys(("learning_rate", "loss", "accuracy", "val_loss", "val_accuracy"), 0.5)
    epoch = Epoch(epoch=1, f1=0.8, f1_by_class=f1, seconds=2.0, **numbers)
    row = epoch.to_row()
    assert list(row)[-6:] == ["f1", "f1_n", "f1_a", "f1_o", "f1_noise", "seconds"]
    assert Epoch.from_row({name: str(value) for name, value in row.items()}) == epoch
    like_columns = Epoch(epoch=1, f1=0.8, f1_by_class={"f1_n": 1.0, "n": 0.0}, seconds=2, **numbers)
    text = {name: str(value) for name, value in like_columns.to_row().items()}
    assert Epoch.from_row(text) == like_columns


def test_rare_class_ends_cross_validation_before_it_begins(folder: Path) -> None:
    with pytest.raises(ValueError, match="have 3 records of O; 4 folds"):
        cross_validate({"tiny": tiny_config(folder)}, "tiny", folds=4)
