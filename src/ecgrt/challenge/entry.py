"""An entry of the PhysioNet/CinC Challenge 2017: one zip that its test environment can run."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from .. import __version__
from .._files import check_writable, replacing
from .evaluate import evaluate
from .scoring import CLASSES

#: Authors where none are named.
AUTHORS = ("The ecgrt developers",)

SETUP = """\
#!/bin/bash
# Runs once, before any record: installs ecgrt into venv/ beside this script, unless the
# interpreter (the variable PYTHON, else python3) has it already.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
if "$python" -c 'import ecgrt' 2>/dev/null; then
    echo "$python has ecgrt"
    exit
fi
"$python" -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet "@REQUIREMENT@"
"""

NEXT = """\
#!/bin/bash
# next.sh RECORD: appends the record's answer, such as A00001,N, to answers.txt in the current
# directory, unless it stands there. RECORD is a name in it or a path, with or without suffix.
set -euo pipefail
if [ $# -ne 1 ]; then
    echo "usage: $0 RECORD" >&2
    exit 2
fi
case ${1##*/} in
    *[,[:space:]]*)
        echo "$1: names in answers.txt have neither commas nor spaces; rename its files" >&2
        exit 1 ;;
esac
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=$here/venv/bin/python
[ -x "$python" ] || python=${PYTHON:-python3}
answer=$("$python" -c 'import sys; from ecgrt.cli.predict import main; sys.exit(main())' \\
    --plan "$here/model.plan" -- "$1" | awk -F '\\t' '{ print $1 "," $2 }')
grep -qxF -- "$answer" answers.txt 2>/dev/null || printf '%s\\n' "$answer" >> answers.txt
"""

DEPENDENCIES = """\
# Debian packages; setup.sh installs the rest.
python3
python3-venv
"""


def build_entry(
    plan: str | Path,
    directory: str | Path,
    out: str | Path = "entry.zip",
    *,
    wheel: str | Path | None = None,
    authors: Sequence[str] = AUTHORS,
    threads: int | None = None,
    device: int = 0,
) -> Path:
    """Package a plan as a challenge entry.

    The same arguments give the same bytes.

    Parameters
    ----------
    plan
        What ``ecgrt-build-engine`` wrote for the CPU.
    directory
        The official validation set, whose answers the entry holds.
    out
        The zip to write.
    wheel
        The wheel of ecgrt that setup.sh installs; None means this version from PyPI.
    authors
        Lines of AUTHORS.txt: names and affiliations.
    threads, device
        As of :class:`ecgrt.Classifier`, for the answers.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    ValueError
        If a record of the validation set cannot be answered, the plan has other classes than the
        challenge, `wheel` is no wheel, or `out` is the plan.
    FileNotFoundError, IsADirectoryError
        If a file is missing, or `out` cannot be written.
    ecgrt.PlanError
        If the plan is missing, damaged or not a plan.
    """
    check_writable(out, plan)
    if wheel is not None:
        _check_wheel(Path(wheel))
    evaluation = evaluate(directory, plan, threads=threads, device=device)
    if unknown := set(evaluation.metadata["classes"]) - set(CLASSES):
        raise ValueError(
            f"{plan} also answers {', '.join(sorted(unknown))}; the challenge knows "
            f"{', '.join(CLASSES)} only"
        )
    if evaluation.failures:
        name, reason = next(iter(evaluation.failures.items()))
        raise ValueError(
            f"an entry answers every record of {directory}; {len(evaluation.failures)} failed, "
            f"such as {name}: {reason}"
        )
    texts = {
        "AUTHORS.txt": "".join(f"{author}\n" for author in authors),
        "LICENSE.txt": _license(),
        "answers.txt": "".join(f"{name},{label}\n" for name, label in evaluation.answers.items()),
        "dependencies.txt": DEPENDENCIES,
        "next.sh": NEXT,
        "setup.sh": SETUP.replace("@REQUIREMENT@", _requirement(wheel)),
    }
    files = {"model.plan": Path(plan)} | ({Path(wheel).name: Path(wheel)} if wheel else {})
    return _write_zip(Path(out), texts, files)


def _check_wheel(wheel: Path) -> None:
    if not wheel.is_file():
        raise FileNotFoundError(f"there is no wheel {wheel}; make one with: pip wheel --no-deps .")
    if not (wheel.name.startswith("ecgrt-") and wheel.suffix == ".whl"):
        raise ValueError(f"{wheel} is not a wheel of ecgrt (ecgrt-*.whl)")


def _requirement(wheel: str | Path | None) -> str:
    return f"ecgrt=={__version__}" if wheel is None else f"$here/{Path(wheel).name}"


def _license() -> str:
    """Return the licence that ecgrt was installed with."""
    distribution = metadata.distribution("ecgrt")
    text = distribution.read_text("licenses/LICENSE") or distribution.read_text("LICENSE")
    if text is None:
        raise FileNotFoundError("this installation of ecgrt lacks its LICENSE: install it again")
    return text


def _write_zip(out: Path, texts: dict[str, str], files: dict[str, Path]) -> Path:
    with replacing(out) as part, zipfile.ZipFile(part, "w") as archive:
        for name, text in texts.items():
            archive.writestr(_member(name), text)
        for name, path in files.items():
            with (
                path.open("rb") as source,
                archive.open(_member(name), "w", force_zip64=True) as target,
            ):
                shutil.copyfileobj(source, target)
    return out


def _member(name: str) -> zipfile.ZipInfo:
    """Return a member of a fixed date; a script keeps its executable bit."""
    member = zipfile.ZipInfo(name)
    member.create_system = 3  # Unix, so that the upper half of external_attr is a file mode
    member.external_attr = (0o100755 if name.endswith(".sh") else 0o100644) << 16
    return member
