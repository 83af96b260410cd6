"""How a document that is to be checked reaches the portal: into memory, whoever sends it."""

from results import verifying_files
from results.receiving import OfficeFileHandler


class DocumentFileHandler(OfficeFileHandler):
    """Takes the file of the page “Verify a document”, which needs no account."""

    largest = verifying_files.LARGEST
    page = "verify"

    def _may_send(self):
        match = self.request.resolver_match
        return match is not None and match.view_name == self.page
