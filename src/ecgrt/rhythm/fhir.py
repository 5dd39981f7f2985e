"""Timelines as FHIR R4 resources, https://hl7.org/fhir/R4/: plain dictionaries, ready for JSON.

Codes are LOINC's where there is one that says just this (18754-2, 8867-4, 8884-9), SNOMED CT's for
atrial fibrillation; what has none is said in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from .episodes import Episode
from .export import NOTICE
from .states import AF
from .timeline import Timeline

Resource = dict[str, Any]

_LOINC = "http://loinc.org"
_SNOMED = "http://snomed.info/sct"
_UCUM = "http://unitsofmeasure.org"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_SECTION = "http://terminology.hl7.org/CodeSystem/v2-0074"


def to_fhir(timelines: Iterable[Timeline], *, zone: tzinfo | None = None) -> Resource:
    """Return a Bundle with a DiagnosticReport for each record and the Observations it refers to.

    Nobody has looked at them: they are ``preliminary``. They name no patient; a system that knows
    whose record it is adds the ``subject``.

    Parameters
    ----------
    timelines
        Of one or more records.
    zone
        Time zone of records that do not tell theirs. FHIR has no time of day without one: with
        neither, only dates are given, and times are seconds from the start.
    """
    resources = [r for timeline in timelines for r in _resources(timeline, zone)]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": f"urn:uuid:{r['id']}", "resource": r} for r in resources],
    }


def _resources(timeline: Timeline, zone: tzinfo | None) -> list[Resource]:
    observations = [_burden(timeline, zone), _heart_rate(timeline, zone)]
    observations += [
        _episode(timeline, number, span, zone) for number, span in enumerate(timeline.episodes, 1)
    ]
    observations = [o for o in observations if o]
    report = {
        **_shared("DiagnosticReport", timeline, "report"),
        "category": [{"coding": [{"system": _SECTION, "code": "EC"}]}],
        "code": _loinc("18754-2", "Holter monitor study"),
        **_effective(timeline, 0, timeline.duration, zone),
        "result": [{"reference": f"urn:uuid:{o['id']}"} for o in observations],
        "conclusion": f"{_conclusion(timeline)} {NOTICE}",
    }
    return [report, *observations]


def _shared(kind: str, timeline: Timeline, part: str) -> Resource:
    origin = timeline.provenance
    # The same record and model give the same identifiers, so that a second import replaces the
    # first.
    key = "/".join(
        (
            "ecgrt",
            origin.signal_digest,
            origin.plan_digest or origin.model or "",
            timeline.name,
            part,
        )
    )
    return {"resourceType": kind, "id": str(uuid5(NAMESPACE_OID, key)), "status": "preliminary"}


def _observation(
    timeline: Timeline, part: str, code: Resource, start: float, end: float, zone: tzinfo | None
) -> Resource:
    origin = timeline.provenance
    device = f"ecgrt {origin.version}, model {origin.model or 'without a name'}"
    return {
        **_shared("Observation", timeline, part),
        "category": [{"coding": [{"system": _CATEGORY, "code": "procedure"}]}],
        "code": code,
        **_effective(timeline, start, end, zone),
        "device": {"display": device},
    }


def _burden(timeline: Timeline, zone: tzinfo | None) -> Resource:
    burden, label = timeline.burden, timeline.classes[0]
    observation = _observation(
        timeline, "burden", {"text": f"{label} burden"}, 0, timeline.duration, zone
    )
    readable = {
        "code": {"text": "Share of the recording that could be read"},
        "valueQuantity": _percent(timeline.readable),
    }
    if math.isnan(burden.share):
        unknown = {"code": "unknown", "system": _ABSENT}
        return {**observation, "dataAbsentReason": {"coding": [unknown]}, "component": [readable]}
    bounds = {"low": _percent(burden.low), "high": _percent(burden.high)}
    interval = {"code": {"text": "95 % interval of the burden"}, "valueRange": bounds}
    return {
        **observation,
        "valueQuantity": _percent(burden.share),
        "component": [interval, readable],
    }


def _heart_rate(timeline: Timeline, zone: tzinfo | None) -> Resource:
    rate = timeline.heart_rate
    if math.isnan(rate.mean):
        return {}
    extremes = [("Lowest heart rate", rate.minimum), ("Highest heart rate", rate.maximum)]
    components: list[Resource] = [
        {"code": {"text": text}, "valueQuantity": _quantity(extreme.value, "/min")}
        for text, extreme in extremes
        if extreme is not None
    ]
    pauses = {"code": {"text": "Pauses of 3 s or more"}, "valueInteger": len(rate.pauses)}
    return {
        **_observation(
            timeline, "heart-rate", _loinc("8867-4", "Heart rate"), 0, timeline.duration, zone
        ),
        "valueQuantity": _quantity(rate.mean, "/min"),
        "component": [*components, pauses],
    }


def _episode(timeline: Timeline, number: int, span: Episode, zone: tzinfo | None) -> Resource:
    value: Resource = {"text": span.label}
    if span.label == AF:
        coding = {"system": _SNOMED, "code": "49436004", "display": "Atrial fibrillation"}
        value = {"coding": [coding], "text": span.label}
    figures = [
        ("Start, from the beginning of the recording", _quantity(span.start, "s")),
        ("Duration", _quantity(span.duration, "s")),
        ("Mean probability", _percent(span.probability)),
    ]
    return {
        **_observation(
            timeline,
            f"episode-{number}",
            _loinc("8884-9", "Heart rate rhythm"),
            span.start,
            span.end,
            zone,
        ),
        "valueCodeableConcept": value,
        "component": [{"code": {"text": text}, "valueQuantity": q} for text, q in figures],
    }


def _conclusion(timeline: Timeline) -> str:
    burden, label = timeline.burden, timeline.classes[0]
    if math.isnan(burden.share):
        return "Nothing of the recording could be read."
    return (
        f"{label} in {burden.share:.1%} of the readable time (95 % interval {burden.low:.1%} to "
        f"{burden.high:.1%}); {len(timeline.episodes)} episodes; {timeline.readable:.1%} of the "
        "recording could be read."
    )


def _effective(timeline: Timeline, start: float, end: float, zone: tzinfo | None) -> Resource:
    first, last = timeline.at(start), timeline.at(end)
    if first is None or last is None:
        return {}
    return {"effectivePeriod": {"start": _date_time(first, zone), "end": _date_time(last, zone)}}


def _date_time(moment: datetime, zone: tzinfo | None) -> str:
    if moment.tzinfo is None:
        if zone is None:
            return moment.date().isoformat()
        moment = moment.replace(tzinfo=zone)
    return moment.isoformat(timespec="milliseconds")


def _loinc(code: str, display: str) -> Resource:
    return {"coding": [{"system": _LOINC, "code": code, "display": display}], "text": display}


def _percent(share: float) -> Resource:
    return _quantity(100 * share, "%")


def _quantity(value: float, unit: str) -> Resource:
    return {"value": round(value, 3), "unit": unit, "system": _UCUM, "code": unit}
