"""What a model says of itself, as text and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import pytest
from family import make_metadata

from ecgrt.metadata import ONNX_KEY, Metadata

CALIBRATION: dict[str, Any] = {
    "decision": "mean",
    "pooling": ((1.0, 0.5, 0.0, 2.0, 0.0, 0.0, 0.25),) * 3,
    "calibration_scale": 0.75,
    "calibration_bias": (0.5, -0.25, 0.0),
    "decision_weights": (2.0, 1.0, 1.5),
}


def test_without_calibration_the_text_is_that_of_before_there_was_one() -> None:
    assert make_metadata(256, 3).to_json() == (
        '{"classes":["A","N","O"],"context_segments":3,"decision":"mode","label_version":"v0",'
        '"mean":12.5,"model":"test","samples_per_segment":256,"sampling_rate":300.0,"schema":1,'
        '"std":50.0,"training_digest":"","training_records":0}'
    )


def test_the_model_that_ships_reads_and_writes_as_it_is(model: Path) -> None:
    properties = {p.key: p.value for p in onnx.load(model).metadata_props}
    metadata = Metadata.from_json(properties[ONNX_KEY])
    assert metadata.to_json() == properties[ONNX_KEY]
    assert len(metadata.calibration_bias) == len(metadata.decision_weights) == 4


@pytest.mark.parametrize(
    "changes",
    [
        {},
        CALIBRATION,
        {"pooling": CALIBRATION["pooling"]},
        {"calibration_scale": 2.0},
        {"calibration_bias": (0.0, 0.0, 0.0)},
        {"decision": "mean", "decision_weights": (1.0, 1.0, 1.0)},
    ],
)
def test_round_trip(changes: dict[str, Any]) -> None:
    metadata = make_metadata(256, 3, **changes)
    text = metadata.to_json()
    assert Metadata.from_json(text) == metadata
    assert (
        json.loads(text).keys()
        == json.loads(make_metadata(256, 3).to_json()).keys() | changes.keys()
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pooling": ((1.0,) * 7,) * 2}, "pooling must be empty, or 7 finite numbers per class"),
        ({"pooling": ((1.0,) * 6,) * 3}, "pooling"),
        ({"pooling": ((1.0,) * 6 + (float("nan"),),) * 3}, "pooling"),
        ({"calibration_scale": 0.0}, "calibration_scale must be positive"),
        ({"calibration_scale": -1.0}, "calibration_scale"),
        ({"calibration_scale": float("inf")}, "calibration_scale"),
        ({"calibration_scale": float("nan")}, "calibration_scale"),
        (
            {"calibration_bias": (1.0,)},
            "calibration_bias must be empty, or a finite number per class",
        ),
        ({"calibration_bias": (0.0, 0.0, float("nan"))}, "calibration_bias"),
        ({"decision_weights": (1.0, 1.0)}, "decision_weights must be empty, or a positive number"),
        ({"decision_weights": (1.0, 1.0, 0.0)}, "decision_weights"),
        ({"decision_weights": (1.0, 1.0, float("inf"))}, "decision_weights"),
        ({"decision": "mode"}, 'decision must be "mean", not "mode"'),
        ({"decision": "median"}, "this ecgrt knows"),
        ({"mean": float("nan")}, "mean must be finite"),
        ({"mean": float("inf")}, "mean must be finite"),
        ({"std": float("inf")}, "std must be finite"),
        ({"std": float("nan")}, "std must be finite"),
        ({"sampling_rate": float("inf")}, "sampling_rate must be finite"),
        ({"schema": 2}, "schema 2, this ecgrt reads 1"),
        ({"classes": tuple(f"c{i}" for i in range(65))}, "2 to 64 classes"),
        ({"classes": ("A", "A", "N")}, "different names"),
        ({"mean": 1e60}, "mean must be finite"),
        ({"std": 1e-60}, "std must be positive"),
    ],
)
def test_impossible_values(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_metadata(256, 3, **{**CALIBRATION, **changes})


def test_a_text_is_no_list_of_classes() -> None:
    values = json.loads(make_metadata(256, 3).to_json())
    with pytest.raises(TypeError, match="classes must be a list, not the text 'ANO'"):
        Metadata.from_json(json.dumps({**values, "classes": "ANO"}))


def test_unknown_and_missing_fields_are_named() -> None:
    values = json.loads(make_metadata(256, 3).to_json())
    with pytest.raises(ValueError, match=r"missing \[\], unknown \['leads'\]"):
        Metadata.from_json(json.dumps({**values, "leads": 2}))
    del values["std"]
    with pytest.raises(ValueError, match=r"missing \['std'\], unknown \[\]"):
        Metadata.from_json(json.dumps(values))
