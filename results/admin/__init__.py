"""Sessions, releases, entries and statements, as the exams office finds and changes them."""

from results.admin import certificates, entries, mails, releases, sessions, slips, statements, stops, uploads

__all__ = [
    "certificates",
    "entries",
    "mails",
    "releases",
    "sessions",
    "slips",
    "statements",
    "stops",
    "uploads",
]
