"""The files of the material on disk: in settings.MATERIAL_ROOT, under names of our making.

Nothing of a file's own name reaches the disk. A file is written under a temporary name and takes its own
once it is whole; it never changes afterwards: a new version is a new file. What a killed process leaves
behind, sweep() removes.
"""

import os
import re
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from django.conf import settings

FILE_MODE, FOLDER_MODE = 0o640, 0o750  # the centres' site and the proxy read as members of the group
STRAY_AFTER = timedelta(days=1)  # no upload takes as long
OUR_NAME = re.compile(r"[0-9a-f]{32}")

_INCOMING = "incoming"
_UNFINISHED = ".part"


class Incoming:
    """A file on its way in. It is gone once it is closed, unless it was kept before."""

    def __init__(self) -> None:
        folder = _folder(_INCOMING)
        descriptor, path = tempfile.mkstemp(suffix=_UNFINISHED, dir=folder)
        self._path = Path(path)
        self._sha256 = sha256()
        self.file = os.fdopen(descriptor, "w+b")
        self.size = 0  # bytes

    def write(self, chunk: bytes) -> None:
        self.file.write(chunk)
        self._sha256.update(chunk)
        self.size += len(chunk)

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    def keep(self) -> str:
        """Move the file into the store; returns the name it has there."""
        name = uuid4().hex
        self.file.flush()
        os.fchmod(self.file.fileno(), FILE_MODE)
        os.fsync(self.file.fileno())  # before a row in the database says that it is there
        self._path.rename(path_of(name))
        self.file.close()
        return name

    def close(self) -> None:
        self.file.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> "Incoming":
        return self

    def __exit__(self, *_error) -> None:
        self.close()


def path_of(stored_name: str) -> Path:
    return _root() / stored_name


def remove(stored_name: str) -> None:
    path_of(stored_name).unlink(missing_ok=True)


def sweep(known: set[str]) -> int:
    """Remove what an upload or a change that broke off left behind; how many files there were.

    known: the names that rows in the database have. Other files than ours are never touched.
    """
    swept = 0
    before = time.time() - STRAY_AFTER.total_seconds()
    strays = [path for path in _root().glob("*") if OUR_NAME.fullmatch(path.name) and path.name not in known]
    for path in (*strays, *_folder(_INCOMING).glob(f"*{_UNFINISHED}")):
        with suppress(FileNotFoundError):  # an upload that ends at this moment
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink()
                swept += 1
    return swept


def _root() -> Path:
    return Path(settings.MATERIAL_ROOT)


def _folder(name: str) -> Path:
    _root().parent.mkdir(parents=True, exist_ok=True)
    for folder in (_root(), _root() / name):
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return _root() / name
