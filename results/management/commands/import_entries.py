"""manage.py import_entries B2F-2026-06 entries.csv [--dry-run]"""

from results.importing import import_entries
from results.management.importing import ImportCommand


class Command(ImportCommand):
    help = "Load the entries of a session: all rows of the file, or none if one has a fault."
    load = staticmethod(import_entries)
