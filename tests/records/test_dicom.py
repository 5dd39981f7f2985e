"""DICOM waveforms, written by the package pydicom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgrt.records import read_record

pydicom = pytest.importorskip("pydicom", reason='needs pip install "ecgrt[formats]"')

RAMP = np.arange(-300, 300, dtype=np.int16)


def coded(value: str, meaning: str) -> Any:
    item = pydicom.Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "X", meaning
    return pydicom.Sequence([item])


def channel(lead: str, unit: str | None, correction: float = 1.0) -> Any:
    one = pydicom.Dataset()
    one.ChannelSourceSequence = coded("2:1", lead)
    if unit is not None:
        one.ChannelSensitivity, one.ChannelBaseline = "1.25", "0"
        one.ChannelSensitivityCorrectionFactor = str(correction)
        one.ChannelSensitivityUnitsSequence = coded(unit, unit)
    one.WaveformBitsStored = 16
    return one


def group(*channels: Any, originality: str = "ORIGINAL") -> Any:
    one = pydicom.Dataset()
    one.WaveformOriginality = originality
    one.NumberOfWaveformChannels = len(channels)
    one.NumberOfWaveformSamples = RAMP.size
    one.SamplingFrequency = "500"
    one.ChannelDefinitionSequence = pydicom.Sequence(channels)
    one.WaveformBitsAllocated, one.WaveformSampleInterpretation = 16, "SS"
    columns = [RAMP * (number + 1) for number in range(len(channels))]
    one.add_new((0x5400, 0x1010), "OW", np.stack(columns, axis=1).astype("<i2").tobytes())
    return one


def write(path: Path, *groups: Any, syntax: str = "1.2.840.10008.1.2.1") -> Path:
    data = pydicom.Dataset()
    data.PatientName = "Roe^Jane"
    data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.1"
    data.SOPInstanceUID = "1.2.3"
    data.AcquisitionDateTime = "20240102030405"
    if groups:
        data.WaveformSequence = pydicom.Sequence(groups)
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(path, data, enforce_file_format=True)
    return path


@pytest.mark.parametrize(("unit", "scale"), [("uV", 1.0), ("mV", 1e3)])
def test_a_lead_of_the_rhythm_is_read(tmp_path: Path, unit: str, scale: float) -> None:
    leads = (channel("Lead I (Einthoven)", unit), channel("Lead II", unit, 2.0))
    path = write(tmp_path / "a.dcm", group(*leads, originality="DERIVED"), group(*leads))
    record = read_record(path, lead="ii")
    assert (record.fs, record.lead, record.unit) == (500.0, "Lead II", unit)
    assert str(record.start) == "2024-01-02 03:04:05"
    np.testing.assert_allclose(record.signal, RAMP * 2 * 1.25 * 2.0 * scale, rtol=1e-6)
    assert read_record(path, lead="I").signal[0] == -300 * 1.25 * scale
    path.rename(tmp_path / "IM0001")  # archives give no suffix
    assert read_record(tmp_path / "IM0001", lead="I").lead == "Lead I (Einthoven)"


def test_padding_is_a_gap(tmp_path: Path) -> None:
    one = group(channel("Lead II", "uV"))
    one.add_new((0x5400, 0x100A), "OW", np.array([-299], "<i2").tobytes())
    record = read_record(write(tmp_path / "a.dcm", one))
    assert record.gaps == ((1, 2),)


@pytest.mark.parametrize(
    ("groups", "said", "message"),
    [
        ((), {}, "without waveforms"),
        ((group(channel("II", "uV")), group(channel("II", "uV"))), {}, "2 groups of original"),
        ((group(channel("II", None)),), {}, r"give unit= \(--unit\)"),
        ((group(channel("II", "mm[Hg]")),), {}, "no unit of voltage"),
        ((group(channel("I", "uV"), channel("II", "uV")),), {}, r"0 = I, 1 = II"),
        ((group(channel("II", "uV")),), {"fs": 250}, "says 500 Hz, the caller 250 Hz"),
    ],
)
def test_what_is_not_said_is_refused(
    tmp_path: Path, groups: tuple[Any, ...], said: dict[str, Any], message: str
) -> None:
    path = write(tmp_path / "a.dcm", *groups)
    with pytest.raises(ValueError, match=message) as caught:
        read_record(path, **said)
    assert "Roe" not in str(caught.value)


def test_a_damaged_or_deflated_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", group(channel("II", "uV")))
    content = path.read_bytes()
    for cut in (130, 200, len(content) - 100):
        path.write_bytes(content[:cut])
        with pytest.raises(ValueError, match=r"a\.dcm"):
            read_record(path)
    deflated = write(
        tmp_path / "b.dcm", group(channel("II", "uV")), syntax="1.2.840.10008.1.2.1.99"
    )
    with pytest.raises(ValueError, match="deflated"):
        read_record(deflated)
