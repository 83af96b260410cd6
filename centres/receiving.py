"""How a file of preparation material reaches the portal: onto the disk, while it arrives."""

from django.core.files.uploadedfile import UploadedFile

from centres.models.material import LARGEST_FILE
from centres.storing import Incoming
from results.receiving import FormFileHandler


class ReceivedFile(UploadedFile):
    """A file that lies on the disk, on its way in."""

    def __init__(self, incoming: Incoming, name: str, content_type: str) -> None:
        self.incoming = incoming
        super().__init__(incoming.file, name, content_type, incoming.size)

    def close(self) -> None:
        self.incoming.close()


class MaterialFileHandler(FormFileHandler):
    """Takes a file of preparation material; 200 MB of it are never in memory."""

    forms = {
        "admin:centres_material_add": "centres.add_material",
        "admin:centres_material_change": "centres.change_material",
    }
    largest = LARGEST_FILE
    incoming: Incoming | None = None

    def begin(self):
        self.drop()  # a second file in the form
        self.incoming = Incoming()

    def add(self, chunk):
        self.incoming.write(chunk)

    def done(self):
        arrived, self.incoming = ReceivedFile(self.incoming, self.file_name, self.content_type), None
        return arrived

    def drop(self):
        if self.incoming:
            self.incoming.close()
            self.incoming = None
