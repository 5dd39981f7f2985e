"""A network's multiplications beside those of a product of matrices."""

from __future__ import annotations

from pathlib import Path

import pytest
from family import SMALL, make_network, save

from ecgrt.bench.models import gather
from ecgrt.bench.roofline import measure_peak, place, products_per_second
from ecgrt.bench.rows import Latency


def row(engine: str, task: str, threads: int, min_ms: float | None) -> Latency:
    return Latency(
        model="m",
        seconds=30.0,
        threads=threads,
        group="fp32",
        engine=engine,
        task=task,
        difference=0.0,
        min_ms=min_ms,
    )


def test_multiplications_are_counted(tmp_path: Path) -> None:
    (model,) = gather([save(make_network(SMALL), tmp_path / "small.onnx")], ["fp32"], tmp_path)
    # 16 taps from 1 to 5 channels, from 5 to 5 twice, then at half the rate from 5 to 10, from 10
    # to 10, and a dense layer to 3 classes
    count = 16 * (5 + 25 + 25) + (16 * (50 + 100) + 30) / 2
    assert products_per_second(model.network, 300.0) == pytest.approx(300 * count)


def test_networks_of_ecgrt_on_one_thread_have_a_place() -> None:
    rows = [
        row("ecgrt", "int16 to label", 1, 3.0),
        row("ecgrt", "network", 1, 2.0),
        row("ecgrt, bf16", "network", 1, None),
        row("ecgrt", "network", 2, 1.0),
        row("onnxruntime", "network", 1, 4.0),
    ]
    (found,) = place(rows, per_second=1e6, peak=30e9)
    assert (found.products, found.min_ms) == (30e6, 2.0)
    assert found.rate == pytest.approx(15e9)
    assert found.share == pytest.approx(0.5)
    assert found.cells() == ["30 s", "fp32", "ecgrt", "30", "2.00", "15", "30", "0.50"]


def test_a_product_of_matrices_is_timed() -> None:
    assert measure_peak() > 1e6
