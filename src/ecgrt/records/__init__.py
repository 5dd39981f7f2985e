"""One ECG record from disk, whatever format it is in."""

from .base import Record, RecordReader, list_records, open_record, read_record

__all__ = ["Record", "RecordReader", "list_records", "open_record", "read_record"]

# Where users import it from; that is also where pickle looks for it.
Record.__module__ = "ecgrt"
RecordReader.__module__ = "ecgrt"
