"""Cross-validation of recipes: nobody is scored by a network that has seen him."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import comparison
import cross_validate
import numpy as np
import pytest
from tiny_training import tiny_config, write_data

from ecgrt.calibration.fit import Answers
from ecgrt.challenge.scoring import CLASSES, score
from ecgrt.records.manifest import read_manifest
from ecgrt.training.runs import Run

pytest.importorskip("tensorflow", reason='needs pip install "ecgrt[train]"')

NUMBERS = "ANO~"


def test_from_configurations_to_a_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_data(tmp_path, train=24)
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    for name, fields in {"plain": {}, "flip": {"flip": 0.5}}.items():
        config = tiny_config(tmp_path, max_epochs=1, **fields)
        (tmp_path / f"{name}.json").write_text(json.dumps(config.to_dict()))
    out = tmp_path / "ablations.json"
    files = [str(tmp_path / "flip.json"), str(tmp_path / "plain.json")]
    assert cross_validate.main([*files, "--base", "plain", "--jobs", "2", "-o", str(out)]) == 0
    found = json.loads(out.read_text())
    assert (found["records"], found["folds"], found["base"]) == (24, 2, "plain")
    flip, plain = found["recipes"]
    assert (flip["name"], flip["changes"]) == ("flip", {"flip": 0.5})
    assert plain["changes"] == {}
    assert "overall_less_base" in flip
    assert "overall_less_base" not in plain
    scored: list[str] = []
    for number in (1, 2):
        (folder,) = (tmp_path / "saved" / f"flip-{number}").iterdir()
        held_out = tmp_path / "saved" / "folds" / f"fold-{number}-held-out.json"
        names = [item.record.name for item in read_manifest(held_out)]
        assert not set(names) & set(Run(folder).training_records())
        with np.load(folder / "answers.npz") as answers:
            assert len(answers["labels"]) == len(names)
        scored += names
    assert sorted(scored) == sorted(f"train{i}" for i in range(24))


def test_folds_hold_every_label_and_find_their_records(tmp_path: Path) -> None:
    write_data(tmp_path, train=24)
    parts = cross_validate.write_folds(tmp_path / "train.json", tmp_path / "elsewhere" / "x", 3)
    held_out = [read_manifest(path) for _, path in parts]
    assert [sorted(item.label for item in items) for items in held_out] == [sorted("NAO~" * 2)] * 3
    for (rest, _), items in zip(parts, held_out, strict=True):
        names = {item.record.name for item in items}
        assert len(names | {i.record.name for i in read_manifest(rest)}) == 24


def test_a_run_that_was_begun_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bool] = []
    monkeypatch.setattr(cross_validate, "train", lambda *_, resume: calls.append(resume))
    config = tiny_config(tmp_path)
    cross_validate.train_run(config, "new-1")
    Run.create(config, "new-1")
    cross_validate.train_run(config, "new-1")
    assert calls == [False, True]


def outcome(labels: np.ndarray, modes: np.ndarray, probabilities: np.ndarray) -> Any:
    answers = Answers(probabilities.astype(np.float32), np.zeros((len(labels), 4)), modes, labels)
    return comparison.Outcome(answers, probabilities, tuple(NUMBERS), 3, 0.5, 9.5)


def test_scores_and_differences(tmp_path: Path) -> None:
    """Held against the official score, and the mean of the losses' differences by hand."""
    rng = np.random.default_rng(1)
    labels = rng.integers(4, size=200)
    recipes = {"base": tiny_config(tmp_path), "other": tiny_config(tmp_path, noise=0.1)}
    outcomes, modes = {}, {}
    luck, guesses = rng.random(200), rng.integers(4, size=200)
    for name, wrong in {"base": 0.3, "other": 0.2}.items():
        modes[name] = np.where(luck < wrong, guesses, labels)
        p = 0.1 + 0.6 * np.eye(4)[modes[name]]
        halves = (slice(0, 90), slice(90, 200))
        outcomes[name] = [outcome(labels[h], modes[name][h], p[h]) for h in halves]
    base, other = comparison.compare(recipes, outcomes, "base")
    for name, row in {"base": base, "other": other}.items():
        result = score(
            {str(i): NUMBERS[n] for i, n in enumerate(labels)},
            {str(i): NUMBERS[n] for i, n in enumerate(modes[name])},
        )
        assert row["overall"][0] == pytest.approx(result.overall, abs=1e-4)
        assert row["f1"] == pytest.approx({c: result.f1[c] for c in CLASSES}, abs=1e-4)
        assert row["overall"][1] < row["overall"][0] < row["overall"][2]
    right = [np.mean(modes[name] == labels) for name in ("base", "other")]
    per_record = np.log(0.7) - np.log(0.1)
    gain, spread = other["log_loss_less_base"]
    assert gain == pytest.approx(-(right[1] - right[0]) * per_record, abs=1e-4)
    assert 0 < spread < abs(gain)
    more, low, high = other["overall_less_base"]
    assert low < more < high
    assert more == pytest.approx(other["overall"][0] - base["overall"][0], abs=2e-4)
    # the same resamples for both: a difference is surer than two scores apart
    assert high - low < base["overall"][2] - base["overall"][1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--base", "nobody"], "--base nobody: there is plain"),
        (["--folds", "1"], "at least 2"),
        (["--jobs", "0"], "at least 2 and 1"),
    ],
)
def test_what_makes_no_sense(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plain.json"
    path.write_text(json.dumps(tiny_config(tmp_path).to_dict()))
    assert cross_validate.main([str(path), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_recipes_on_other_data_cannot_be_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        config = tiny_config(tmp_path, save_dir=str(tmp_path / name))
        (tmp_path / f"{name}.json").write_text(json.dumps(config.to_dict()))
    assert cross_validate.main([str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 2
    assert "differ in train, dev or save_dir" in capsys.readouterr().err


def test_blank_lines_of_a_manifest_are_no_records(tmp_path: Path) -> None:
    write_data(tmp_path, train=8)
    path = tmp_path / "train.json"
    path.write_text(path.read_text().replace("\n", "\n\n"), encoding="utf-8-sig")
    parts = cross_validate.write_folds(path, tmp_path / "folds", 2)
    assert [len(read_manifest(held_out)) for _, held_out in parts] == [4, 4]


def test_two_recipes_of_one_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / folder / "plain.json" for folder in "ab"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(json.dumps(tiny_config(tmp_path).to_dict()))
    assert cross_validate.main([str(path) for path in paths]) == 2
    assert "another is named plain" in capsys.readouterr().err
