"""The challenge's data: fetched, labelled, and split without a leak."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from challenge_files import write_record

import ecgrt.challenge.labels
from ecgrt.challenge.data import fetch
from ecgrt.challenge.labels import label_version, read_reference
from ecgrt.challenge.split import split
from ecgrt.metadata import digest_records
from ecgrt.records.base import list_records, read_record

#: Training records per class; those whose number is a multiple of 10 are the validation set.
COUNTS = {"N": 60, "A": 20, "O": 30, "~": 10}
LABELS = {
    f"A{number:05d}": label
    for number, label in enumerate(
        (label for label, count in COUNTS.items() for _ in range(count)), start=1
    )
}
VALIDATION = [name for name in LABELS if int(name[1:]) % 10 == 0]


def write_reference(path: Path, labels: dict[str, str]) -> None:
    path.write_text("".join(f"{name},{label}\n" for name, label in labels.items()))


def make_data(folder: Path) -> Path:
    """Make what `fetch` leaves: training records, validation records among them, v3 labels."""
    rng = np.random.default_rng(7)
    training, validation = folder / "training2017", folder / "sample2017" / "validation"
    for name in LABELS:
        write_record(training, name, rng.integers(-500, 500, rng.integers(256, 800)))
    validation.mkdir(parents=True)
    for name in VALIDATION:
        for suffix in (".hea", ".mat"):
            shutil.copy(training / f"{name}{suffix}", validation)
    (training / "RECORDS").write_text("\n".join(LABELS) + "\n")
    (validation / "RECORDS").write_text("\n".join(VALIDATION) + "\n")
    write_reference(training / "REFERENCE.csv", dict.fromkeys(LABELS, "N"))  # an older version
    write_reference(validation / "REFERENCE.csv", {name: LABELS[name] for name in VALIDATION})
    write_reference(folder / "REFERENCE-v3.csv", LABELS)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "data")


def read_manifest(path: Path) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {Path(line["ecg"]).stem: line for line in lines}


def test_every_record_is_in_one_part_and_no_validation_record_in_any(data: Path) -> None:
    train, dev = (read_manifest(path) for path in split(data))
    assert not train.keys() & dev.keys()
    assert train.keys() | dev.keys() == LABELS.keys() - set(VALIDATION)
    for part in (train, dev):
        assert list(part) == sorted(part)


def test_a_validation_record_under_another_name_is_left_out(data: Path) -> None:
    # As A01176 is, which is the validation record A00227 once more.
    training = data / "training2017"
    signal = read_record(training / VALIDATION[0]).signal
    write_record(training, "A00001", signal, gain="1000.0/mV")  # another file, the same signal
    train, dev = (read_manifest(path) for path in split(data))
    assert "A00001" not in train.keys() | dev.keys()
    summary = json.loads((data / "split.json").read_text())
    assert summary["left_out_as_copies"] == {"A00001": VALIDATION[0]}


def test_of_identical_records_one_is_used(data: Path) -> None:
    training = data / "training2017"
    write_record(training, "A00002", read_record(training / "A00001").signal)
    train, dev = (read_manifest(path) for path in split(data))
    assert "A00001" in train.keys() | dev.keys()
    assert "A00002" not in train.keys() | dev.keys()


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_each_class_is_shared_out_alike(data: Path, fraction: float) -> None:
    _, dev = (read_manifest(path) for path in split(data, dev_fraction=fraction))
    for label in COUNTS:
        left = sum(1 for name in LABELS.keys() - set(VALIDATION) if LABELS[name] == label)
        assert sum(1 for name in dev if LABELS[name] == label) == round(fraction * left)


def name_training_records(path: Path, names: str | None) -> Path:
    """Write an ONNX model that is nothing but what it says of its training records."""
    onnx = pytest.importorskip("onnx", reason='needs pip install "ecgrt[build]"')
    model = onnx.helper.make_model(onnx.helper.make_graph([], "a", [], []))
    if names is not None:
        onnx.helper.set_model_props(model, {"ecgrt_training_records": names})
    onnx.save(model, path)
    return path


def test_split_like_a_model(data: Path, tmp_path: Path) -> None:
    """Of what it names, neither a validation record nor a copy of one is trained on."""
    used = sorted(LABELS.keys() - set(VALIDATION))[::2]
    copy = used[0]
    write_record(
        data / "training2017", copy, read_record(data / "training2017" / VALIDATION[0]).signal
    )
    model = name_training_records(tmp_path / "m.onnx", " ".join([*used, VALIDATION[1]]))
    train, dev = (read_manifest(path) for path in split(data, like=model))
    assert train.keys() == set(used) - {copy}
    assert dev.keys() == LABELS.keys() - set(VALIDATION) - set(used)
    assert json.loads((data / "split.json").read_text())["like"] == "m.onnx"


def test_split_like_no_model(data: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such model"):
        split(data, like=tmp_path / "m.onnx")
    with pytest.raises(ValueError, match="does not name its training records"):
        split(data, like=name_training_records(tmp_path / "m.onnx", None))
    (tmp_path / "m.onnx").write_bytes(b"no model")
    with pytest.raises(ValueError, match="is not an ONNX model"):
        split(data, like=tmp_path / "m.onnx")
    everything = name_training_records(tmp_path / "m.onnx", " ".join(LABELS))
    with pytest.raises(ValueError, match=r"m\.onnx leaves 108 for train and 0 for dev"):
        split(data, like=everything)


def test_each_line_has_the_v3_label_once_per_segment(data: Path) -> None:
    for path in split(data):
        for name, line in read_manifest(path).items():
            record = read_record(path.parent / line["ecg"])
            assert line["labels"] == [LABELS[name]] * (len(record.signal) // 256)


def test_the_order_of_files_and_labels_does_not_matter(data: Path) -> None:
    first = [path.read_bytes() for path in split(data)]
    again = [path.read_bytes() for path in split(data)]
    names = list(LABELS)
    np.random.default_rng(1).shuffle(names)
    (data / "training2017" / "RECORDS").write_text("\n".join(names))
    write_reference(data / "REFERENCE-v3.csv", {name: LABELS[name] for name in names})
    assert first == again == [path.read_bytes() for path in split(data)]


def test_the_seed_matters_and_the_choice_is_fixed_for_good(data: Path) -> None:
    chosen = {seed: sorted(read_manifest(split(data, seed=seed)[1])) for seed in (2018, 2019)}
    assert chosen[2018] != chosen[2019]
    # Written down once: neither a new NumPy nor a new Python may change who is in dev.
    assert chosen[2018] == [
        *("A00008", "A00012", "A00023", "A00033", "A00049"),  # N
        *("A00062", "A00073", "A00088", "A00105", "A00109", "A00117"),  # A, O, ~
    ]


def test_a_data_folder_can_be_moved(data: Path, tmp_path: Path) -> None:
    split(data)
    moved = data.rename(tmp_path / "elsewhere")
    for name, line in read_manifest(moved / "train.json").items():
        assert line["ecg"] == f"training2017/{name}.mat"
        assert (moved / line["ecg"]).is_file()


def test_manifests_elsewhere_have_absolute_paths(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    train, dev = split("data", "splits/one")
    assert (train, dev) == (Path("splits/one/train.json"), Path("splits/one/dev.json"))
    for name, line in read_manifest(train).items():
        assert line["ecg"] == str(data / "training2017" / f"{name}.mat")


def test_the_summary_tells_what_was_done(data: Path) -> None:
    train, dev = (read_manifest(path) for path in split(data, dev_fraction=0.2, seed=5))
    summary = json.loads((data / "split.json").read_text())
    assert (summary["label_version"], summary["seed"], summary["dev_fraction"]) == ("v3", 5, 0.2)
    for name, part in (("train", train), ("dev", dev)):
        assert summary[name]["records"] == len(part) == sum(summary[name]["labels"].values())
        assert summary[name]["digest"] == digest_records(part)
    assert summary["validation"] == {
        "records": len(VALIDATION),
        "digest": digest_records(VALIDATION),
    }


def test_older_labels_are_a_last_resort_and_not_called_v3(data: Path) -> None:
    (data / "REFERENCE-v3.csv").unlink()
    train, _ = split(data)
    assert {label for line in read_manifest(train).values() for label in line["labels"]} == {"N"}
    assert json.loads((data / "split.json").read_text())["label_version"] == "unknown"


@pytest.mark.parametrize("gone", ["training2017", "sample2017"])
def test_without_its_records_or_the_validation_set_nothing_is_split(data: Path, gone: str) -> None:
    shutil.rmtree(data / gone)
    with pytest.raises(FileNotFoundError, match=f"{gone}.* fetch it with 'ecgrt-data fetch"):
        split(data)
    assert not list(data.glob("*.json"))


def test_an_empty_list_of_validation_records_is_no_permission(data: Path) -> None:
    (data / "sample2017" / "validation" / "RECORDS").write_text("")
    with pytest.raises(ValueError, match="RECORDS names no record"):
        split(data)
    assert not list(data.glob("*.json"))


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_an_impossible_fraction_is_refused(data: Path, fraction: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        split(data, dev_fraction=fraction)


def test_a_fraction_that_leaves_dev_empty_is_refused(data: Path) -> None:
    with pytest.raises(ValueError, match="leaves 108 for train and 0 for dev"):
        split(data, dev_fraction=0.001)


def test_a_record_that_cannot_be_trained_on_is_named(data: Path) -> None:
    write_reference(data / "REFERENCE-v3.csv", {n: l for n, l in LABELS.items() if n != "A00003"})
    with pytest.raises(ValueError, match="record A00003 has no label"):
        split(data)
    write_reference(data / "REFERENCE-v3.csv", LABELS)
    write_record(data / "training2017", "A00004", np.arange(255))
    with pytest.raises(ValueError, match="record A00004 has 255 samples; a label needs 256"):
        split(data)
    (data / "training2017" / "A00005.mat").unlink()
    with pytest.raises((FileNotFoundError, ValueError), match="A0000"):
        split(data)
    assert not list(data.glob("*.json"))


def make_mirror(folder: Path, data: Path) -> Path:
    """Zip a data folder as PhysioNet does."""
    folder.mkdir()
    for name in ("training2017", "sample2017"):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as zipped:
            for path in sorted((data / name).rglob("*")):
                zipped.write(path, path.relative_to(data))
    shutil.copy(data / "REFERENCE-v3.csv", folder)
    return folder


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path.relative_to(folder)): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
            path.read_bytes(),
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_fetch_brings_everything_once(data: Path, tmp_path: Path) -> None:
    mirror = make_mirror(tmp_path / "mirror", data)
    out = fetch(mirror, tmp_path / "new" / "out")
    for name in ("training2017", "sample2017/validation"):
        got, source = list_records(out / name), list_records(data / name)
        assert [path.name for path in got] == [path.name for path in source]
        for one, other in zip(got, source, strict=True):
            np.testing.assert_array_equal(read_record(one).signal, read_record(other).signal)
    assert read_reference(out / "REFERENCE-v3.csv") == LABELS
    before = snapshot(out)
    assert fetch(str(mirror), out) == out
    assert snapshot(out) == before
    assert split(out)[0].read_bytes() == split(data)[0].read_bytes()


def test_fetch_verifies_the_checksums_that_are_published(data: Path, tmp_path: Path) -> None:
    mirror = make_mirror(tmp_path / "mirror", data)
    (mirror / "SHA256SUMS.txt").write_text(f"{'0' * 64}  sample2017.zip\n")
    with pytest.raises(ValueError, match=r"sample2017\.zip from .* is published"):
        fetch(mirror, tmp_path / "out")
    assert not (tmp_path / "out" / "sample2017").exists()
    assert not list((tmp_path / "out").glob("sample2017.zip*"))


def test_fetch_from_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none is not a folder"):
        fetch(tmp_path / "none", tmp_path / "out")
    with pytest.raises(ValueError, match="ftp is not supported"):
        fetch("ftp://physionet.org", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("REFERENCE-v3.csv", "v3"),
        ("REFERENCE-v12.csv", "v12"),
        ("REFERENCE.csv", "unknown"),
        ("REFERENCE-v3.old.csv", "unknown"),
        ("REFERENCE-vx.csv", "unknown"),
        ("v3.csv", "unknown"),
    ],
)
def test_the_files_name_tells_the_version_of_unknown_labels(
    tmp_path: Path, name: str, version: str
) -> None:
    write_reference(tmp_path / name, LABELS)
    assert label_version(tmp_path / name) == version
    assert label_version(read_reference(tmp_path / name)) == "unknown"


def test_known_labels_are_recognised_and_cannot_be_misnamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = digest_records(f"{name},{label}" for name, label in LABELS.items())
    monkeypatch.setattr(ecgrt.challenge.labels, "_V3_LABELS", {digest_records(LABELS): digest})
    backwards = dict(reversed(LABELS.items()))
    changed = LABELS | {"A00001": "A"}
    assert label_version(LABELS) == label_version(backwards) == "v3"
    assert label_version(changed) == "unknown"
    for name, labels, version in (
        ("REFERENCE.csv", LABELS, "v3"),
        ("REFERENCE-v1.csv", LABELS, "v3"),
        ("REFERENCE.csv", changed, "unknown"),
        ("REFERENCE-v3.csv", changed, "unknown"),
        ("REFERENCE-v1.csv", changed, "v1"),
    ):
        write_reference(tmp_path / name, labels)
        assert label_version(str(tmp_path / name)) == version
