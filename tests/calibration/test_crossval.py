"""Cross-validation of recipes: nobody is scored by a network that has seen him."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_training import tiny_config, write_data

from ecgrt.calibration import comparison, crossval
from ecgrt.calibration.folds import named_folds, write_parts
from ecgrt.challenge.scoring import CLASSES, score
from ecgrt.cli.crossval import main as crossval_main
from ecgrt.records.base import Record
from ecgrt.records.manifest import LabelledRecord, read_manifest
from ecgrt.training.answers import RecordAnswers
from ecgrt.training.runs import Run

pytest.importorskip("tensorflow", reason='needs pip install "ecgrt[train]"')

NUMBERS = "ANO~"


def test_from_configurations_to_a_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One recipe chooses its epoch on dev, the other has its last; begun again, nothing is done."""
    write_data(tmp_path, train=24, dev=16)
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    monkeypatch.setattr(crossval, "CHOOSING", 2)
    monkeypatch.setattr(
        crossval, "_train_all", lambda tasks, _: list(map(crossval.train_task, tasks))
    )
    fixed = {"checkpoint": "last", "schedule": "cosine"}
    for name, fields in {"plain": {}, "last": fixed}.items():
        config = tiny_config(tmp_path, max_epochs=1, **fields)
        (tmp_path / f"{name}.json").write_text(json.dumps(config.to_dict()))
    out = tmp_path / "table.json"
    files = [str(tmp_path / "last.json"), str(tmp_path / "plain.json")]
    arguments = [*files, "--base", "plain", "--folds", "2", "--json", str(out)]
    assert crossval_main(arguments) == 0
    found = json.loads(out.read_text())
    assert (found["records"], found["folds"], found["base"]) == (40, 2, "plain")
    last, plain = found["recipes"]
    assert (last["name"], last["changes"]) == ("last", fixed)
    assert plain["changes"] == {}
    assert "overall_less_base" in last
    assert "overall_less_base" not in plain
    everybody = {f"{part}{i}" for part, count in (("train", 24), ("dev", 16)) for i in range(count)}
    for recipe in ("last", "plain"):
        with np.load(tmp_path / "saved" / recipe / crossval.OUT_OF_FOLD) as kept:
            assert set(kept["names"]) == everybody
            np.testing.assert_allclose(kept["probabilities"].sum(axis=1), 1, atol=1e-6)
            folds = dict(zip(kept["names"], kept["folds"], strict=True))
        for number in (1, 2):
            (folder,) = (tmp_path / "saved" / f"{recipe}-seed2018-fold{number}").iterdir()
            learnt = set(Run(folder).training_records())
            assert not learnt & {name for name, fold in folds.items() if fold == number - 1}
            rest = {name for name, fold in folds.items() if fold != number - 1}
            assert (learnt == rest) is (recipe == "last")
    text = capsys.readouterr().out
    monkeypatch.setattr(crossval, "answer_records", None)  # would fail if it were called again
    assert crossval_main(arguments) == 0
    assert text.splitlines()[-1] == capsys.readouterr().out.splitlines()[-1]
    assert text.splitlines()[-2].startswith("last")


def record(name: str, label: str, seed: int) -> LabelledRecord:
    signal = np.random.default_rng(seed).normal(size=300).astype(np.float32)
    return LabelledRecord(Record(name, signal, 300.0), (label,))


def test_folds_follow_from_names_alone() -> None:
    records = [record(f"r{i}", "NAO~"[i % 4], i) for i in range(40)]
    folds = dict(zip((item.record.name for item in records), named_folds(records, 5), strict=True))
    for label in "NAO~":
        of_label = [folds[item.record.name] for item in records if item.label == label]
        assert sorted(of_label) == sorted(list(range(5)) * 2)
    back = records[::-1]
    assert named_folds(back, 5).tolist() == [folds[item.record.name] for item in back]


def test_copies_go_to_one_fold() -> None:
    records = [record(f"r{i}", "N", i // 2) for i in range(40)]
    numbers = named_folds(records, 5)
    assert (numbers[::2] == numbers[1::2]).all()
    assert len(set(numbers)) == 5


def outcome(labels: np.ndarray, modes: np.ndarray, probabilities: np.ndarray) -> Any:
    answers = RecordAnswers(np.array(["r"] * len(labels)), probabilities, modes, labels)
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
        outcomes[name] = [[outcome(labels[h], modes[name][h], p[h]) for h in halves]] * 2
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
    with pytest.raises(SystemExit, match="2"):
        crossval_main([str(path), *arguments])
    assert message in capsys.readouterr().err


def test_recipes_on_other_data_cannot_be_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        config = tiny_config(tmp_path, save_dir=str(tmp_path / name))
        (tmp_path / f"{name}.json").write_text(json.dumps(config.to_dict()))
    with pytest.raises(SystemExit, match="2"):
        crossval_main([str(tmp_path / "a.json"), str(tmp_path / "b.json")])
    assert "differ in train, dev or save_dir" in capsys.readouterr().err


def test_blank_lines_of_a_manifest_are_no_records(tmp_path: Path) -> None:
    write_data(tmp_path, train=8)
    path = tmp_path / "train.json"
    path.write_text(path.read_text().replace("\n", "\n\n"), encoding="utf-8-sig")
    half = [number < 3 for number in range(8)]
    found = write_parts([path], tmp_path / "folds", {"a": half, "b": [not one for one in half]})
    assert [len(read_manifest(part)) for part in found.values()] == [3, 5]


def test_two_recipes_of_one_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / folder / "plain.json" for folder in "ab"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(json.dumps(tiny_config(tmp_path).to_dict()))
    with pytest.raises(SystemExit, match="2"):
        crossval_main([str(path) for path in paths])
    assert "another is named plain" in capsys.readouterr().err
