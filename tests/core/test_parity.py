"""ecgrt against ONNX Runtime: the same model, the same signal, the same probabilities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from family import (
    WIDE,
    Reference,
    build,
    make_metadata,
    make_network,
    save,
    wide_network,
)

import ecgrt
from ecgrt import _core
from ecgrt.calibration.pooling import pool
from ecgrt.calibration.scaling import apply_scaling
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.metadata import Metadata
from ecgrt.records.base import list_records, read_record
from ecgrt.training.config import NetworkConfig

TOLERANCE = {"fp32": 1e-5, "fp16": 1e-3, "bf16": 1e-2}
#: Of a network for what does not depend on its weights.
SMALL = NetworkConfig(conv_subsample_lengths=(1, 2), conv_num_filters_start=8)
#: Every number of segments up to a minute's half, the longest record of CinC 2017, and odd ends.
LENGTHS = (*range(256, 40 * 256 + 1, 256), 18_286, 300, 511, 9_000)


def walk(size: int, seed: int = 0) -> np.ndarray:
    """A random signal of ECG-like amplitude and spectrum."""
    rng = np.random.default_rng([seed, size])
    steps = np.convolve(rng.normal(0, 60, size), np.ones(9), "same")
    return (steps + 200 * np.sin(np.arange(size) / 40)).astype(np.int16)


@pytest.fixture(scope="module")
def reference(bare_model: Path) -> Reference:
    return Reference(bare_model)


@pytest.fixture(scope="module", params=["fp32", "fp16", "bf16"])
def precision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def precise_plan(
    precision: str, bare_model: Path, plan: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A plan of the shipped model in every precision."""
    if precision == "fp32":
        return plan
    path = tmp_path_factory.mktemp(precision) / "model.plan"
    build_cpu_plan(bare_model, path, precision=precision)
    return path


def assert_close(
    found: ecgrt.Prediction,
    expected: np.ndarray,
    tolerance: float,
    calibration: Metadata | None = None,
) -> None:
    """Compare with ONNX Runtime's segments, and with a record's probabilities made of them."""
    calibration = calibration or make_metadata(256, expected.shape[1])
    np.testing.assert_allclose(found.segment_probabilities, expected, rtol=0, atol=tolerance)
    segments = expected.astype(np.float64)
    pooled = pool(segments.mean(axis=0)[None], segments.std(axis=0)[None], calibration.pooling)
    record = apply_scaling(pooled, calibration.calibration_scale, calibration.calibration_bias)[0]
    # Both take logarithms: of d p / d log q, and a small q is off by as much as a large one.
    slack = 5 * calibration.calibration_scale
    np.testing.assert_allclose(found.probabilities, record, rtol=0, atol=slack * tolerance)


def test_every_length(precise_plan: Path, precision: str, reference: Reference) -> None:
    classifiers = [ecgrt.Classifier(precise_plan, threads=threads) for threads in (1, 2)]
    for size in LENGTHS:
        expected = reference(walk(size))
        for classifier in classifiers:
            found = classifier.predict(walk(size))
            assert_close(found, expected, TOLERANCE[precision], reference.metadata)


def test_sample_records(
    precise_plan: Path, precision: str, reference: Reference, records: Path
) -> None:
    classifier = ecgrt.Classifier(precise_plan)
    paths = list_records(records)
    assert len(paths) == 10
    for path in paths:
        record = read_record(path)
        expected = reference(record.signal)
        found = classifier.predict(record.signal, fs=record.fs)
        assert_close(found, expected, TOLERANCE[precision], reference.metadata)
        sure = np.sort(expected)[:, -1] - np.sort(expected)[:, -2] > 2 * TOLERANCE[precision]
        labels = np.array(classifier.classes)[expected.argmax(axis=1)]
        assert (np.array(found.segment_labels) == labels)[sure].all()


