"""The one way up: how predictions, records and timelines show themselves.

``view`` knows what it shows, and is known by none of it. Methods such as ``Timeline.plot`` look
their function up here by name when they are called, so that nothing below ``view`` imports it, and
nothing of it is loaded before somebody looks.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: Module of ``view`` and function, by what is asked for.
_LOOKS = {
    "plot": ("plots", "plot"),
    "plot_timeline": ("plots", "plot_timeline"),
    "prediction": ("notebook", "prediction_html"),
    "record": ("notebook", "record_html"),
    "timeline": ("notebook", "timeline_html"),
}


def look(what: str, *arguments: Any) -> Any:
    """Return what the view named `what` makes of its arguments."""
    module, function = _LOOKS[what]
    return getattr(import_module(f"{__package__}.view.{module}"), function)(*arguments)
