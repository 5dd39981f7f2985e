"""Each rule that a plan's header must keep, by itself: what breaks it is told by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family import make_metadata

import ecgrt
from ecgrt.compile.plan_file import Blobs, seal, unseal

Change = Callable[[Any], object]

TENSOR = {"channels": 16, "rate": 1, "slot": 0}


def put(*where: Any) -> Change:
    """A change of the value at ``where[:-1]`` to ``where[-1]``."""
    *path, last, value = where

    def change(header: Any) -> None:
        for key in path:
            header = header[key]
        header[last] = value

    return change


def tensors(count: int) -> Change:
    """So many tensors, the last of them unused."""
    return lambda header: header["tensors"].extend([TENSOR] * (count - len(header["tensors"])))


def no_example(header: Any) -> None:
    for blob in header["golden"].values():
        blob["count"] = 0


def read_again_and_again(header: Any) -> None:
    """Eight more layers of the second one's weights: more than the file holds."""
    for slot in range(8):
        layer = {**header["convolutions"][1], "activated": len(header["tensors"])}
        header["convolutions"].insert(1, layer)
        header["tensors"].append({**TENSOR, "slot": slot})


# The plan has layers 0 to 5 and tensors 0 to 7, of which 7 are the logits: rate 1 to tensor 4, then
# 2. Layer 2 reads tensor 2 and, as its residual, 1; it writes 4 and 3.
RULES = [
    (tensors(2049), "its number of tensors"),
    (put("tensors", [TENSOR]), "its input"),
    (put("tensors", 0, "channels", 16), "its input"),
    (put("tensors", 0, "rate", 2), "its input"),
    (put("tensors", 0, "slot", 8), "a tensor's place"),
    (put("tensors", 1, "slot", 8), "a tensor's place"),
    (put("tensors", 1, "channels", 0), "a tensor's channels"),
    (put("tensors", 1, "channels", 8), "a tensor's channels"),
    (put("tensors", 1, "rate", 3), "a tensor's rate"),
    (put("logits", 8), "its logits"),
    (put("logits", 1), "its logits"),
    (put("logits", 6), "its logits"),
    (put("classes", 2), "its logits"),
    (put("convolutions", []), "its number of convolutions"),
    (put("convolutions", 1, "input", 3), "conv4/node reads what is not there yet"),
    (put("convolutions", 2, "residual", 4), "conv7/node reads what is not there yet"),
    (put("convolutions", 1, "activated", 1), "conv4/node writes what was written before"),
    (put("convolutions", 2, "raw", 2), "conv7/node writes what was written before"),
    (put("convolutions", 0, "activated", -1), "a convolution without output"),
    (put("convolutions", 0, "activated", 0), "a convolution without output"),
    (put("convolutions", 2, "raw", 5), "outputs of conv7/node"),
    (put("convolutions", 0, "taps", 15), "weights of conv1/node"),
    (put("convolutions", 0, "stride", 2), "shape of conv1/node"),
    (put("convolutions", 0, "pad", 16), "shape of conv1/node"),
    (put("convolutions", 4, "pool", 1), "residual of conv16/node"),
    (put("convolutions", 2, "residual", 0), "residual of conv7/node"),
    (put("convolutions", 0, "bias", "count", 8), "a vector of channels"),
    (put("convolutions", 0, "weights", "type", "int8"), "a blob's type"),
    (put("convolutions", 0, "weights", "offset", 8), "a blob's place"),
    (read_again_and_again, "a blob's place"),
    (put("convolutions", 0, "weights", "xxh3", "0" * 15), "a blob's hash"),
    (put("golden", "input", "count", 7), "its example"),
    (put("golden", "probabilities", "count", 17), "its example"),
    (no_example, "its example"),
]


@pytest.mark.parametrize(("change", "rule"), RULES)
def test_what_breaks_a_rule_is_told(
    change: Change, rule: str, plan_bytes: bytes, tmp_path: Path
) -> None:
    header, blobs = unseal(plan_bytes)
    change(header)
    path = tmp_path / "wrong.plan"
    path.write_bytes(seal(header, blobs))
    with pytest.raises(ecgrt.PlanError, match=f"contradicts itself: {rule}$"):
        ecgrt.Classifier(path)


def test_a_blob_that_reaches_beyond_the_file(plan_bytes: bytes, tmp_path: Path) -> None:
    header, blobs = unseal(plan_bytes)
    blob = header["convolutions"][-1]["weights"]
    blob["count"] = (len(blobs) - blob["offset"]) // 4 + 1
    path = tmp_path / "long.plan"
    path.write_bytes(seal(header, blobs))
    with pytest.raises(ecgrt.PlanError, match=f"count must be .* to {blob['count'] - 1}$"):
        ecgrt.Classifier(path)


