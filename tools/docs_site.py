"""The hook of mkdocs.yml: pages from elsewhere in the repository, and links between all of them.

Documents link to each other by their places in the repository, so that they read well there. On
the site a link to another page becomes that page, and one to any other file its address in the
public repository. A link to nothing is a warning, which ``mkdocs build --strict`` makes an error.
"""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
#: Documents outside of docs/, and their pages.
PAGES = {
    "models/README.md": "model.md",
    "examples/records/README.md": "sample-records.md",
    "benchmarks/README.md": "benchmarks.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
#: Folders whose pictures such documents show.
PICTURES = {"models/figures": "model-figures"}
#: A link or picture in Markdown: what precedes the address, the address, what follows it.
LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")

_log = logging.getLogger("mkdocs.plugins.docs_site")


def on_files(files: Files, config: Any) -> Files:
    """Add what lies outside of docs/."""
    places = dict(PAGES)
    for folder, place in PICTURES.items():
        for picture in (ROOT / folder).iterdir():
            places[f"{folder}/{picture.name}"] = f"{place}/{picture.name}"
    for source, place in places.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Turn links between files of the repository into links of the site."""
    uri = page.file.src_uri
    source = next((old for old, new in PAGES.items() if new == uri), f"docs/{uri}")

    def replace(match: re.Match[str]) -> str:
        before, target, after = match.groups()
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        return before + _address(path, uri, files, config.repo_url) + after

    return LINK.sub(replace, markdown)


def _address(path: str, uri: str, files: Files, repository: str) -> str:
    place = PAGES.get(path, path.removeprefix("docs/"))
    for folder, new in PICTURES.items():
        if path.startswith(f"{folder}/"):
            place = new + path.removeprefix(folder)
    if files.get_file_from_path(place) is not None:
        return posixpath.relpath(place, posixpath.dirname(uri) or ".")
    if not (ROOT / path).exists():
        _log.warning("%s links to %s, which does not exist", uri, path)
    kind = "tree" if (ROOT / path).is_dir() else "blob"
    return f"{repository.rstrip('/')}/{kind}/main/{path}"
