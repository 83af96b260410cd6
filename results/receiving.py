"""How a file reaches the portal: on one form of the exams office, into memory, up to a size."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload

from results.models.uploads import LARGEST_FILE

FORM = "admin:results_upload_add"
BESIDE_THE_FILE = 100_000  # bytes of a request: the form's other fields, and what separates them


class OfficeFileHandler(FileUploadHandler):
    """Takes the file of the office's form, and passes over every other that anybody sends.

    Of a file that is too large nothing is kept, and as a rule nothing read: request.file_is_too_large is set.
    """

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):  # noqa: N803
        self.input_data = input_data
        self.is_too_large = content_length > LARGEST_FILE + BESIDE_THE_FILE

    def new_file(self, *arguments, **options):
        super().new_file(*arguments, **options)
        match, user = self.request.resolver_match, getattr(self.request, "user", None)
        if not (match and match.view_name == FORM and user and user.is_authenticated):
            raise SkipFile
        self.chunks, self.length = [], 0
        if self.is_too_large:
            self._refuse()

    def receive_data_chunk(self, raw_data, start):
        self.length += len(raw_data)
        if self.length > LARGEST_FILE:
            self._refuse()
        self.chunks.append(raw_data)

    def file_complete(self, file_size):
        return SimpleUploadedFile(self.file_name, b"".join(self.chunks), self.content_type)

    def _refuse(self):
        self.chunks.clear()
        self.request.file_is_too_large = True
        # Browsers read the answer once they have sent everything. Django would throw away the rest line by
        # line, and a workbook may be one line.
        while self.input_data.read(self.chunk_size):
            pass
        raise StopUpload
