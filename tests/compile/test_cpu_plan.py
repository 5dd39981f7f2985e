"""The compiler from ONNX to CPU plans: every network of the family, under every option."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family import (
    LABELS,
    assert_parity,
    build,
    make_metadata,
    make_network,
    make_selector,
    save,
)
from onnx import numpy_helper

import ecgrt
from ecgrt import _core
from ecgrt.compile import cpu_plan
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.metadata import ONNX_KEY, ONNX_TRAINING_RECORDS_KEY
from ecgrt.training.config import NetworkConfig

FILTER_LENGTHS = (1, 2, 3, 5, 7, 15, 16, 17, 33, 70)
#: Weights are rounded to 11 bits, in networks that random statistics make far more sensitive than
#: a trained one; in bfloat16 to 8.
HALF_TOLERANCE = 3e-2


def random_configuration(index: int) -> NetworkConfig:
    """One of the family; together they have every filter length, stride and variant."""
    rng = np.random.default_rng(index)
    return NetworkConfig(
        conv_subsample_lengths=tuple(rng.integers(1, 5, rng.integers(1, 5)).tolist()),
        conv_filter_length=FILTER_LENGTHS[index % len(FILTER_LENGTHS)],
        conv_num_filters_start=int(rng.choice([3, 5, 8, 12, 20, 33])),
        conv_num_skip=int(rng.integers(1, 4)),
        conv_increase_channels_at=int(rng.integers(1, 5)),
        is_regular_conv=bool(rng.random() < 0.25),
    )


def name(config: NetworkConfig) -> str:
    strides = "-".join(map(str, config.conv_subsample_lengths))
    text = (
        f"{config.conv_num_filters_start}filters-{config.conv_filter_length}taps-strides{strides}"
    )
    if config.is_regular_conv:
        return f"plain-{text}"
    return f"{text}-skip{config.conv_num_skip}-increase{config.conv_increase_channels_at}"


@pytest.mark.parametrize("config", [random_configuration(i) for i in range(60)], ids=name)
def test_any_network_of_the_family(
    config: NetworkConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_network(config)
    plan = build(model, tmp_path)
    for isa in _core.supported_isas():
        monkeypatch.setenv("ECGRT_FORCE_ISA", isa)
        assert_parity(model, plan)


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
@pytest.mark.parametrize("index", [0, 5, 6, 11, 19, 26])
def test_half_precision_on_every_isa(
    index: int, precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_network(random_configuration(index))
    plan = build(model, tmp_path, precision=precision, tolerance=HALF_TOLERANCE)
    for isa in _core.supported_isas():
        monkeypatch.setenv("ECGRT_FORCE_ISA", isa)
        assert_parity(model, plan, HALF_TOLERANCE)


@pytest.mark.parametrize("opt_seconds", [0.001, 0.5, 3600])
def test_length_to_build_for_does_not_change_answers(opt_seconds: float, tmp_path: Path) -> None:
    model = make_network(random_configuration(16))
    assert_parity(model, build(model, tmp_path, opt_seconds=opt_seconds))


def test_half_precision_takes_half_the_space(tmp_path: Path) -> None:
    # enough filters that the weights are nearly all of the plan
    model = make_network(NetworkConfig(conv_subsample_lengths=(2,), conv_num_filters_start=128))
    sizes = [build(model, tmp_path, precision=p).stat().st_size for p in ("fp32", "fp16", "bf16")]
    assert sizes[1:] == pytest.approx([sizes[0] / 2] * 2, rel=0.02)


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_any_number_of_classes(classes: int, tmp_path: Path) -> None:
    config = NetworkConfig(conv_subsample_lengths=(1, 2), conv_num_filters_start=8)
    metadata = make_metadata(2, config.context_segments, classes=LABELS[:classes])
    model = make_network(config, metadata)
    plan = build(model, tmp_path)
    assert_parity(model, plan)
    assert ecgrt.Classifier(plan).classes == LABELS[:classes]


def test_metadata_and_training_records_travel(tmp_path: Path) -> None:
    model = make_selector(model="a name", training_records=2, sampling_rate=250.0)
    model.metadata_props.add(key=ONNX_TRAINING_RECORDS_KEY, value="A00001 A00002")
    classifier = ecgrt.Classifier(build(model, tmp_path))
    assert classifier.training_record_names == ["A00001", "A00002"]
    assert classifier.metadata["model"] == "a name"
    assert classifier.metadata["training_records"] == 2
    assert (classifier.sampling_rate, classifier.samples_per_segment) == (250.0, 4)
    assert ecgrt.Classifier(build(make_selector(), tmp_path)).training_record_names == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"precision": "int8"}, "int8"),
        ({"precision": "FP32"}, "FP32"),
        ({"precision": "bfloat16"}, r"bf16.*bfloat16"),
        ({"opt_seconds": 0}, "opt_seconds"),
        ({"opt_seconds": -1.0}, "opt_seconds"),
        ({"opt_seconds": float("nan")}, "opt_seconds"),
        ({"opt_seconds": float("inf")}, "opt_seconds"),
    ],
)
def test_impossible_option(options: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=says):
        build(make_selector(), tmp_path, **options)


def test_missing_model(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.onnx"):
        build_cpu_plan(tmp_path / "nowhere.onnx", tmp_path / "model.plan")
    assert not list(tmp_path.iterdir())


def test_weight_beyond_half_precision(tmp_path: Path) -> None:
    model = make_selector()
    kernel = model.graph.initializer[0]
    values = numpy_helper.to_array(kernel) * np.float32(1e6)
    kernel.CopyFrom(numpy_helper.from_array(values, kernel.name))
    with pytest.raises(ValueError, match="half precision"):
        build(model, tmp_path, precision="fp16")
    assert ecgrt.Classifier(build(model, tmp_path)).self_test() < 1e-5


def test_a_plan_that_answers_otherwise_is_not_written(tmp_path: Path) -> None:
    plan = tmp_path / "model.plan"
    plan.write_bytes(b"the plan of before")
    path = save(make_selector(), tmp_path / "model.onnx")
    with pytest.raises(ValueError, match="differ by"):
        build_cpu_plan(path, plan, tolerance=-1.0)
    assert plan.read_bytes() == b"the plan of before"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.onnx", "model.plan"]


def test_what_a_plan_was_checked_with_is_told(tmp_path: Path) -> None:
    path = save(make_selector(), tmp_path / "model.onnx")
    checked = build_cpu_plan(path, tmp_path / "model.plan")
    assert checked.backend == ecgrt.Classifier(tmp_path / "model.plan").backend
    assert checked.difference == ecgrt.Classifier(tmp_path / "model.plan").self_test()
    with pytest.raises(ValueError, match="differ by"):
        build_cpu_plan(path, tmp_path / "model.plan", tolerance=-1.0)


@pytest.mark.parametrize(
    "change", [{"classes": tuple(f"C{i}" for i in range(65))}, {"mean": 1e60}, {"std": 1e-60}]
)
def test_no_plan_is_written_that_the_reader_refuses(change: dict[str, Any], tmp_path: Path) -> None:
    """Metadata that Python once took and the core did not."""
    model = make_selector()
    (entry,) = (p for p in model.metadata_props if p.key == ONNX_KEY)
    entry.value = json.dumps({**json.loads(entry.value), **change})
    with pytest.raises(ValueError, match=r"classes|mean|std"):
        build(model, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


FAILURES = ["write_bytes", "replace", "load"]


@pytest.mark.parametrize("failing", FAILURES)
def test_a_failure_at_any_step_leaves_the_old_plan(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    model, plan = save(make_selector(), tmp_path / "model.onnx"), tmp_path / "model.plan"
    plan.write_bytes(b"the plan of before")
    where = {"write_bytes": Path, "replace": os, "load": cpu_plan}[failing]
    monkeypatch.setattr(where, "_verify" if failing == "load" else failing, fail)
    with pytest.raises(OSError, match="No space left"):
        build_cpu_plan(model, plan)
    assert plan.read_bytes() == b"the plan of before"
    assert sorted(os.listdir(tmp_path)) == ["model.onnx", "model.plan"]
