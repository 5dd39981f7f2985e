"""tools/model_card.py: the data that it finds, the card's blocks, the whole of it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from challenge_files import write_record
from family import LABELS, make_selector, save

from ecgrt.metadata import ONNX_TRAINING_RECORDS_KEY, digest_records
from ecgrt.training.runs import Epoch, Run

pytest.importorskip("matplotlib", reason='needs pip install "ecgrt[card]"')

import model_card
from card import tables, training
from card.answers import trained_copies

#: Of each record its label, what the network answers, and how sure it is (as a logit).
TRAINED = {"T1": "NN5", "T2": "AA5", "T3": "OO5", "T4": "NN6"}
DEV = {"D1": "NN9", "D2": "NA4", "D3": "AA7", "D4": "OO3", "D5": "ON2", "D6": "~~8", "D7": "~N1"}
VALIDATION = {
    "V1": "NN9",
    "V2": "NO5",
    "V3": "NA6",
    "V4": "NA4",
    "V5": "AN7",
    "V6": "AA3",
    "V7": "OO2",
    "V8": "~O8",
}
#: V1 once more, trained on as T4; and D1 once more, that nobody is to be scored on twice.
COPIES = {"T4": "V1", "X1": "D1"}


def make_signal(answer: str, logit: int, seed: int) -> np.ndarray:
    """Return segments of four samples, the logits of A, N, O and ~; the last few say noise."""
    rng = np.random.default_rng(seed)
    segments = np.zeros((75 + int(rng.integers(25)), 4), dtype=np.int16)
    segments[:, LABELS.index(answer)] = logit
    segments[-8:] = (0, 0, 0, 2)
    return segments.reshape(-1)


def make_data(folder: Path) -> Path:
    """Make what ``ecgrt-data fetch`` leaves."""
    records = {**TRAINED, **DEV, **VALIDATION}
    signals = {
        name: make_signal(facts[1], int(facts[2]), seed)
        for seed, (name, facts) in enumerate(records.items())
    }
    labels = {name: facts[0] for name, facts in records.items()}
    for copy, name in COPIES.items():
        signals[copy], labels[copy] = signals[name], labels[name]
    training, validation = folder / "training2017", folder / "sample2017" / "validation"
    for name, signal in signals.items():
        write_record(training, name, signal)
    validation.mkdir(parents=True)
    for name in VALIDATION:
        for suffix in (".hea", ".mat"):
            shutil.copy(training / f"{name}{suffix}", validation)
    (training / "RECORDS").write_text("\n".join(signals))
    (validation / "RECORDS").write_text("\n".join(VALIDATION))
    lines = (f"{name},{label}\n" for name, label in labels.items())
    (folder / "REFERENCE-v3.csv").write_text("".join(lines))
    return folder


def make_model(path: Path, trained: tuple[str, ...] = tuple(TRAINED), **changes: Any) -> Path:
    model: onnx.ModelProto = make_selector(
        training_digest=digest_records(trained), training_records=len(trained), **changes
    )
    names = " ".join(sorted(trained))
    model.metadata_props.add(key=ONNX_TRAINING_RECORDS_KEY, value=names)
    return save(model, path)


def make_history(folder: Path, *f1: float) -> None:
    folder.mkdir(parents=True)
    epochs = [
        Epoch(
            epoch=number,
            learning_rate=1e-3,
            loss=1 / number,
            accuracy=0.8,
            val_loss=1.5 / number,
            val_accuracy=0.7,
            f1=value,
            f1_by_class={"N": 0.9, "A": 0.7, "O": 0.6, "~": 0.5},
            seconds=100.25,
        )
        for number, value in enumerate(f1, start=1)
    ]
    Run(folder).complete(epochs)


def empty_card() -> str:
    blocks = (
        f"<!-- {name}:begin (tools/model_card.py) -->\nold\n<!-- {name}:end -->\n"
        for name in tables.BLOCKS
    )
    return "# Card\n\nProse.\n\n" + "\nMore prose.\n".join(blocks)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "data")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a card and its model."""
    path = tmp_path / "models"
    path.mkdir()
    (path / "README.md").write_text(empty_card())
    make_model(path / "model.onnx")
    return path


