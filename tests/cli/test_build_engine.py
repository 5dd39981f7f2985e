"""ecgrt-build-engine: the target, what is written, and what is not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from commands import exit_code

import ecgrt
from ecgrt.compile import cpu_plan, tensorrt_plan


def test_auto_target_without_gpu_builds_a_checked_cpu_plan(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tensorrt_plan, "cuda_device_name", lambda: None)
    out = tmp_path / "new.plan"
    assert exit_code("build-engine", model, "-o", out) == 0
    text = capsys.readouterr().out
    assert "target: cpu (no CUDA device answers)" in text
    assert f"{out}: {out.stat().st_size / 1e6:.1f} MB" in text
    assert ecgrt.Classifier(out).self_test() <= cpu_plan.TOLERANCE["fp32"]
    assert os.listdir(tmp_path) == ["new.plan"]


def test_auto_target_with_gpu_builds_a_tensorrt_plan(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    built = {}

    def build_tensorrt_plan(onnx: Path, out: Path, **options: object) -> None:
        built.update(options)
        out.write_bytes(b"ptrt")

    monkeypatch.setattr(tensorrt_plan, "cuda_device_name", lambda: "Some GPU")
    monkeypatch.setattr(tensorrt_plan, "installed_flavours", lambda: ["enterprise"])
    monkeypatch.setattr(tensorrt_plan, "build_tensorrt_plan", build_tensorrt_plan)
    argv = (model, "-o", tmp_path / "new.plan", "--precision", "fp16", "--max-batch", "4")
    assert exit_code("build-engine", *argv) == 0
    assert "target: tensorrt (CUDA device: Some GPU)" in capsys.readouterr().out
    assert (built["precision"], built["max_batch"], built["opt_seconds"]) == ("fp16", 4, 30.0)


def test_plan_with_wrong_answers_is_not_written(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(cpu_plan.TOLERANCE, "fp32", -1.0)
    out = tmp_path / "model.plan"
    out.write_bytes(b"the plan of before")
    assert exit_code("build-engine", model, "-o", out, "--target", "cpu") == 2
    assert "differ" in capsys.readouterr().err
    assert out.read_bytes() == b"the plan of before"
    assert os.listdir(tmp_path) == ["model.plan"]


def test_model_is_not_replaced_by_its_plan(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "m.onnx"
    copy.write_bytes(model.read_bytes())
    assert exit_code("build-engine", copy, "-o", copy, "--target", "cpu") == 2
    assert "would be replaced; write to another file" in capsys.readouterr().err
    assert copy.read_bytes() == model.read_bytes()


def test_auto_target_with_gpu_but_without_tensorrt_builds_a_cpu_plan(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tensorrt_plan, "cuda_device_name", lambda: "Some GPU")
    monkeypatch.setattr(tensorrt_plan, "installed_flavours", list)
    out = tmp_path / "new.plan"
    assert exit_code("build-engine", model, "-o", out) == 0
    assert 'TensorRT is missing: pip install "ecgrt[tensorrt]"' in capsys.readouterr().out
    assert ecgrt.Classifier(out).backend.startswith("cpu/")


def test_plan_is_built_from_python(model: Path, tmp_path: Path) -> None:
    built = ecgrt.build_plan(model, tmp_path / "new.plan", target="cpu", precision="fp16")
    classifier = ecgrt.Classifier(built.path)
    assert (built.target, built.backend) == ("cpu", classifier.backend)
    assert built.difference is not None
    assert 0 <= built.difference <= cpu_plan.TOLERANCE["fp16"]
    with pytest.raises(ValueError, match="target must be one of"):
        ecgrt.build_plan(model, tmp_path / "other.plan", target="gpu")


def test_json_says_what_was_built(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new.plan"
    assert exit_code("build-engine", model, "-o", out, "--target", "cpu", "--json") == 0
    built = json.loads(capsys.readouterr().out)
    assert (built["path"], built["bytes"], built["target"]) == (str(out), out.stat().st_size, "cpu")
    assert 0 <= built["difference"] <= cpu_plan.TOLERANCE["fp32"]
