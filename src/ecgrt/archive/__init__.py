"""Answers for archives of any size, a row for each record: ``ecgrt-score``; docs/archives.md."""

from .score import Summary, score

__all__ = ["Summary", "score"]
