"""What requests and answers look like; OpenAPI shows it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0, le=1)]


class SignalIn(BaseModel):
    """One lead, as numbers."""

    model_config = ConfigDict(extra="forbid")

    signal: Annotated[list[float | None], Field(min_length=1)]
    """Samples; null is one that is missing."""
    fs: Annotated[float, Field(ge=10, le=100_000)]
    """Samples a second."""
    unit: Literal["uV", "mV", "V", "nV"]
    """What the samples are in."""
    min_confidence: Probability = 0.0
    """No label is given with less; for predictions."""


class Quality(BaseModel):
    """How much could be read, and what is suspicious."""

    readable: Probability
    seconds: float
    spans: list[tuple[float, float, str]]
    warnings: dict[str, str]


class PredictionOut(BaseModel):
    """What the classifier says of a record, as ``Prediction.to_dict`` has it."""

    label: str | None
    confidence: float | None
    probabilities: dict[str, float | None]
    segment_labels: list[str]
    heart_rate: float | None
    beats: list[float]
    quality: Quality


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str


class Health(BaseModel):
    """That the server answers, and with what."""

    status: Literal["ok"]
    version: str
    backend: str
    classes: list[str]
    model: dict[str, Any]
