"""One ECG record from disk, whatever format it is in."""

from .base import Record, list_records, read_record

__all__ = ["Record", "list_records", "read_record"]
