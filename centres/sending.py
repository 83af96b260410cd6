"""Handing over a file of the material: whole or in part, so that a download that broke off goes on.

Ranges, ETag and the other conditions follow RFC 9110 (sections 8.8.3, 13 and 14). With a reverse proxy
(settings.X_ACCEL_MATERIAL) the portal decides who may have the file, and the proxy sends it.
"""

import os
import re
from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import BinaryIO
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe

from centres import storing
from centres.models import Material

PARTIAL, NOT_SATISFIABLE, UNAVAILABLE = 206, 416, 503
CHUNK = 65_536  # bytes
# What the sockets' buffers swallow at once, in bytes; more keeps a thread for as long as the visitor's line
# takes.
KEEPS_A_THREAD = 1_000_000
# Without a proxy that takes the files over, half of the threads of a process stay free for everything else:
# on results day everyone gets in.
AT_ONCE = max(1, int(os.environ.get("WEB_THREADS", "8")) // 2)
RETRY_AFTER = 30  # seconds
# A program that asks for the first bytes only to see whether ranges are answered; no download.
PROBE = 1_024  # bytes

_streams = BoundedSemaphore(AT_ONCE)
# One range; a number of more digits than any file has bytes is not one.
_RANGE = re.compile(r"bytes[ \t]*=[ \t]*([0-9]{0,18})[ \t]*-[ \t]*([0-9]{0,18})[ \t]*", re.IGNORECASE)


class TooManyDownloads(Exception):  # noqa: N818
    """As many large files are on their way as this process sends at once; try again soon."""


def send(request: HttpRequest, material: Material) -> HttpResponseBase:
    """The file as the request asks for it: the whole, a range, or word that it is known already.

    Raises Http404 if the file is missing, TooManyDownloads if it has to wait.
    """
    response = _handed_to_proxy(material) if settings.X_ACCEL_MATERIAL else _answer(request, material)
    response["Content-Disposition"] = content_disposition_header(True, material.file_name)
    # Kept by the visitor's own browser, so that it can go on where it broke off; asked about each time.
    response["Cache-Control"] = "private, no-cache"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def one_of_few(pieces: Iterator[bytes], size: int) -> "_Taken":
    """The pieces of another file than material, which count among those that keep a thread; size in bytes.

    Raises TooManyDownloads if it has to wait.
    """
    counts = size > KEEPS_A_THREAD
    if counts and not _streams.acquire(blocking=False):
        raise TooManyDownloads
    return _Taken(pieces, counts=counts)


def busy(request: HttpRequest, title: str, file: str, back: str) -> HttpResponse:
    """The page for who has to wait; title: of what they asked for, file: its address, back: its page's."""
    response = render(
        request, "centres/busy.html", {"title": title, "file": file, "back": back}, status=UNAVAILABLE
    )
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def is_download(request: HttpRequest, response: HttpResponseBase, material: Material) -> bool:
    """Whether an answer begins a download: it holds the first byte, and more than a probe."""
    if request.method != "GET" or response.status_code not in {200, PARTIAL}:
        return False
    if not settings.X_ACCEL_MATERIAL:
        asked = _asked(request, material)
    elif "If-None-Match" in request.headers or "If-Modified-Since" in request.headers:
        return False  # the proxy will say that nothing changed
    else:
        asked = _range(request, material.size)
    if asked is None:
        return True
    first, last = asked
    return first == 0 and (last + 1 == material.size or last + 1 > PROBE)


def _handed_to_proxy(material: Material) -> HttpResponse:
    response = HttpResponse(content_type=material.media_type)
    response["X-Accel-Redirect"] = settings.X_ACCEL_MATERIAL + quote(material.stored_name)
    return response


def _answer(request: HttpRequest, material: Material) -> HttpResponseBase:
    known = get_conditional_response(request, _etag(material), _modified(material))
    if known is not None:
        return _with_validators(known, material)
    asked = _asked(request, material)
    if asked is not None and asked[0] > asked[1]:
        response = HttpResponse(status=NOT_SATISFIABLE, content_type=material.media_type)
        response["Content-Range"] = f"bytes */{material.size}"
        return _with_validators(response, material)
    first, last = asked or (0, material.size - 1)
    if request.method == "HEAD":
        response = HttpResponse(content_type=material.media_type)
    else:
        piece = _open(material, first, last - first + 1)
        response = StreamingHttpResponse(piece, content_type=material.media_type)
    response["Content-Length"] = str(last - first + 1)
    if asked is not None:
        response.status_code = PARTIAL
        response["Content-Range"] = f"bytes {first}-{last}/{material.size}"
    return _with_validators(response, material)


def _etag(material: Material) -> str:
    """Strong: the same bytes, and no others, have this digest."""
    return f'"{material.sha256}"'


def _modified(material: Material) -> int:
    return int(material.uploaded_at.timestamp())


def _with_validators(response: HttpResponseBase, material: Material) -> HttpResponseBase:
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = _etag(material)
    response["Last-Modified"] = http_date(_modified(material))
    return response


def _asked(request: HttpRequest, material: Material) -> tuple[int, int] | None:
    """The range that is asked for; None for the whole file, also where the visitor's part is of another."""
    if request.method != "GET":
        return None
    part_of = request.headers.get("If-Range", "").strip()
    if part_of and part_of != _etag(material) and parse_http_date_safe(part_of) != _modified(material):
        return None
    return _range(request, material.size)


def _range(request: HttpRequest, size: int) -> tuple[int, int] | None:
    """First and last byte; the first behind the last if there is no such part of the file.

    None without a range that makes sense, and for several at once: the answer is the whole file then.
    """
    match = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = (int(digits) if digits else None for digits in match.groups())
    if first is None:
        return max(0, size - last), size - 1
    if last is not None and last < first:
        return None  # malformed, says the standard
    if first >= size:
        return size, size - 1
    return first, min(size - 1 if last is None else last, size - 1)


def _open(material: Material, first: int, length: int) -> "_Piece":
    try:
        file = storing.path_of(material.stored_name).open("rb")
    except FileNotFoundError:
        raise Http404 from None
    if length > KEEPS_A_THREAD and not _streams.acquire(blocking=False):
        file.close()
        raise TooManyDownloads
    file.seek(first)
    return _Piece(file, length, counts=length > KEEPS_A_THREAD)


class _Taken:
    """What is sent, in chunks; Django closes it when the answer has gone out or the visitor has left."""

    def __init__(self, chunks: Iterator[bytes], *, counts: bool) -> None:
        self.chunks, self.counts = chunks, counts

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)

    def close(self) -> None:
        if self.counts:
            self.counts = False
            _streams.release()


class _Piece(_Taken):
    """A part of a file of the material."""

    def __init__(self, file: BinaryIO, length: int, *, counts: bool) -> None:
        super().__init__(self._read(), counts=counts)
        self.file, self.left = file, length

    def _read(self) -> Iterator[bytes]:
        while self.left and (chunk := self.file.read(min(CHUNK, self.left))):
            self.left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self.file.close()
        super().close()
