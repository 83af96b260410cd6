"""How a file reaches the portal: on one form of the exams office, up to a size."""

from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from results.models.uploads import LARGEST_FILE

BESIDE_THE_FILE = 100_000  # bytes of a request: the form's other fields, and what separates them


class FormFileHandler(FileUploadHandler):
    """Takes the file of one form from who may send it, and passes over every other that anybody sends.

    Of a file that is too large nothing is kept, and as a rule nothing read: request.file_is_too_large is set.
    What arrives of a file that is cut off is not kept: request.file_was_cut_off is set.
    forms: view names, each with the permission that it asks for. largest: bytes.
    """

    forms: dict[str, str]
    largest: int
    takes = False  # the present file

    def begin(self) -> None:
        """A file comes."""
        raise NotImplementedError

    def add(self, chunk: bytes) -> None:
        raise NotImplementedError

    def done(self) -> UploadedFile:
        """The file has arrived."""
        raise NotImplementedError

    def drop(self) -> None:
        """Forget what has arrived of the file, if one has begun; every request ends with it."""
        raise NotImplementedError

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):  # noqa: N803
        self.input_data = input_data
        self.is_too_large = content_length > self.largest + BESIDE_THE_FILE

    def new_file(self, *arguments, **options):
        super().new_file(*arguments, **options)
        self.takes = self._may_send()
        if not self.takes:
            return
        self.length = 0
        self.begin()
        if self.is_too_large:
            self._refuse()

    def receive_data_chunk(self, raw_data, start):
        if not self.takes:
            return raw_data
        self.length += len(raw_data)
        if self.length > self.largest:
            self._refuse()
        self.add(raw_data)
        return None

    def file_complete(self, file_size):
        return self.done() if self.takes else None

    def upload_interrupted(self):
        if self.takes:
            self.drop()
            self.request.file_was_cut_off = True

    def _may_send(self) -> bool:
        match, user = self.request.resolver_match, getattr(self.request, "user", None)
        permission = self.forms.get(match.view_name) if match else None
        # The second factor: the page behind would not answer either (accounts/middleware.py).
        return bool(permission and user and user.is_authenticated and user.is_verified()) and user.has_perm(
            permission
        )

    def _refuse(self):
        self.drop()
        self.request.file_is_too_large = True
        # Browsers read the answer once they have sent everything. Django would throw away the rest line by
        # line, and a workbook may be one line.
        while self.input_data.read(self.chunk_size):
            pass
        raise StopUpload


class OfficeFileHandler(FormFileHandler):
    """Takes a file of entries, results or certificates, into memory."""

    forms = {"admin:results_upload_add": "results.add_upload"}
    largest = LARGEST_FILE

    def begin(self):
        self.chunks = []

    def add(self, chunk):
        self.chunks.append(chunk)

    def done(self):
        return SimpleUploadedFile(self.file_name, b"".join(self.chunks), self.content_type)

    def drop(self):
        self.chunks = []
