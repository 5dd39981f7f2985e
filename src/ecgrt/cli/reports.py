"""``--report`` of ecgrt-predict: a file for one record, a folder of files for several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .._files import check_writable, write_text

if TYPE_CHECKING:
    from .. import Classifier, Prediction, Record

SUFFIXES = (".html", ".htm")
_CONTENTS = "index"


class Reports:
    """Where the reports go.

    Parameters
    ----------
    target
        ``FILE.html`` of one record, or a folder, which is made if it is not there.
    records
        What is answered, as the command line has it.

    Raises
    ------
    ValueError
        If there are several records, and `target` is one file.
    FileNotFoundError, IsADirectoryError, NotADirectoryError
        If nothing can be written there.
    """

    def __init__(self, target: Path, records: Sequence[str]) -> None:
        from ..view.contents import Entry

        self._target = target
        self._single = target.suffix.lower() in SUFFIXES
        self._used = {_CONTENTS}
        self._entries: list[Entry] = []
        if self._single:
            _check_one(target, records)
            check_writable(target, *records)
            return
        if target.exists() and not target.is_dir():
            raise NotADirectoryError(f"{target} is a file; name a folder, or a file *.html")
        check_writable(target / "index.html" if target.is_dir() else target)
        target.mkdir(exist_ok=True)

    def add(self, record: Record, prediction: Prediction, classifier: Classifier) -> None:
        """Write a record's report."""
        from ..view.contents import Entry
        from ..view.report import record_report

        path = self._target if self._single else self._target / self._file_name(record.name)
        write_text(path, record_report(prediction, record, classifier))
        self._entries.append(Entry(record.name, path.name, prediction))

    def finish(self) -> None:
        """Write the page that leads to the reports, if they are several."""
        from ..view.contents import contents_page

        if not self._single:
            write_text(self._target / f"{_CONTENTS}.html", contents_page(self._entries))

    def _file_name(self, name: str) -> str:
        """Return a name that is its own, and one in every file system and address."""
        stem = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:80].strip("_") or "record"
        chosen, number = stem, 1
        while chosen.lower() in self._used:
            number += 1
            chosen = f"{stem}-{number}"
        self._used.add(chosen.lower())
        return f"{chosen}.html"


def _check_one(target: Path, records: Sequence[str]) -> None:
    from ..records import list_records

    try:
        count = len(list_records(records))
    except (OSError, ValueError):
        return  # it is reported with the record
    if count > 1:
        raise ValueError(
            f"--report {target} is of one record, and these are {count}; name a folder for a file "
            "each"
        )
