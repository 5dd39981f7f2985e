"""The data of the PhysioNet/CinC Challenge 2017: fetched, labelled, split.

Clifford et al. 2017, doi 10.22489/CinC.2017.065-469; Goldberger et al. 2000. Licence ODC-By 1.0.
"""

from __future__ import annotations

from pathlib import Path

from ..records.base import list_records
from .download import get, is_url, read_sums
from .unpack import unzip

PHYSIONET_URL = "https://physionet.org/files/challenge-2017/1.0.0/"
#: The final labels of the training records (PhysioNet's zips carry older ones).
REFERENCE_NAME = "REFERENCE-v3.csv"
FILES = ("training2017.zip", "sample2017.zip", REFERENCE_NAME)
TRAINING = Path("training2017")
VALIDATION = Path("sample2017", "validation")


def fetch(source: str | Path = PHYSIONET_URL, out: str | Path = "data") -> Path:
    """Bring the challenge's records and labels, and unpack them.

    What is there already is left alone, and what an interrupted download left behind is completed.

    Parameters
    ----------
    source
        URL of a folder, or a local folder, that holds :data:`FILES`.
    out
        Folder for them and for what the zips hold; made if need be.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    FileNotFoundError, ConnectionError
        If the source cannot be reached, or lacks a file.
    ValueError
        If a file is damaged, is not the published one, or a zip would write outside of `out`.
    """
    source, out = str(source), Path(out)
    if not is_url(source) and not Path(source).is_dir():
        raise FileNotFoundError(
            f"{source} is not a folder; give a folder or URL that holds {', '.join(FILES)}"
        )
    out.mkdir(parents=True, exist_ok=True)
    sums = read_sums(source)
    for name in FILES:
        get(source, name, out / name, sums.get(name))
        if name.endswith(".zip"):
            _unpack(out / name)
    return out


def _unpack(archive: Path) -> None:
    try:
        unzip(archive, archive.parent)
    except ValueError as error:
        # Else a file of which no checksum is published would be taken for whole for ever.
        archive.unlink()
        raise ValueError(f"{error}; it was deleted, fetch it again") from error


def official_validation(directory: str | Path) -> set[str]:
    """Return the names of the official validation set in `directory`, empty if it is not there."""
    folder = Path(directory) / VALIDATION
    if not (folder / "RECORDS").is_file():
        return set()
    return {path.name for path in list_records(folder)}
