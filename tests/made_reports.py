"""Reports of each kind, for tests to look at; whatever comes from a file can be made hostile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from conftest import ROOT
from made_days import ScriptedClassifier, made_record

import ecgrt
from ecgrt.calibration.agreement import agreement
from ecgrt.rhythm.timeline import timeline
from ecgrt.view.cohort import Disagreement, cohort_report
from ecgrt.view.contents import Entry, contents_page
from ecgrt.view.day import day_report
from ecgrt.view.report import record_report

HOSTILE = "<script>alert(1)</script>\"'&\u202e"
SHORT = [("A", 20), ("N", 12)]
LONG = [("N", 2000), ("A", 400), ("~", 100), ("N", 1500), ("A", 100)]
RECORDS = ROOT / "examples" / "records"


def short(**options: object) -> str:
    """A record of a model without a record head."""
    classifier = ScriptedClassifier(SHORT, gaps=[(5.0, 7.0, "flat")])
    record = made_record(SHORT, **options)
    return record_report(classifier.predict(record.signal), record, classifier)


def shipped(**options: object) -> str:
    """A record of the model that ships, with a gap."""
    found = ecgrt.read_record(RECORDS / "S0006")
    signal = np.array(found.signal, np.float64)
    signal[3000:3900] = np.nan
    record = replace(found, signal=signal, **options)
    classifier = ecgrt.Classifier()
    return record_report(classifier.predict(record), record, classifier)


def day(**options: object) -> str:
    """A long record."""
    record = made_record(LONG, **options)
    return day_report(timeline(ScriptedClassifier(LONG), record), record)


def evaluated(**options: object) -> str:
    """The sample records against made labels, one of them wrong, one missing."""
    classifier = ecgrt.Classifier()
    names = [f"S{number:04}" for number in range(1, 9)]
    records = [ecgrt.read_record(RECORDS / name) for name in names]
    answers = dict(zip(names, classifier.predict_batch(records), strict=True))
    reference = {name: str(answer.label) for name, answer in answers.items()} | {"S0003": "N"}
    found = agreement(
        reference,
        {name: str(answer.label) for name, answer in answers.items() if name != "S0001"},
        {name: answer.probabilities.tolist() for name, answer in answers.items()},
        classifier.classes,
        ("N", "A", "O"),
    )
    worst = replace(records[2], **options)
    title = str(options.get("name", "a set"))
    return cohort_report(
        title,
        found,
        "CinC F1",
        [Disagreement(worst, answers["S0003"], "N")],
        classifier,
        [("Records", title)],
        "WARNING: a record was in the training set.",
    )


def listed(**options: object) -> str:
    """The page that leads to several reports."""
    found = ecgrt.Classifier().predict(ecgrt.read_record(RECORDS / "S0006"))
    return contents_page([Entry(str(options.get("name", "S0006")), "S0006.html", found)])
