"""Plans for TensorRT, built by the real TensorRT-RTX, which needs no GPU to build."""

from __future__ import annotations

import dataclasses
import io
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_tensorrt import make_metadata, make_network

import ecgrt
from ecgrt.compile import tensorrt_builder, tensorrt_plan
from ecgrt.compile.tensorrt_plan import CudaDevice, Profile, build_tensorrt_plan
from ecgrt.metadata import ONNX_KEY, Metadata

onnx = pytest.importorskip("onnx")

MODELS = Path(__file__).resolve().parents[2] / "models"

GPU = CudaDevice("NVIDIA L4", (8, 9))


@pytest.fixture(scope="module")
def trt() -> Any:
    return pytest.importorskip("tensorrt_rtx", reason="TensorRT-RTX is not installed")


@pytest.fixture(scope="module")
def metadata() -> Metadata:
    return make_metadata()


@pytest.fixture(scope="module")
def tiny(metadata: Metadata, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of one convolution: 256 samples in, 4 probabilities out."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.onnx"
    onnx.save(make_network(metadata), path)
    return path


def profile_shapes(plan: bytes) -> list[tuple[int, int, int]]:
    """Return the three shapes of the profile: each 3 int64 in a field of 48 bytes, one by one."""
    shapes = [struct.unpack_from("<3q", plan, at) for at in range(len(plan) - 120)]
    found = []
    for at, (records, samples, channels) in enumerate(shapes):
        following = [struct.unpack_from("<3q", plan, at + step) for step in (48, 96)]
        if (records, channels) == (1, 1) and samples % 256 == 0 and samples > 0:
            low, opt, high = (records, samples, channels), *following
            if opt[::2] == (1, 1) and high[2] == 1 and samples <= opt[1] <= high[1] < 10**6:
                found.append([low, opt, high])
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_plan_of_the_shipped_model(
    trt: Any, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], precision: str
) -> None:
    path = tmp_path / "model.plan"
    build_tensorrt_plan(model, path, precision=precision)
    plan = path.read_bytes()
    assert plan[:4] == b"vtrt"
    assert struct.unpack_from("<Q", plan, 16) == (len(plan),)
    assert ".".join(str(part) for part in plan[24:28]) == trt.__version__
    properties = {entry.key: entry.value for entry in onnx.load(model).metadata_props}
    assert Metadata.from_json(properties[ONNX_KEY]).to_json().encode() in plan
    weights = sum(
        int(np.prod(tensor.dims))
        for tensor in onnx.load(model).graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT
    )
    bytes_per_weight = {"fp32": 4, "fp16": 2}[precision]
    assert weights * bytes_per_weight < len(plan) < weights * (bytes_per_weight + 1)
    printed = capsys.readouterr().out
    assert f"TensorRT-RTX {trt.__version__}, {precision}: records of 1 to 210 segments" in printed
    assert "note:" not in printed
    assert [p.name for p in tmp_path.iterdir()] == ["model.plan"]


