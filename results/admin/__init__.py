"""Sessions, releases, entries and statements, as the exams office finds and changes them."""

from results.admin import entries, releases, sessions, statements, stops

__all__ = ["entries", "releases", "sessions", "statements", "stops"]
