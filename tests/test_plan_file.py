"""CPU plans on disk: damaged, contradictory, foreign and half-written ones."""

from __future__ import annotations

import copy
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family import make_network, make_selector, save

import ecgrt
from ecgrt.config import NetworkConfig
from ecgrt.engine.cpu_plan import ALIGNMENT, build_cpu_plan, checksum

CONFIG = NetworkConfig(
    conv_subsample_lengths=(1, 2), conv_num_filters_start=5, conv_increase_channels_at=1
)
SIGNAL = np.random.default_rng(5).normal(size=40)
# Bytes of the preamble that stand for nothing.
PADDING = (*range(12, 16), *range(40, 64))


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a small plan."""
    folder = tmp_path_factory.mktemp("plan")
    build_cpu_plan(save(make_network(CONFIG), folder / "m.onnx"), folder / "m.plan")
    return (folder / "m.plan").read_bytes()


def classify(path: Path) -> bytes:
    answer = ecgrt.Classifier(path, threads=1).predict(SIGNAL)
    return answer.segment_probabilities.tobytes()


def test_one_changed_byte_is_always_noticed(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "changed.plan"
    path.write_bytes(content)
    expected = classify(path)
    rng = np.random.default_rng(11)
    positions = [*range(ALIGNMENT), *rng.integers(ALIGNMENT, len(content), 1500).tolist()]
    for position in positions:
        changed = bytearray(content)
        changed[position] ^= 1 << rng.integers(8)
        path.write_bytes(changed)
        if position in PADDING:
            assert classify(path) == expected
            continue
        with pytest.raises(ecgrt.PlanError, match=r"changed\.plan"):
            ecgrt.Classifier(path, threads=1)


def test_blocks_that_changed_places_are_noticed(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "changed.plan"
    blocks = [content[i : i + 64] for i in range(0, len(content), 64)]
    for first, second in ((5, 6), (10, len(blocks) - 3), (1, 2)):
        swapped = blocks.copy()
        swapped[first], swapped[second] = blocks[second], blocks[first]
        path.write_bytes(b"".join(swapped))
        assert path.read_bytes() != content
        with pytest.raises(ecgrt.PlanError, match="damaged"):
            ecgrt.Classifier(path)


def test_truncated_plan(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "short.plan"
    sizes = {*range(1, 200, 7), 63, 64, 65, *range(200, len(content), 997), len(content) - 1}
    for size in sorted(sizes):
        path.write_bytes(content[:size])
        with pytest.raises(ecgrt.PlanError, match=r"short\.plan"):
            ecgrt.Classifier(path)


def test_plan_with_more_behind_it(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "long.plan"
    for more in (b"\0", bytes(64), content):
        path.write_bytes(content + more)
        with pytest.raises(ecgrt.PlanError, match="bytes"):
            ecgrt.Classifier(path)


@pytest.mark.parametrize("version", [0, 2, 3, 2**31])
def test_other_format_version_says_what_to_do(version: int, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.plan"
    path.write_bytes(content[:8] + struct.pack("<I", version) + content[12:])
    with pytest.raises(ecgrt.PlanError, match=f"format version {version}.*ecgrt-build-engine"):
        ecgrt.Classifier(path)


@pytest.mark.parametrize(
    "other",
    [
        b"ECGRTGPU" + bytes(56),
        b"A00001,N\n",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"ECGRTCP",
        bytes(4096),
    ],
)
def test_file_that_is_no_plan(other: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.plan"
    path.write_bytes(other)
    with pytest.raises(ecgrt.PlanError, match=r"other\.plan: .*ecgrt-build-engine"):
        ecgrt.Classifier(path)


def test_onnx_in_place_of_a_plan(tmp_path: Path) -> None:
    path = save(make_selector(), tmp_path / "model.onnx")
    with pytest.raises(ecgrt.PlanError, match=r"ecgrt-build-engine model\.onnx"):
        ecgrt.Classifier(path)


def test_empty_file_directory_and_missing_file(tmp_path: Path) -> None:
    (tmp_path / "empty.plan").touch()
    (tmp_path / "folder.plan").mkdir()
    for name, says in (("empty", "empty"), ("folder", "file"), ("missing", "No such file")):
        with pytest.raises(ecgrt.PlanError, match=rf"{name}\.plan: .*{says}"):
            ecgrt.Classifier(tmp_path / f"{name}.plan")


@pytest.mark.parametrize("plan", [None, 3, 1.5, ["model.plan"], object()])
def test_plan_that_is_no_path(plan: Any) -> None:
    with pytest.raises(TypeError):
        ecgrt.Classifier(plan)


def test_path_in_any_form(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "modèle ✓.plan"
    path.write_bytes(content)
    monkeypatch.chdir(tmp_path)
    answers = {classify(p) for p in (path, str(path), path.name)}  # type: ignore[arg-type]
    assert len(answers) == 1


# -- plans whose checksum is right and whose header is wrong


def with_header(content: bytes, change: Callable[[Any], object]) -> bytes:
    """The plan with its header changed and its sizes and checksum put right."""
    (size,) = struct.unpack_from("<Q", content, 16)
    header = json.loads(content[ALIGNMENT : ALIGNMENT + size])
    blobs = content[-(-(ALIGNMENT + size) // ALIGNMENT) * ALIGNMENT :]
    change(header)
    text = json.dumps(header).encode()
    payload = text + bytes(-len(text) % ALIGNMENT) + blobs
    sizes = (len(text), ALIGNMENT + len(payload), checksum(payload))
    return content[:16] + struct.pack("<QQQ", *sizes) + bytes(24) + payload


def put(*where: Any) -> Callable[[Any], None]:
    """A change of the value at ``where[:-1]`` to ``where[-1]``; ``...`` removes it."""
    *path, last, value = where

    def change(header: Any) -> None:
        for key in path:
            header = header[key]
        if value is ...:
            del header[last]
        else:
            header[last] = value

    change.__name__ = ".".join(map(str, where)).replace("Ellipsis", "missing")
    return change


def change_metadata(**values: Any) -> Callable[[Any], None]:
    def change(header: Any) -> None:
        header["metadata"] = json.dumps({**json.loads(header["metadata"]), **values})

    change.__name__ = f"metadata.{values}"[:50]
    return change


CONTRADICTIONS = [
    change_metadata(classes=["A"]),
    change_metadata(classes=["A", "N"]),
    change_metadata(classes=["A", "N", "O", "~"]),
    change_metadata(classes=[f"C{i}" for i in range(65)]),
    change_metadata(classes=[1, 2, 3]),
    change_metadata(mean="x"),
    change_metadata(mean=1e39),
    change_metadata(std=0.0),
    change_metadata(std=-1.0),
    change_metadata(sampling_rate=0),
    change_metadata(samples_per_segment=0),
    change_metadata(samples_per_segment=4),
    change_metadata(decision="median"),
    change_metadata(decision=["mean"]),
    change_metadata(schema=2),
    change_metadata(leads=1),
    change_metadata(calibration_scale=0),
    change_metadata(calibration_scale=-1.0),
    change_metadata(calibration_scale=float("inf")),
    change_metadata(calibration_scale="1"),
    change_metadata(calibration_bias=[1.0]),
    change_metadata(calibration_bias=[0.0, 0.0, float("nan")]),
    change_metadata(calibration_bias=["0", "0", "0"]),
    change_metadata(decision="mean", decision_weights=[1.0, 1.0]),
    change_metadata(decision="mean", decision_weights=[1.0, 1.0, 0.0]),
    change_metadata(decision="mean", decision_weights=[1.0, 1.0, -1.0]),
    change_metadata(decision="mode", decision_weights=[1.0, 1.0, 1.0]),
    put("metadata", "{"),
    put("metadata", 5),
    put("tensors", []),
    put("tensors", 1, "channels", 0),
    put("tensors", 1, "channels", 8),
    put("tensors", 1, "channels", 32),
    put("tensors", 1, "rate", 0),
    put("tensors", 1, "rate", 2),
    put("tensors", 1, "slot", 99),
    put("tensors", 1, "slot", -1),
    put("tensors", 1, ...),
    put("convolutions", 0, "input", 99),
    put("convolutions", 0, "input", -1),
    put("convolutions", 0, "activated", -1),
    put("convolutions", 0, "activated", 0),
    put("convolutions", 0, "activated", 99),
    put("convolutions", 0, "residual", 0),
    put("convolutions", 0, "taps", 0),
    put("convolutions", 0, "taps", 15),
    put("convolutions", 0, "taps", 2**60),
    put("convolutions", 0, "stride", 0),
    put("convolutions", 0, "stride", 2),
    put("convolutions", 0, "pad", 16),
    put("convolutions", 0, "pool", 0),
    put("convolutions", 0, "name", None),
    put("convolutions", 0, "weights", "offset", 2**40),
    put("convolutions", 0, "weights", "offset", 2**64 - 64),
    put("convolutions", 0, "weights", "offset", 8),
    put("convolutions", 0, "weights", "count", 2**40),
    put("convolutions", 0, "weights", "count", 2**62),
    put("convolutions", 0, "weights", "type", "int8"),
    put("convolutions", 0, "weights", ...),
    put("convolutions", 0, "bias", "count", 8),
    put("convolutions", 0, "bias", "type", "float16"),
    put("convolutions", []),
    put("logits", 0),
    put("logits", 1),
    put("logits", 99),
    put("classes", 2),
    put("classes", 17),
    put("golden", "input", "offset", 2**40),
    put("golden", "input", "count", 7),
    put("golden", "input", "count", 2),
    put("golden", "input", "type", "float16"),
    put("golden", "probabilities", "count", 1),
    put("golden", "probabilities", "count", 0),
    *(put(key, ...) for key in ("metadata", "tensors", "convolutions", "logits", "golden")),
]


@pytest.mark.parametrize("change", CONTRADICTIONS)
def test_contradictory_header(
    change: Callable[[Any], None], content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.plan"
    path.write_bytes(with_header(content, change))
    with pytest.raises(ecgrt.PlanError):
        ecgrt.Classifier(path)


def test_calibration_is_read_and_a_fault_of_it_is_told(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.plan"
    sound = {"calibration_scale": 2.0, "calibration_bias": [1, 0, -0.5], "decision": "mean"}
    for weights in ([], [1, 2, 3]):
        change = change_metadata(**sound, decision_weights=weights)
        path.write_bytes(with_header(content, change))
        assert ecgrt.Classifier(path).metadata["decision_weights"] == weights
    for wrong, message in (
        ({"calibration_scale": -1}, "calibration_scale must be positive"),
        ({"calibration_bias": [0]}, "calibration_bias must be empty, or a finite number per class"),
        ({"decision_weights": [0]}, "decision_weights must be empty, or a positive number per"),
        ({"decision": "mode", "decision_weights": [1, 1, 1]}, 'must be "mean", not "mode"'),
        ({"schema": 2}, "schema 2, this ecgrt reads 1"),
        ({"leads": 2}, 'the field "leads" is not known'),
    ):
        path.write_bytes(with_header(content, change_metadata(**{**sound, **wrong})))
        with pytest.raises(ecgrt.PlanError, match=message):
            ecgrt.Classifier(path)


@pytest.mark.parametrize("layer", [0, -1])
@pytest.mark.parametrize("factor", [1.5, -1.0, np.nan])
def test_self_test_notices_other_weights(
    layer: int, factor: float, content: bytes, tmp_path: Path
) -> None:
    (size,) = struct.unpack_from("<Q", content, 16)
    blob = json.loads(content[ALIGNMENT : ALIGNMENT + size])["convolutions"][layer]["weights"]
    blobs = -(-(ALIGNMENT + size) // ALIGNMENT) * ALIGNMENT
    changed = bytearray(content)
    weights = np.frombuffer(changed, "<f4", blob["count"], blobs + blob["offset"])
    weights *= np.float32(factor)
    struct.pack_into("<Q", changed, 32, checksum(bytes(changed[ALIGNMENT:])))
    path = tmp_path / "other.plan"
    path.write_bytes(changed)
    assert not ecgrt.Classifier(path).self_test() <= 1e-3


def test_header_that_is_right_is_read(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "same.plan"
    path.write_bytes(content)
    expected = classify(path)
    path.write_bytes(with_header(content, copy.copy))
    assert classify(path) == expected


# -- writing


def test_plan_is_read_once(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.plan"
    path.write_bytes(content)
    expected = classify(path)
    for spoil in (path.unlink, lambda: path.write_bytes(bytes(len(content))), path.touch):
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        classifier = ecgrt.Classifier(path, threads=1)
        spoil()
        assert classifier.predict(SIGNAL).segment_probabilities.tobytes() == expected
        assert classifier.self_test() < 1e-5


def test_plan_is_replaced_as_a_whole(tmp_path: Path) -> None:
    model, plan = save(make_selector(), tmp_path / "model.onnx"), tmp_path / "model.plan"
    plan.write_bytes(b"the plan of before")
    with plan.open("rb") as before:
        build_cpu_plan(model, plan)
        assert before.read() == b"the plan of before"
    assert ecgrt.Classifier(plan).self_test() < 1e-5
    assert sorted(os.listdir(tmp_path)) == ["model.onnx", "model.plan"]


def failing_replace(*_: object) -> None:
    raise OSError("no space left")


def test_failure_to_write_leaves_the_old_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, plan = save(make_selector(), tmp_path / "model.onnx"), tmp_path / "model.plan"
    plan.write_bytes(b"the plan of before")
    monkeypatch.setattr(os, "replace", failing_replace)
    with pytest.raises(OSError, match="no space left"):
        build_cpu_plan(model, plan)
    assert plan.read_bytes() == b"the plan of before"
    assert sorted(os.listdir(tmp_path)) == ["model.onnx", "model.plan"]


def test_plan_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    model = save(make_selector(), tmp_path / "model.onnx")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        build_cpu_plan(model, tmp_path / "nowhere" / "model.plan")


def test_same_model_gives_the_same_plan(tmp_path: Path) -> None:
    model = save(make_network(CONFIG), tmp_path / "model.onnx")
    contents = set[bytes]()
    for name in ("a.plan", "b.plan"):
        build_cpu_plan(model, tmp_path / name)
        contents.add((tmp_path / name).read_bytes())
    assert len(contents) == 1
