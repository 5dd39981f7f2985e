"""Units, names of leads, and what a Record tells of itself."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ecgrt.records import Record
from ecgrt.records.leads import is_ecg, pick
from ecgrt.records.units import is_stated, microvolts_per, volts


@pytest.mark.parametrize(
    ("unit", "microvolts"),
    [
        *dict.fromkeys(("uV", "µV", "μV", "uv", "microvolts", " uV ", "[uV]", "ÂµV"), 1.0).items(),
        *dict.fromkeys(("mV", "MV", "millivolt", "milli-volts", "(mV)"), 1e3).items(),
        *dict.fromkeys(("V", "v", "Volt"), 1e6).items(),
        ("nV", 1e-3),
        ("4.88 uV", 4.88),
        ("0.005 mV", 5.0),
        ("2.5e-6V", 2.5),
        ("0.5 uV", 0.5),
    ],
)
def test_units_of_voltage(unit: str, microvolts: float) -> None:
    assert microvolts_per(unit) == pytest.approx(microvolts, rel=1e-12)


@pytest.mark.parametrize(
    "unit", ["", "mmHg", "pV", "kV", "0 uV", "-1 uV", "1e999 uV", "1_0 uV", "XmV"]
)
def test_other_units_are_refused(unit: str) -> None:
    with pytest.raises(
        ValueError, match=r"none of voltage; V, mV, uV or nV is accepted, .*step such as '4.88 uV'$"
    ):
        microvolts_per(unit)
    assert volts(unit) is None


def test_a_unit_is_a_string() -> None:
    with pytest.raises(TypeError, match="a unit is a string such as 'mV', not int"):
        microvolts_per(1000)  # type: ignore[arg-type]
    assert [is_stated(unit) for unit in ("mV", "mmHg", "NU", "", None)] == [
        True,
        True,
        False,
        False,
        False,
    ]


NAMES = ["I", "Lead II", "ECG V1", "aVR, augmented voltage, right", "MDC_ECG_LEAD_V2", "Resp"]


@pytest.mark.parametrize(
    ("lead", "number"),
    [
        ("I", 0),
        ("i", 0),
        ("II", 1),
        ("lead ii", 1),
        ("ecg_ii", 1),
        ("V1", 2),
        ("avr", 3),
        ("v2", 4),
        ("resp", 5),
        (5, 5),
        ("5", 5),
    ],
)
def test_leads_by_name_and_number(lead: str | int, number: int) -> None:
    assert pick(NAMES, lead, Path("a")) == number


@pytest.mark.parametrize("lead", ["III", "", 6, -1, "6", "-1", "\uff11"])
def test_a_lead_that_is_not_there(lead: str | int) -> None:
    with pytest.raises(ValueError, match=r"has no lead .* 0 = I, 1 = Lead II"):
        pick(NAMES, lead, Path("a"))


def test_a_lead_of_another_kind() -> None:
    for lead in (1.0, True, b"I"):
        with pytest.raises(TypeError, match="lead is a name or a number"):
            pick(NAMES, lead, Path("a"))  # type: ignore[arg-type]


def test_two_leads_of_one_name_are_told_by_number() -> None:
    names = ["ECG", "ECG", "ecg"]
    with pytest.raises(ValueError, match=r"more than one lead 'ECG'; give lead= .* a number"):
        pick(names, "ECG", Path("a"))
    assert pick(names, "ecg", Path("a")) == 2
    assert pick(names, 1, Path("a")) == 1


@pytest.mark.parametrize(
    ("names", "units", "number"),
    [
        (["EEG C3", "EEG C4", "EKG"], None, 2),
        (["PLETH", "MLII", "ABP"], None, 1),
        (["acc_x", "ecg", "x", "y", "z"], None, 1),
        (["channel", "SpO2"], ["mV", "%"], 0),
        (["ECG", "ECG derived respiration"], ["mV", "NU"], 0),
    ],
)
def test_the_only_ecg_need_not_be_named(
    names: list[str], units: list[str | None] | None, number: int
) -> None:
    assert pick(names, None, Path("a"), units) == number


@pytest.mark.parametrize("names", [["I", "II"], ["a", "b"], ["ECG", "V5"], ["C3", "C4"]])
def test_of_several_one_is_to_be_named(names: list[str]) -> None:
    with pytest.raises(ValueError, match=r"holds 2 leads .* give lead= \(--lead\)"):
        pick(names, None, Path("a"))


def test_strange_names_are_shortened_and_made_printable() -> None:
    names = ['<script>"\n\x1b[31m' + "x" * 200] * 100
    with pytest.raises(ValueError, match="100 leads") as caught:
        pick(names, None, Path("a"))
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 1200
    assert not is_ecg(names[0])


def test_a_record_tells_its_times_but_no_name() -> None:
    signal = np.array([1.0, np.nan, np.nan, 4.0, np.nan])
    record = Record("Roe", signal, 250.0, "II", "mV", datetime(1980, 1, 1), "EDF", Path("Roe.edf"))
    assert record.duration == 0.02
    np.testing.assert_allclose(record.seconds, [0, 0.004, 0.008, 0.012, 0.016])
    assert record.gaps == ((1, 3), (4, 5))
    assert Record("a", np.zeros(3, np.int16), 300.0).gaps == ()
    assert repr(record) == "<Record: 0.0 s at 250 Hz, lead 'II', EDF>"