def test_profile_is_what_was_asked_for(trt: Any, tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.plan"
    build_tensorrt_plan(tiny, path, min_seconds=5, opt_seconds=30, max_seconds=61.44, max_batch=3)
    assert profile_shapes(path.read_bytes()) == [(1, 1280, 1), (1, 8960, 1), (3, 18432, 1)]


def test_changed_plan_is_refused(trt: Any, tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.plan"
    build_tensorrt_plan(tiny, path)
    plan = path.read_bytes()

    class Log(trt.ILogger):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.text = ""

        def log(self, severity: Any, message: str) -> None:
            self.text += message

    for damaged, trouble, ours in [
        (b"x" + plan, "magicTag", "neither a CPU plan nor a TensorRT plan"),
        (plan[:-1], "plan.header.size == blobSize", "is damaged"),
        (plan + b"x", "plan.header.size == blobSize", "is damaged"),
    ]:
        log = Log()
        assert trt.Runtime(log).deserialize_cuda_engine(damaged) is None
        assert trouble in log.text
        path.write_bytes(damaged)
        with pytest.raises(ecgrt.PlanError, match=ours):
            ecgrt.Classifier(path)


def test_classifier_says_what_is_missing(trt: Any, tiny: Path, tmp_path: Path) -> None:
    if tensorrt_plan.cuda_device() is not None:
        pytest.skip("this machine has a GPU")
    path = tmp_path / "model.plan"
    build_tensorrt_plan(tiny, path)
    with pytest.raises(ecgrt.BackendUnavailableError) as caught:
        ecgrt.Classifier(path)
    message = str(caught.value)
    assert message.startswith(f"{path} is a plan of TensorRT-RTX {trt.__version__}, which cannot")
    assert "built without TensorRT" in message or "there is no NVIDIA driver" in message
    assert message.endswith("`ecgrt-build-engine model.onnx --target cpu`")


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_plan_of_the_compact_model(trt: Any, tmp_path: Path, precision: str) -> None:
    path = tmp_path / "model.plan"
    build_tensorrt_plan(MODELS / "cinc17-compact.onnx", path, precision=precision)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.plan", "model.plan.json"]


def test_calibration_travels_in_the_networks_name(
    trt: Any, metadata: Metadata, tmp_path: Path
) -> None:
    calibrated = dataclasses.replace(
        metadata,
        decision="mean",
        pooling=tuple((0.1 * row,) * 9 for row in range(4)),
        calibration_scale=1.25,
        calibration_bias=(0.5, -0.5, 0.25, -0.25),
        decision_weights=(2.0, 1.0, 1.5, 3.0),
    )
    onnx.save(make_network(calibrated), tmp_path / "model.onnx")
    build_tensorrt_plan(tmp_path / "model.onnx", tmp_path / "model.plan")
    (text,) = re.findall(rb'\{"calibration_bias".*?\}', (tmp_path / "model.plan").read_bytes())
    assert Metadata.from_json(text.decode()) == calibrated


def test_model_that_tensorrt_refuses_leaves_the_old_plan(
    trt: Any, metadata: Metadata, tmp_path: Path
) -> None:
    onnx.save(make_network(metadata, activation="Unique"), tmp_path / "model.onnx")
    plan = tmp_path / "model.plan"
    plan.write_bytes(b"old")
    with pytest.raises(ValueError, match=r"TensorRT cannot read this model: .*Unique"):
        build_tensorrt_plan(tmp_path / "model.onnx", plan)
    assert plan.read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.onnx", "model.plan"]


def test_output_must_be_float32(trt: Any, tiny: Path) -> None:
    from onnx import TensorProto, helper

    network = onnx.load(tiny)
    node = helper.make_node("Cast", ["probabilities"], ["half"], to=TensorProto.FLOAT16)
    network.graph.node.append(node)
    network.graph.output[0].name = "half"
    network.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    shapes = Profile(1, 1, 2, 1).shapes(256)
    with pytest.raises(ValueError, match=r"in float32, not signal .*, half .*HALF"):
        tensorrt_builder.compile_network(trt, network, "tiny", shapes, None)


def test_name_that_tensorrt_drops_is_noticed(trt: Any, tiny: Path) -> None:
    shapes = Profile(1, 1, 2, 1).shapes(256)
    with pytest.raises(ValueError, match="no network name of 5000 bytes"):
        tensorrt_builder.compile_network(trt, onnx.load(tiny), "x" * 5000, shapes, None)


def test_progress_is_shown_on_a_terminal(
    trt: Any, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    shapes = Profile(1, 1, 2, 1).shapes(256)
    tensorrt_builder.compile_network(trt, onnx.load(tiny), "tiny", shapes, None)
    assert "Building engine: 1 of" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


@pytest.mark.filterwarnings("ignore:.*Timing cache operations are no-ops:DeprecationWarning")
def test_enterprise_path_keeps_its_timings(
    trt: Any, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The enterprise flavour's steps, taken by the package that can take them without a GPU."""
    stand_in = dataclasses.replace(tensorrt_plan.FLAVOURS["enterprise"], package="tensorrt_rtx")
    monkeypatch.setitem(tensorrt_plan.FLAVOURS, "enterprise", stand_in)
    monkeypatch.setattr(tensorrt_plan, "cuda_device", lambda: GPU)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    plan = tmp_path / "model.plan"
    build_tensorrt_plan(tiny, plan, flavour="enterprise")
    timings = tmp_path / "cache" / "ecgrt" / f"tensorrt-{trt.__version__}-NVIDIA-L4.timing"
    measured = timings.read_bytes()
    assert measured
    timings.write_bytes(b"not of this version")
    build_tensorrt_plan(tiny, plan, flavour="enterprise")
    assert timings.read_bytes() == measured


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"precision": "int8"}, "precision must be one of"),
        ({"precision": "bf16"}, 'for target="cpu"'),
        ({"flavour": "ultimate"}, "flavour must be one of"),
        ({"min_seconds": -1}, "0 <= min_seconds <= opt_seconds <= max_seconds, not -1"),
        ({"opt_seconds": 200}, "not 0.0, 200 and 180.0"),
        ({"max_seconds": float("inf")}, "and inf"),
        ({"max_batch": 0}, "max_batch must be 1 or more, not 0"),
    ],
)
def test_bad_arguments(tiny: Path, tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_tensorrt_plan(tiny, tmp_path / "model.plan", **change)


def test_bad_models(tiny: Path, tmp_path: Path) -> None:
    plan = tmp_path / "model.plan"
    with pytest.raises(FileNotFoundError, match=r"no ONNX model .*nothing\.onnx"):
        build_tensorrt_plan(tmp_path / "nothing.onnx", plan)
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(ValueError, match=r"text\.onnx is not a sound ONNX model"):
        build_tensorrt_plan(tmp_path / "text.onnx", plan)
    network = onnx.load(tiny)
    del network.metadata_props[:]
    onnx.save(network, tmp_path / "bare.onnx")
    with pytest.raises(ValueError, match="no 'ecgrt' metadata; write it with ecgrt-export"):
        build_tensorrt_plan(tmp_path / "bare.onnx", plan)


def test_profile_counts_whole_segments(metadata: Metadata) -> None:
    def profile(low: float, opt: float, high: float) -> tuple[int, ...]:
        made = Profile.from_seconds(
            metadata, min_seconds=low, opt_seconds=opt, max_seconds=high, max_batch=2
        )
        return made.min_segments, made.opt_segments, made.max_segments

    assert profile(0, 30, 61.44) == (1, 35, 72)
    assert profile(256 / 300, 256 / 300, 256 / 300) == (1, 1, 1)
    assert profile(1.70, 1.71, 2) == (1, 2, 2)


def test_short_profile_is_noted(
    trt: Any, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build_tensorrt_plan(tiny, tmp_path / "model.plan", opt_seconds=1, max_seconds=4 * 256 / 300)
    assert "overlap by the 4 segments of context would need --max-seconds 5" in (
        capsys.readouterr().out
    )


def test_rtx_notes_a_gpu_that_it_does_not_run_on(
    trt: Any,
    tiny: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for device, noted in [(CudaDevice("NVIDIA H100", (9, 0)), True), (GPU, False)]:
        monkeypatch.setattr(tensorrt_plan, "cuda_device", lambda device=device: device)
        build_tensorrt_plan(tiny, tmp_path / "model.plan", flavour="rtx")
        assert ("does not run on this machine's NVIDIA H100 (SM90)" in capsys.readouterr().out) is (
            noted
        )
