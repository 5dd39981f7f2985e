"""CPU plans whose checksum is right and whose header or weights are wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xxhash
from old_plans import seal_format_1

import ecgrt
from ecgrt.compile.plan_file import ALIGNMENT, seal, unseal

SIGNAL = np.random.default_rng(5).normal(size=40)


def with_header(content: bytes, change: Callable[[Any], object]) -> bytes:
    """The plan with its header changed, and its sizes and hash put right."""
    header, blobs = unseal(content)
    change(header)
    return seal(header, blobs)


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


def reverse(header: Any) -> None:
    header["convolutions"].reverse()


def read_ahead(header: Any) -> None:
    header["convolutions"][1]["input"] = header["logits"]


def write_twice(header: Any) -> None:
    header["convolutions"].insert(1, header["convolutions"][0])


CONTRADICTIONS = [
    reverse,
    read_ahead,
    write_twice,
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
    change_metadata(samples_per_segment=2**60),
    change_metadata(context_segments=-1),
    change_metadata(context_segments=2**60),
    change_metadata(decision="median"),
    change_metadata(decision=["mean"]),
    change_metadata(schema=2),
    change_metadata(leads=1),
    change_metadata(pooling=[[1.0] * 7] * 2),
    change_metadata(pooling=[[1.0] * 7, [1.0] * 7, [1.0] * 6]),
    change_metadata(pooling=[[1.0] * 6 + [float("inf")]] * 3),
    change_metadata(pooling=[1.0, 1.0, 1.0]),
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
    put("tensors", 1, "channels", 2**60),
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
    put("convolutions", 0, "taps", 2**60 + 16),
    put("convolutions", 0, "stride", 0),
    put("convolutions", 0, "stride", 2),
    put("convolutions", 0, "pad", 16),
    put("convolutions", 0, "pool", 0),
    put("convolutions", 0, "name", None),
    put("convolutions", 0, "weights", "offset", 2**40),
    put("convolutions", 0, "weights", "offset", 2**64 - 64),
    put("convolutions", 0, "weights", "offset", 8),
    put("convolutions", -1, "weights", "offset", 0),
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
    put("convolutions", 0, "weights", "xxh3", ...),
    put("convolutions", 0, "weights", "xxh3", "0" * 16),
    put("convolutions", 0, "bias", "xxh3", "0" * 16),
    put("convolutions", 0, "bias", "xxh3", "xyz"),
    put("convolutions", 0, "bias", "xxh3", 5),
    put("golden", "input", "xxh3", "0" * 16),
    # fractions and negative numbers in the place of integers
    put("opt_samples", 9000.0),
    put("opt_samples", 1e300),
    put("opt_samples", -1),
    put("logits", 3.5),
    put("tensors", 1, "rate", 1.0),
    put("tensors", 1, "channels", 16.0),
    put("tensors", 1, "slot", True),
    put("convolutions", 0, "taps", 1e300),
    put("convolutions", 0, "stride", "1"),
    put("convolutions", 0, "pad", -1),
    put("convolutions", 0, "residual", -2),
    put("convolutions", 0, "residual", -1.0),
    put("convolutions", 0, "weights", "count", 80.0),
    put("convolutions", 0, "weights", "offset", -64),
    change_metadata(samples_per_segment=2.0),
    change_metadata(context_segments=1e300),
    change_metadata(schema=1.5),
    # products that wrap, and more than the file holds
    put("convolutions", 2, "pool", 2**62 + 1),
    put("convolutions", 2, "pool", 2**63),
    put("convolutions", 2, "pool", 2**64),
    put("convolutions", 0, "stride", 2**63),
    put("tensors", 1, "rate", 2**63),
    put("tensors", 1, "slot", 2**63),
    put("tensors", [{"channels": 1, "rate": 1, "slot": 0}] * 3000),
    put("convolutions", {}),
    put("tensors", {}),
    put("more", json.loads("[" * 500 + "]" * 500)),
    change_metadata(classes=json.loads("[" * 500 + "]" * 500)),
    *(put(key, ...) for key in ("metadata", "tensors", "convolutions", "logits", "golden")),
]


@pytest.mark.parametrize("change", CONTRADICTIONS)
def test_contradictory_header(
    change: Callable[[Any], None], plan_bytes: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.plan"
    path.write_bytes(with_header(plan_bytes, change))
    with pytest.raises(ecgrt.PlanError):
        ecgrt.Classifier(path)


def test_contradictory_header_of_format_1(plan_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "old.plan"
    sound, blobs = unseal(plan_bytes)
    path.write_bytes(seal_format_1(sound, blobs))
    assert ecgrt.Classifier(path).self_test() < 1e-5
    for change in CONTRADICTIONS:
        # Two layers may share their weights: format 1 has one sum for all of them.
        if "xxh3" in change.__name__ or change.__name__ == "convolutions.-1.weights.offset.0":
            continue
        header = copy.deepcopy(sound)
        change(header)
        path.write_bytes(seal_format_1(header, blobs))
        with pytest.raises(ecgrt.PlanError):
            ecgrt.Classifier(path, threads=1)


def test_calibration_is_read_and_a_fault_of_it_is_told(plan_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.plan"
    sound = {"calibration_scale": 2.0, "calibration_bias": [1, 0, -0.5], "decision": "mean"}
    for weights in ([], [1, 2, 3]):
        change = change_metadata(**sound, decision_weights=weights)
        path.write_bytes(with_header(plan_bytes, change))
        assert ecgrt.Classifier(path).metadata["decision_weights"] == weights
    for wrong, message in (
        ({"pooling": [[0] * 6] * 3}, "pooling must be empty, or 7 finite numbers per class"),
        ({"calibration_scale": -1}, "calibration_scale must be positive"),
        ({"calibration_bias": [0]}, "calibration_bias must be empty, or a finite number per class"),
        ({"decision_weights": [0]}, "decision_weights must be empty, or a positive number per"),
        ({"decision": "mode", "decision_weights": [1, 1, 1]}, 'must be "mean", not "mode"'),
        ({"schema": 2}, "schema 2, this ecgrt reads 1"),
        ({"leads": 2}, 'the field "leads" is not known'),
    ):
        path.write_bytes(with_header(plan_bytes, change_metadata(**{**sound, **wrong})))
        with pytest.raises(ecgrt.PlanError, match=message):
            ecgrt.Classifier(path)


@pytest.mark.parametrize("layer", [0, -1])
@pytest.mark.parametrize("factor", [1.5, -1.0, np.nan])
def test_self_test_notices_other_weights(
    layer: int, factor: float, plan_bytes: bytes, tmp_path: Path
) -> None:
    header, blobs = unseal(plan_bytes)
    blob, changed = header["convolutions"][layer]["weights"], bytearray(blobs)
    weights = np.frombuffer(changed, "<f4", blob["count"], blob["offset"])
    weights *= np.float32(factor)
    end = blob["offset"] + -(-4 * blob["count"] // ALIGNMENT) * ALIGNMENT
    blob["xxh3"] = xxhash.xxh3_64_hexdigest(changed[blob["offset"] : end])
    path = tmp_path / "other.plan"
    path.write_bytes(seal(header, changed))
    assert not ecgrt.Classifier(path).self_test() <= 1e-3


def test_header_that_is_right_is_read(plan_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "same.plan"
    path.write_bytes(plan_bytes)
    expected = ecgrt.Classifier(path).predict(SIGNAL).segment_probabilities
    path.write_bytes(with_header(plan_bytes, copy.copy))
    answer = ecgrt.Classifier(path).predict(SIGNAL).segment_probabilities
    np.testing.assert_array_equal(answer, expected)
