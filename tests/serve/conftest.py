"""The shipped model behind the application, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import ecgrt


@pytest.fixture(scope="session")
def classifier() -> ecgrt.Classifier:
    return ecgrt.Classifier(threads=1)


@pytest.fixture
def client_of(classifier: ecgrt.Classifier) -> Iterator[Callable[..., Any]]:
    """Make a client of an application with the limits that are named."""
    from fastapi.testclient import TestClient

    from ecgrt.serve import Limits, make_app

    with ExitStack() as stack:
        yield lambda **limits: stack.enter_context(
            TestClient(make_app(classifier, Limits(**limits)))
        )