@pytest.mark.parametrize("name", ["cinc17", "cinc17-compact", "cinc17-wide"])
def test_shipped_models_behind_their_signal_path(
    name: str, model: Path, records: Path, tmp_path: Path
) -> None:
    """Filter, scale and network together, beside SciPy and ONNX Runtime."""
    shipped = model.with_name(f"{name}.onnx")
    reference = Reference(shipped)
    plan = tmp_path / "model.plan"
    build_cpu_plan(shipped, plan)
    classifier = ecgrt.Classifier(plan)
    for path in list_records(records):
        record = read_record(path)
        found = classifier.predict(record.signal, fs=record.fs)
        assert found.readable.all()  # gaps have tests of their own
        expected = reference(record.signal, record.fs)
        # The path's own roundings come on top of the network's.
        np.testing.assert_allclose(found.segment_probabilities, expected, rtol=0, atol=5e-5)


@pytest.mark.parametrize("scale", [0, 1e-6, 1, 1e4])
@pytest.mark.parametrize("offset", [0, -5e3])
def test_flat_faint_and_overdriven_signals(
    scale: float, offset: float, plan: Path, reference: Reference
) -> None:
    signal = offset + scale * walk(2_560).astype(np.float32)
    found = ecgrt.Classifier(plan).predict(signal).segment_probabilities
    expected = reference(signal)
    assert np.isfinite(found).all()
    # logits grow with the signal, and their rounding errors with them
    tolerance = TOLERANCE["fp32"] if scale <= 1 else 1e-3
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("isa", _core.supported_isas())
def test_every_instruction_set(
    isa: str,
    precise_plan: Path,
    precision: str,
    reference: Reference,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ECGRT_FORCE_ISA", isa)
    classifier = ecgrt.Classifier(precise_plan, threads=2)
    assert classifier.backend == f"cpu/{isa}"
    assert classifier.self_test() <= TOLERANCE[precision]
    for size in (256, 2_816, 9_000):
        found = classifier.predict(walk(size))
        assert_close(found, reference(walk(size)), TOLERANCE[precision], reference.metadata)


def test_best_instruction_set_is_the_default(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, ""):
        monkeypatch.delenv("ECGRT_FORCE_ISA", raising=False)
        if value is not None:
            monkeypatch.setenv("ECGRT_FORCE_ISA", value)
        assert ecgrt.Classifier(plan).backend == f"cpu/{_core.supported_isas()[0]}"


def test_tiles_are_the_default_of_bfloats(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ECGRT_FORCE_ISA", raising=False)
    path = build(make_network(SMALL), tmp_path, precision="bf16", tolerance=1)
    best = "amx" if "amx" in _core.supported_isas() else _core.supported_isas()[0]
    assert ecgrt.Classifier(path).backend == f"cpu/{best}"


@pytest.mark.parametrize("name", ["cinc17", "cinc17-compact", "cinc17-wide"])
def test_bfloats_give_the_same_labels_on_every_instruction_set(
    name: str, model: Path, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nearly the same probabilities; SSE2 rounds what follows a convolution once more."""
    plans = [tmp_path / "fp32.plan", tmp_path / "bf16.plan"]
    for path in plans:
        build_cpu_plan(model.with_name(f"{name}.onnx"), path, precision=path.stem)
    exact = ecgrt.Classifier(plans[0])
    answers = [exact.predict(r.signal, fs=r.fs) for r in map(read_record, list_records(records))]
    for isa in _core.supported_isas():
        monkeypatch.setenv("ECGRT_FORCE_ISA", isa)
        classifier = ecgrt.Classifier(plans[1])
        for path, expected in zip(list_records(records), answers, strict=True):
            record = read_record(path)
            found = classifier.predict(record.signal, fs=record.fs)
            assert found.label == expected.label
            assert list(found.segment_labels) == list(expected.segment_labels)
            np.testing.assert_allclose(
                found.segment_probabilities, expected.segment_probabilities, rtol=0, atol=1e-2
            )


@pytest.mark.parametrize(
    "isa",
    sorted({"sse2", "avx2", "avx512", "amx", "neon", "generic"} - set(_core.supported_isas())),
)
def test_instruction_set_that_is_not_there(
    isa: str, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECGRT_FORCE_ISA", isa)
    with pytest.raises(ecgrt.BackendUnavailableError, match=f"ECGRT_FORCE_ISA.*{isa}"):
        ecgrt.Classifier(plan)


@pytest.mark.parametrize("isa", ["AVX2", "avx", "mmx", " ", "avx2 "])
def test_unknown_instruction_set_lists_the_known(
    isa: str, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECGRT_FORCE_ISA", isa)
    says = f'"{isa}"; this build of ecgrt has .*{_core.supported_isas()[-1]}'
    with pytest.raises(ecgrt.BackendUnavailableError, match=says):
        ecgrt.Classifier(plan)


# -- records that are run in windows


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_twenty_minutes(plan: Path, reference: Reference, records: Path, threads: int) -> None:
    signals = [read_record(path).signal for path in list_records(records)]
    signal = np.resize(np.concatenate(signals), 20 * 60 * 300)
    found = ecgrt.Classifier(plan, threads=threads).predict(signal)
    assert len(found.segment_labels) == 360_000 // 256
    assert_close(found, reference(signal), TOLERANCE["fp32"], reference.metadata)


#: Memory that the tensors of the longest window take, as the engine has it.
WINDOW_BYTES = 80 * 1024 * 1024


@pytest.mark.parametrize("context", [5, 300])
def test_every_way_to_cut_a_record(context: int, tmp_path: Path) -> None:
    model = wide_network(context)
    build_cpu_plan(save(model, tmp_path / "m.onnx"), tmp_path / "m.plan")
    classifier, reference = ecgrt.Classifier(tmp_path / "m.plan", threads=2), Reference(model)
    most = WINDOW_BYTES // ((WIDE + 1) * 4 * 16)
    signal = walk(16 * 4 * most + 5)
    expected = reference(signal)
    ends = (1, 2, 5, 6, 9, 10, 11)
    lengths = [most + k for k in (-1, 0, *ends)] + [2 * most - 2 * context - k for k in (-1, 0, 1)]
    lengths += [2 * most, 2 * most + context, 3 * most - 4 * context, 4 * most]
    for segments in lengths:
        found = classifier.predict(signal[: 16 * segments + 3])
        # the last segments see zeros where the longer signal goes on
        np.testing.assert_allclose(
            found.segment_probabilities[:-6], expected[: segments - 6], rtol=0, atol=1e-5
        )
        tail = reference(signal[16 * (segments - 50) : 16 * segments])[-6:]
        np.testing.assert_allclose(found.segment_probabilities[-6:], tail, rtol=0, atol=1e-5)
    signals = [
        signal[16 * k : 16 * (k + n)] for k, n in ((5, 3), (50, 2 * most), (0, 1), (7, most))
    ]
    for found, alone in zip(classifier.predict_batch(signals), signals, strict=True):
        assert_close(found, reference(alone), 1e-5)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("taps", [16, 5])
def test_a_record_goes_on_from_window_to_window(plain: bool, taps: int, tmp_path: Path) -> None:
    """On one thread nothing overlaps: each layer goes on where it stopped."""
    config = NetworkConfig(
        conv_subsample_lengths=(1, 2, 1, 4, 2),
        conv_num_filters_start=48,
        conv_filter_length=taps,
        conv_increase_channels_at=2,
        is_regular_conv=plain,
    )
    model = make_network(config)
    classifier = ecgrt.Classifier(build(model, tmp_path), threads=1)
    signal = walk(260_003)
    # Sixteen thousand answers of a random network, some of them on the edge.
    assert_close(classifier.predict(signal), Reference(model)(signal), 1e-4)


def test_windows_of_a_record_of_another_rate(tmp_path: Path) -> None:
    """Pieces that are resampled by themselves fit together as the whole does."""
    model = wide_network(5)
    build_cpu_plan(save(model, tmp_path / "m.onnx"), tmp_path / "m.plan")
    reference = Reference(model)
    metadata = reference.metadata
    for fs in (250, 257, 1000):
        signal = walk(round(16 * 3_000 * fs / 300))
        seen, _ = _core.preprocess(signal, fs, metadata=metadata.to_json())
        expected = reference(seen.astype(np.float64) * metadata.std + metadata.mean)
        assert_close(ecgrt.Classifier(tmp_path / "m.plan").predict(signal, fs), expected, 1e-5)