def run(folder: Path, data: Path) -> int:
    return model_card.main(
        ["--data", str(data), "--model", str(folder / "model.onnx"), "--card", str(folder)]
    )


def test_copies_are_found_either_way() -> None:
    copies = {"T4": "V1", "D2": "T2", "D3": "D1", "T6": "T5"}
    assert trained_copies(copies, {"T2", "T4", "T5", "T6"}) == {"V1": "T4", "D2": "T2"}


def test_blocks_are_replaced_and_prose_stays() -> None:
    card = empty_card()
    blocks = {name: rf"\1 {name}" + "\n" for name in tables.BLOCKS}
    replaced = tables.replace_blocks(card, blocks)
    for text in blocks.values():
        assert text in replaced
    assert "old" not in replaced
    restored = tables.replace_blocks(replaced, dict.fromkeys(tables.BLOCKS, "old\n"))
    assert restored == card
    assert tables.replace_blocks(replaced, blocks) == replaced


@pytest.mark.parametrize(
    "card",
    [
        "no marker",
        "<!-- x:begin (tools/model_card.py) -->",
        "<!-- x:end --> <!-- x:begin (tools/model_card.py) -->",
        "<!-- x:begin (tools/model_card.py) --> <!-- x:end -->" * 2,
    ],
)
def test_a_card_without_its_markers_is_refused(card: str) -> None:
    with pytest.raises(ValueError, match=r"once each and in this order.*<!-- x:begin"):
        tables.replace_blocks(card, {"x": ""})


def ablations() -> dict[str, Any]:
    f1 = {"A": 0.7, "N": 0.9, "O": 0.65, "~": 0.5}
    same = {"f1": f1, "log_loss": 0.4, "epochs": 10.0, "seconds_per_epoch": 81.6, "dev_f1": 0.8}
    base = {"name": "plain", "changes": {}, "overall": [0.75, 0.74, 0.76], **same}
    flip = {"name": "flip", "changes": {"flip": 0.5}, "overall": [0.76, 0.75, 0.77], **same}
    flip |= {"overall_less_base": [0.01, -0.002, 0.02], "log_loss_less_base": [-0.0123, 0.0045]}
    return {"records": 1234, "digest": "x", "folds": 2, "base": "plain", "recipes": [flip, base]}


