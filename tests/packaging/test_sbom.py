"""The bill of materials that an installed ecgrt carries names what is compiled into it."""

from __future__ import annotations

import json
import re
from importlib import metadata

from conftest import ROOT

import ecgrt

THIRD_PARTY = ROOT / "cpp" / "third_party"


def version(header: str, macro: str, *parts: str) -> str:
    text = (THIRD_PARTY / header).read_text(encoding="utf-8")
    found = (re.search(rf"define +{macro}_{part} +(\d+)", text) for part in parts)
    return ".".join(match[1] for match in found if match)


def test_it_names_what_is_compiled_in() -> None:
    (file,) = (f for f in metadata.files("ecgrt") or () if f.name == "ecgrt.cdx.json")
    assert file.parent.name == "sboms"
    bill = json.loads(file.locate().read_text())
    assert (bill["bomFormat"], bill["metadata"]["component"]["version"]) == (
        "CycloneDX",
        ecgrt.__version__,
    )
    parts = {part["name"]: part["version"] for part in bill["components"]}
    for part in bill["components"]:
        assert re.search(rf"@v?{re.escape(part['version'])}$", part["purl"])
    assert parts.keys() == {"nlohmann-json", "pybind11", "xxhash"}
    assert parts["xxhash"] == version("xxhash/xxhash.h", "XXH_VERSION", "MAJOR", "MINOR", "RELEASE")
    json_version = version("nlohmann/json.hpp", "NLOHMANN_JSON_VERSION", "MAJOR", "MINOR", "PATCH")
    system = [int(number) for number in parts["nlohmann-json"].split(".")]
    assert parts["nlohmann-json"] == json_version or system >= [3, 11]
    notices = (ROOT / "THIRD_PARTY_NOTICES.txt").read_text(encoding="utf-8")
    assert all(name in notices for name in ("pybind11", "JSON for Modern C++", "xxHash"))
