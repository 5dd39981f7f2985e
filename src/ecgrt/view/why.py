"""Why a record has its label: evidence in words, and what each part of it added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .._core import find_evidence
from .colours import meaning
from .page import section, table
from .svg import Markup, tag

if TYPE_CHECKING:
    from .._core import Classifier, Prediction
    from ..records import Record

#: Rhythm features in the table, those that move the answer most.
_MOST = 6
_LIMITS = (
    "The sums are exact for this model: all of them together are the logarithm of the class's "
    "probability, against the mean of all classes. They tell what moved this answer, not what is "
    "wrong with a heart: another model may use other parts of the record as well. What a second "
    "adds depends on its surroundings ({context:.0f} s to either side), and the rhythm features "
    "belong to no place in the record."
)
_MEANS = (
    "This model takes the mean of what its segments say, so that the probabilities of the segments "
    "are all that there is to see of where it looked; each depends on {context:.0f} s to either "
    "side."
)


@dataclass(frozen=True, eq=False)
class Parts:
    """What was added to the answer of one class, in logarithms of probability.

    Attributes
    ----------
    label
        The class.
    segments
        (segments,): of each segment.
    features
        By name: of each rhythm feature.
    rest
        Of the model's biases.
    """

    label: str
    segments: npt.NDArray[np.float64]
    features: dict[str, float]
    rest: float


def evidence_of(prediction: Prediction, record: Record) -> dict[str, str]:
    """Return the evidence of a record, whether or not its model needs the rhythm features."""
    return prediction.evidence or find_evidence(record.signal, record.fs)


def parts_of(prediction: Prediction, classifier: Classifier) -> Parts | None:
    """Take apart the answer of the most probable class; None of models without a record head."""
    head = classifier.metadata.get("record_head")
    if head is None or not np.isfinite(prediction.probabilities).all():
        return None
    segments, rhythm, rest = classifier.explain(prediction)
    label = prediction.label or prediction.classes[int(prediction.probabilities.argmax())]
    column = prediction.classes.index(label)
    features = dict(zip(head["features"], rhythm[:, column].tolist(), strict=True))
    return Parts(label, segments[:, column], features, float(rest[column]))


def evidence_list(evidence: dict[str, str]) -> Markup:
    """Return the evidence in words."""
    facts = tag("ul", *(tag("li", text) for text in evidence.values()), class_="evidence")
    return Markup(tag("h3", "What beats and signal show") + facts)


def why(parts: Parts | None, classifier: Classifier) -> Markup:
    """Return the section on where the model looked, and what that can tell."""
    context = (
        classifier.metadata["context_segments"]
        * classifier.samples_per_segment
        / classifier.sampling_rate
    )
    if parts is None:
        return section("Where the model looked", tag("p", _MEANS.format(context=context)))
    return section(
        "Where the model looked",
        tag("p", _LIMITS.format(context=context)),
        table(
            f"What added to {meaning(parts.label)}: logarithms of probability, against the mean of "
            "all classes",
            *_rows(parts),
        ),
    )


def _rows(parts: Parts) -> tuple[tuple[str, str], list[tuple[str, str]]]:
    by_size = sorted(parts.features.items(), key=lambda item: -abs(item[1]))
    others = sum(value for _, value in by_size[_MOST:])
    rows = [
        ("Network, all segments", _signed(parts.segments.sum())),
        *(
            (f"Rhythm feature {name.replace('_', ' ')}", _signed(value))
            for name, value in by_size[:_MOST]
        ),
        (f"The other {max(len(by_size) - _MOST, 0)} rhythm features", _signed(others)),
        ("The same for all records like it", _signed(parts.rest)),
    ]
    return ("Part", "Adds"), rows


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