def test_runs(tmp_path: Path) -> None:
    assert training.read_runs(tmp_path / "runs") == {}
    make_history(tmp_path / "runs" / "main", 0.5, 0.8, 0.7)
    runs = training.read_runs(tmp_path / "runs")
    assert list(runs) == ["main"]
    assert runs["main"]["f1"] == [0.5, 0.8, 0.7]
    (tmp_path / "runs" / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty has no history\.csv"):
        training.read_runs(tmp_path / "runs")


def test_ablations_are_told_base_first(tmp_path: Path) -> None:
    assert training.read_ablations(tmp_path) is None
    assert "No ablations" in tables.ablations({"ablations": None})
    (tmp_path / "ablations.json").write_text(json.dumps(ablations()))
    text = tables.ablations({"ablations": training.read_ablations(tmp_path)})
    assert "over 1,234 training records in 2 folds" in text
    shared = "| 0.900 | 0.700 | 0.650 | 0.500 | 0.4000 |"
    differences = "+0.010 (-0.002 to +0.020) | -0.0123 (+-0.0045)"
    assert text.splitlines()[-2:] == [
        f"| plain | 0.750 (0.740-0.760) {shared}  |  | 0.800 | 10 | 82 |",
        f"| flip | 0.760 (0.750-0.770) {shared} {differences} | 0.800 | 10 | 82 |",
    ]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_card_from_data(folder: Path, data: Path) -> None:
    make_history(folder / "runs" / "main", 0.5, 0.8, 0.7)
    (folder / "ablations.json").write_text(json.dumps(ablations()))
    assert run(folder, data) == 0
    first = contents(folder)
    figures = {"reliability.svg", "risk-coverage.svg", "failures.png", "learning-curves.svg"}
    assert {Path(name).name for name in first if name.startswith("figures")} == figures
    assert len(first["figures/failures.png"]) < 300_000
    found: dict[str, Any] = json.loads(first["scores.json"])
    confusion = [[1, 2, 1, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0]]
    assert found["validation"]["scores"]["confusion"] == confusion
    assert found["validation"]["scores"]["N"]["value"] == 0.3333
    assert found["validation"]["trained_copies"] == {"V1": "T4"}
    assert found["validation"]["scores_without_copies"]["N"]["value"] == 0.0
    assert found["dev"]["names"] == list(DEV)
    assert found["dev"]["scores"]["accuracy"]["value"] == round(4 / 7, 4)
    assert found["dev"]["scores_without_copies"] is None
    assert [failure["record"] for failure in found["failures"]] == ["V3", "V2", "V5"]
    assert found["failures"][0]["segments"].startswith("AAAA")
    assert found["failures"][0]["segments"].endswith("A~~~~~~~~")
    card = first["README.md"].decode()
    assert "T4, trained on, is the same recording as V1." in card
    assert "| plain | 0.750 (0.740-0.760) |" in card
    assert card.count("prose") == empty_card().count("prose")
    assert run(folder, data) == 0
    assert contents(folder) == first


def test_a_card_keeps_its_dev_records(
    folder: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (data / "training2017" / "RECORDS").open("a") as records:
        records.write("\nD9")
    write_record(data / "training2017", "D9", make_signal("N", 9, 99))
    with (data / "REFERENCE-v3.csv").open("a") as reference:
        reference.write("D9,N\n")
    card = {
        "model": {"training_digest": digest_records(TRAINED)},
        "dev": {"names": ["D1", "D2", "D3"]},
    }
    (folder / "scores.json").write_text(json.dumps(card))
    assert run(folder, data) == 0
    assert "the 3 dev records that scores.json names, of 8" in capsys.readouterr().out
    assert json.loads((folder / "scores.json").read_text())["dev"]["scores"]["records"] == 3
    # Another model, another dev set.
    make_model(folder / "model.onnx", ("T1", "T2", "T3"), calibration_scale=0.5, decision="mean")
    assert run(folder, data) == 0
    found = json.loads((folder / "scores.json").read_text())
    assert "T4" not in found["dev"]["names"]  # a copy of a validation record
    assert found["dev"]["scores"]["records"] == 8
    assert found["dev"]["calibration"]["held_out_ece"] is not None
    assert (
        "the 8 dev records, to which the calibration was fitted"
        in (folder / "README.md").read_text()
    )


def test_what_is_missing_is_told(
    folder: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, folder / "nowhere") == 2
    assert "ecgrt-data fetch --out" in capsys.readouterr().err
    make_model(folder / "model.onnx", ("T1", "V2"))
    assert run(folder, data) == 2
    assert "trained on 1 validation records (V2)" in capsys.readouterr().err
    (folder / "README.md").write_text("# Card\n")
    assert run(folder, data) == 2
    assert "<!-- scores:begin (tools/model_card.py) -->" in capsys.readouterr().err


def test_the_scores_are_of_the_model_that_ships_and_the_readme_quotes_them() -> None:
    root = Path(__file__).parents[2]
    told = json.loads((root / "models" / "scores.json").read_text())
    model = (root / "models" / "cinc17.onnx").read_bytes()
    assert hashlib.sha256(model).hexdigest() == told["model"]["sha256"]
    scores = told["validation"]["scores"]
    overall, *rhythms = (scores[key] for key in ("overall", "N", "A", "O"))
    expected = [overall["value"], *(f1["value"] for f1 in rhythms), overall["low"], overall["high"]]
    readme = " ".join((root / "README.md").read_text().split())
    quoted = re.search(
        r"scores (.+?) on v3 labels \(F1: N (.+?), A (.+?), O (.+?); "
        r"95 % interval (.+?) to (.+?)\)",
        readme,
    )
    assert quoted is not None
    assert list(quoted.groups()) == [f"{value:.3f}" for value in expected]
