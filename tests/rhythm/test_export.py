"""Timelines in other forms, read by other people's libraries."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta, timezone

import jsonschema
import numpy as np
import pytest
from made_days import NIGHT, ScriptedClassifier, made_record

from ecgrt.rhythm.export import json_schema, to_csv, to_dict
from ecgrt.rhythm.fhir import to_fhir
from ecgrt.rhythm.timeline import Timeline, timeline

SCRIPT = [("N", 300), ("A", 200), ("~", 100), ("N", 60)]
GAPS = [(10.0, 12.0, "missing")]


def made(**options: object) -> Timeline:
    return timeline(ScriptedClassifier(SCRIPT, gaps=GAPS), made_record(SCRIPT, **options))


def flat() -> Timeline:
    script = [("N", 60)]
    record = made_record(script, signal=np.zeros(6000, np.int16), name="flat")
    return timeline(ScriptedClassifier(script, gaps=[(0.0, 60.0, "flat")]), record)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=-3, minutes=-30))])
def test_json_keeps_to_its_schema(zone: timezone | None) -> None:
    for found in (made(start=NIGHT.replace(tzinfo=zone)), made(), flat()):
        text = json.dumps(to_dict(found), allow_nan=False)
        jsonschema.validate(json.loads(text), json_schema())


def test_the_schema_refuses_what_is_not_it() -> None:
    for key, value in (("readable", 1.5), ("start", "yesterday"), ("spans", []), ("more", 1)):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**to_dict(made()), key: value}, json_schema())


def test_json_says_what_the_timeline_says() -> None:
    found = made(start=NIGHT)
    values = to_dict(found)
    af = [span for span in values["spans"] if span["label"] == "AF"]
    assert [span["start_s"] for span in af] == [e.start for e in found.episodes]
    assert af[0]["start"].startswith("2026-03-01T23:3")
    assert values["burden"][0]["share"] == pytest.approx(found.burden.share, abs=1e-6)
    assert values["gaps"][0]["reason"] == "missing"
    assert len(values["answers"]["probabilities"]) == len(found.states)


def test_csv_covers_the_record() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv([made(), flat()]))))
    first = [row for row in rows if row["record"] == "made"]
    assert sum(float(row["duration_s"]) for row in first) == pytest.approx(660)
    assert [row["label"] for row in first] == ["not AF", "AF", "unreadable", "not AF"]
    assert rows[-1]["reason"] == "flat"
    assert rows[-1]["probability"] == ""


@pytest.mark.parametrize("name", ["=1+1", "-x", '"quoted", with\na line', "+1"])
def test_a_hostile_name_stays_a_name_in_csv(name: str) -> None:
    (*_, row) = csv.DictReader(io.StringIO(to_csv([made(name=name)])))
    assert row["record"].lstrip("'") == name
    assert row["record"][0] not in "=+-@"


def resources(bundle: dict) -> list[dict]:
    return [entry["resource"] for entry in bundle["entry"]]


@pytest.mark.parametrize("zone", [None, timezone.utc])
@pytest.mark.parametrize("start", [None, NIGHT])
def test_fhir_is_valid(zone: timezone | None, start: object) -> None:
    """R4B's Bundle, Observation and DiagnosticReport are those of R4."""
    bundles = pytest.importorskip("fhir.resources.R4B.bundle")
    bundle = to_fhir([made(start=start), flat()], zone=zone)
    read = bundles.Bundle.model_validate_json(json.dumps(bundle, allow_nan=False))
    assert [entry.resource.get_resource_type() for entry in read.entry].count(
        "DiagnosticReport"
    ) == 2
    full = {entry["fullUrl"] for entry in bundle["entry"]}
    references = {r["reference"] for o in resources(bundle) for r in o.get("result", ())}
    assert references < full
    assert len(full) == len(bundle["entry"])


def test_fhir_has_a_time_of_day_only_with_a_zone() -> None:
    naive = resources(to_fhir([made(start=NIGHT)]))[0]["effectivePeriod"]
    assert naive == {"start": "2026-03-01", "end": "2026-03-01"}
    aware = resources(to_fhir([made(start=NIGHT)], zone=timezone.utc))[0]["effectivePeriod"]
    assert aware["start"] == "2026-03-01T23:30:00.000+00:00"


def test_fhir_says_what_the_timeline_says() -> None:
    found = made()
    parts = resources(to_fhir([found]))
    burden = next(r for r in parts if r["code"].get("text") == "AF burden")
    episodes = [r for r in parts if "valueCodeableConcept" in r]
    assert burden["valueQuantity"]["value"] == pytest.approx(100 * found.burden.share, abs=1e-3)
    assert [e["component"][1]["valueQuantity"]["value"] for e in episodes] == [
        e.duration for e in found.episodes
    ]
    assert episodes[0]["valueCodeableConcept"]["coding"][0]["code"] == "49436004"
    assert "Not a medical device" in parts[0]["conclusion"]


def test_fhir_identifiers_are_the_same_each_time() -> None:
    assert to_fhir([made()]) == to_fhir([made()])
    assert to_fhir([made()]) != to_fhir([made(signal=np.ones(66_000, np.int16))])
