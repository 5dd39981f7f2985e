"""TensorRT on a real GPU: ``pytest -m gpu``. Everything that is checked is in acceptance.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import acceptance
import pytest
from acceptance import Row, Setup

from ecgrt.compile.tensorrt_plan import cuda_device


@pytest.fixture(scope="module")
def setup(model: Path, records: Path, tmp_path_factory: pytest.TempPathFactory) -> Setup:
    if cuda_device() is None:
        pytest.skip("no CUDA device answers")
    return acceptance.prepare(model, records, tmp_path_factory.mktemp("gpu"))


@pytest.mark.gpu
@pytest.mark.parametrize("check", acceptance.CHECKS, ids=lambda check: check.__name__)
def test_acceptance(setup: Setup, check: Callable[[Setup], Iterator[Row]]) -> None:
    failed = [row for row in check(setup) if row.passed is False]
    assert not failed
