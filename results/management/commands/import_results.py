"""manage.py import_results B2F-2026-06 results.csv [--dry-run]"""

from results.importing import import_results
from results.management.importing import ImportCommand


class Command(ImportCommand):
    help = "Load the results of a session: all rows of the file, or none if one has a fault."
    load = staticmethod(import_results)
