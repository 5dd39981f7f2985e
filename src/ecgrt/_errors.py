"""Errors in a line for people."""

from __future__ import annotations

from ._core import BackendUnavailableError, PlanError

#: Errors that a user can mend. Any other is a defect of ecgrt, or of a package that it uses.
USER_ERRORS = (
    ValueError,
    TypeError,
    OSError,
    ImportError,
    MemoryError,
    PlanError,
    BackendUnavailableError,
)


def describe(error: BaseException) -> str:
    """Return what went wrong in one line, without Python's ``[Errno 2]``.

    An error that ecgrt does not raise by itself says its kind too.
    """
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split())
    if isinstance(error, USER_ERRORS) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
