"""A small HTTP server of one classifier: ``ecgrt-serve``; needs the extra ``serve``.

docs/serving.md describes its interface and its limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._extras import require
from .limits import Limits

if TYPE_CHECKING:
    from fastapi import FastAPI

    from .._core import Classifier

__all__ = ["Limits", "make_app"]


def make_app(classifier: Classifier, limits: Limits | None = None) -> FastAPI:
    """Return the ASGI application, for uvicorn or any other server.

    Parameters
    ----------
    classifier
        What answers; one for all requests.
    limits
        What a client may ask for; None: the defaults.

    Raises
    ------
    ModuleNotFoundError
        If the extra ``serve`` is not installed.
    """
    for module in ("fastapi", "limits", "prometheus_client", "python_multipart"):
        require(module, extra="serve")
    from .app import make_app as make

    return make(classifier, limits or Limits())
