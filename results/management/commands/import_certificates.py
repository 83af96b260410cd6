"""manage.py import_certificates B2F-2026-06 certificates.csv [--dry-run]"""

from results.importing import import_certificates
from results.management.importing import ImportCommand


class Command(ImportCommand):
    help = "Note where a session's certificates are: all rows of the file, or none if one has a fault."
    load = staticmethod(import_certificates)