def test_as_many_tensors_as_a_plan_may_have(plan_bytes: bytes, tmp_path: Path) -> None:
    header, blobs = unseal(plan_bytes)
    tensors(2048)(header)
    path = tmp_path / "many.plan"
    path.write_bytes(seal(header, blobs))
    assert ecgrt.Classifier(path).self_test() < 1e-5


def chain(widths: Sequence[int], samples: int, classes: int = 2, segments: int = 1) -> bytes:
    """A sound plan of filters of one tap and no weight.

    To so many channels one after the other, then to a segment's logits; with an example of so many
    segments.
    """
    metadata = make_metadata(samples, 0, classes=tuple(f"C{i}" for i in range(classes)))
    blobs = Blobs()
    shapes = [(1, 1), *((width, 1) for width in widths), (16, samples)]

    def layer(index: int) -> dict[str, Any]:
        (inputs, rate), (outputs, rate_out) = shapes[index], shapes[index + 1]
        tensors = {"input": index, "residual": -1, "raw": -1, "activated": index + 1}
        weights = blobs.add(np.zeros((inputs, outputs), np.float32))
        bias = blobs.add(np.zeros(outputs, np.float32))
        numbers = {"taps": 1, "stride": rate_out // rate, "pad": 0, "pool": 1}
        return {"name": f"{index}", "weights": weights, "bias": bias, **tensors, **numbers}

    return seal(
        {
            "metadata": metadata.to_json(),
            "opt_samples": 9000,
            "tensors": [
                {"channels": c, "rate": r, "slot": i % 3} for i, (c, r) in enumerate(shapes)
            ],
            "convolutions": [layer(index) for index in range(len(shapes) - 1)],
            "logits": len(shapes) - 1,
            "classes": classes,
            "golden": {
                "input": blobs.add(np.zeros(segments * samples, np.float32)),
                "probabilities": blobs.add(np.full(segments * classes, 1 / classes, np.float32)),
            },
        },
        blobs.content(),
    )


@pytest.mark.parametrize(
    ("widths", "samples", "classes", "segments"),
    [
        ([], 1, 2, 1),  # a single layer
        ([64], 16, 2, 1),
        ([16], 16, 16, 1),  # as many classes as the logits have channels
        ([16] * 1023, 64, 2, 1),  # as many layers as a plan may have
        ([1 << 16], 16, 2, 255),  # as long an example as a window of 1 GiB holds
        ([16], 65_536, 2, 1),  # a stride that fills the filters with 64 MiB of zeros
    ],
)
def test_what_is_allowed(
    widths: list[int], samples: int, classes: int, segments: int, tmp_path: Path
) -> None:
    path = tmp_path / "model.plan"
    path.write_bytes(chain(widths, samples, classes, segments))
    assert ecgrt.Classifier(path).self_test() == 0


@pytest.mark.parametrize(
    ("widths", "samples", "segments", "rule"),
    [
        ([4096], 8192, 1, "more than 64 MiB for a segment"),
        ([1 << 16], 512, 1, "more than 64 MiB for a segment"),
        ([4096], 4096, 1, "more than 64 MiB for a segment"),  # without the input it would fit
        ([1 << 17], 16, 1, "more than 1 GiB for the segments that layers look at"),
        ([64], 1 << 17, 1, "more than 1 GiB for the segments that layers look at"),
        ([1 << 16], 16, 256, "more than 1 GiB for its example"),
        ([16], 98_304, 1, "strides far beyond their filters"),
    ],
)
def test_plan_that_asks_for_much_memory(
    widths: list[int], samples: int, segments: int, rule: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.plan"
    path.write_bytes(chain(widths, samples, segments=segments))
    with pytest.raises(ecgrt.PlanError, match=f"too much memory: {rule}$"):
        ecgrt.Classifier(path)


def test_more_layers_than_a_plan_may_have(tmp_path: Path) -> None:
    path = tmp_path / "model.plan"
    header, blobs = unseal(chain([16] * 1023, 64))
    header["convolutions"].append(header["convolutions"][-1])
    path.write_bytes(seal(header, blobs))
    with pytest.raises(ecgrt.PlanError, match=r"contradicts itself: its number of convolutions$"):
        ecgrt.Classifier(path)
