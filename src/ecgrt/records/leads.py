"""Leads: which one of a file to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .units import is_stated, volts

#: Names listed in a message; a table may have thousands of columns.
_LISTED = 16
_LIMB = "I|II|III|AVR|AVL|AVF|-AVR"
_STANDARD = re.compile(
    rf"({_LIMB}|V|V[1-9]R?|ML?II|ML?III?|MLI|MCL[1-6]?|MV[1-6]?|V[XYZ]|CM[1-6]|CC[1-6]|"
    r"(I|II|III|V[1-6])[ -]?(RHYTHM))",
    re.IGNORECASE,
)
_ECG = re.compile(r"(?<![A-Z])(ECG|EKG)(?![A-Z])", re.IGNORECASE)
_NOISE = re.compile(r"^(MDC_ECG_LEAD_|MDC ECG LEAD )|(?<![A-Z])(LEAD|ECG|EKG|DERIVATION)(?![A-Z])")
# "Lead I (Einthoven)", "aVR, augmented voltage, right" in DICOM.
_REMARK = re.compile(r"\(.*?\)|\[.*?\]|,.*")


def plain(name: str) -> str:
    """Return a lead's name without what only says that it is a lead: ``ECG II`` is ``II``."""
    bare = _NOISE.sub(" ", _REMARK.sub(" ", name).upper().replace("_", " ").replace(":", " "))
    bare = _NOISE.sub(" ", bare).strip(" -.")
    return re.sub(r"[ -]+", "", bare) or name.strip().upper()


def is_ecg(name: str) -> bool:
    """Whether a name says that this is an ECG."""
    return bool(_ECG.search(name.replace("_", " ")) or _STANDARD.fullmatch(plain(name)))


def pick(
    names: Sequence[str],
    lead: str | int | None,
    path: Path,
    units: Sequence[str | None] | None = None,
) -> int:
    """Return the number of the lead to read.

    Parameters
    ----------
    names
        Of all that the file holds, in its order.
    lead
        A name, in any case and with or without ``Lead`` or ``ECG`` in it where that leaves one
        only; a number from 0; None for the only one, or the only one whose name is an ECG's.
    path
        Of the file, for messages.
    units
        Of all that the file holds, None where it gives none: what is in mmHg is not the ECG.

    Raises
    ------
    TypeError
        If `lead` is neither.
    ValueError
        If there is none of that name or number, more than one, or several to choose from.
    """
    if not names:
        raise ValueError(f"{path} holds no signal")
    if lead is None:
        return _only(names, units or [None] * len(names), path)
    if isinstance(lead, bool) or not isinstance(lead, (str, int)):
        raise TypeError(f"lead is a name or a number, not {type(lead).__name__}")
    if isinstance(lead, int):
        if 0 <= lead < len(names):
            return lead
        raise ValueError(f"{path} has no lead {lead!r}; it has {_listed(names)}")
    for key in (str, str.strip, _folded, plain):
        found = [number for number, name in enumerate(names) if key(name) == key(lead)]
        if len(found) == 1:
            return found[0]
        if found:
            raise ValueError(
                f"{path} has more than one lead {lead!r}; give lead= (--lead) a number: "
                f"{_listed(names)}"
            )
    if lead.isdecimal() and lead.isascii() and len(lead) < 9 and int(lead) < len(names):
        return int(lead)
    raise ValueError(f"{path} has no lead {lead!r}; it has {_listed(names)}")


def _only(names: Sequence[str], units: Sequence[str | None], path: Path) -> int:
    if len(names) == 1:
        return 0
    able = [i for i, unit in enumerate(units) if unit is None or not _is_foreign(unit)]
    if len(able) == 1 and (is_ecg(names[able[0]]) or volts(units[able[0]] or "") is not None):
        return able[0]
    found = [i for i in able if is_ecg(names[i])]
    if len(found) == 1:
        return found[0]
    raise ValueError(
        f"{path} holds {len(names)} leads ({_listed(names)}); say which by name or number: give "
        "lead= (--lead)"
    )


def _is_foreign(unit: str) -> bool:
    return volts(unit) is None and (is_stated(unit) or unit.strip().upper() == "NU")


def _folded(name: str) -> str:
    return name.strip().casefold()


def _listed(names: Sequence[str]) -> str:
    shown = [f"{number} = {_printable(name)}" for number, name in enumerate(names[:_LISTED])]
    return ", ".join(shown) + (", ..." if len(names) > _LISTED else "")


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name[:40])
