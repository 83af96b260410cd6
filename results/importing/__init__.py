"""Loading a session: its entries, and their results, from the files of the board.

A file is loaded whole or not at all, in one transaction; loading it again changes nothing. The commands and
the admin call the same two functions, and print or show the report that they return.
"""

from pathlib import Path
from typing import BinaryIO

from accounts.acting import checked_reason
from accounts.models import User
from results.importing.certificates import CertificateFile
from results.importing.entries import EntryFile
from results.importing.reading import Progress
from results.importing.reports import FaultyFile, Finding, Report
from results.importing.results import ResultFile
from results.models import ExamSession

__all__ = ["FaultyFile", "Finding", "Report", "import_certificates", "import_entries", "import_results"]


def import_entries(
    session: ExamSession,
    source: Path | str | BinaryIO,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Add and update the session's entries by a CSV or XLSX file.

    source: a path, or an open binary file with a name. progress: called now and then with what is read and
    all there is, in bytes of a CSV file or in rows of a sheet. Raises FaultyFile, and stores nothing then.
    """
    return EntryFile(session).load(source, dry_run=dry_run, progress=progress)


def import_results(
    session: ExamSession,
    source: Path | str | BinaryIO,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    by: User | None = None,
    reason: str = "",
) -> Report:
    """Add statements to the session's entries by a CSV or XLSX file; arguments as for import_entries.

    by: who loads it, stored with each statement. reason: of the rows that replace a statement, at most 200
    characters; what the candidates read. A file that corrects published results, which an approval in effect
    covers, needs one: without it there is a fault, in a dry run a warning.
    What is stored waits for the approval of the release. Runs after, or before, an approval of the same
    session, never beside it. Raises ValidationError if the reason is too long.
    """
    reason = checked_reason(reason) if reason.strip() else ""
    return ResultFile(session, by, reason).load(source, dry_run=dry_run, progress=progress)


def import_certificates(
    session: ExamSession,
    source: Path | str | BinaryIO,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Note where certificates of the session are; arguments as for import_entries."""
    return CertificateFile(session).load(source, dry_run=dry_run, progress=progress)
