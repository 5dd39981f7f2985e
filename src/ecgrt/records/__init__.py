"""One ECG record from disk, whatever format it is in."""

from .base import Record, list_records, read_record

__all__ = ["Record", "list_records", "read_record"]

# Where users import it from; that is also where pickle looks for it.
Record.__module__ = "ecgrt"
