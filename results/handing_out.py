"""Giving a Statement of Results to who asks for it as PDF: made at that moment, signed, never kept.

Making one takes a processor for some 40 ms. However many ask at once, most of a process's threads go on
answering pages: few make documents, few wait for their turn, and the others are told to wait, honestly, by
a page that asks again by itself.
"""

import random
from collections.abc import Callable
from threading import BoundedSemaphore

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from results import document, sentences, signing
from results.document import Document

# Of one process's 8 threads (deploy/gunicorn.conf.py); there is a process a core.
MADE_AT_ONCE = 2
IN_LINE = 2  # and so many may wait for their turn,
PATIENCE = 3  # seconds at most
# Seconds after which a page asks again, spread: who was sent away together does not come back together.
SOONEST, LATEST = 4, 12

_places = BoundedSemaphore(MADE_AT_ONCE + IN_LINE)
_turns = BoundedSemaphore(MADE_AT_ONCE)


def when_it_is_your_turn(request: HttpRequest, answer: Callable[[], HttpResponse], back: str) -> HttpResponse:
    """What answer() gives, or for who would wait too long a page that says so (503) and asks again.

    answer: asks the gate itself, so that nothing is shown that was stopped while it waited.
    back: the address of the page that led here.
    """
    if not _places.acquire(blocking=False):
        return _wait(request, back)
    try:
        if not _turns.acquire(timeout=PATIENCE):
            return _wait(request, back)
        try:
            return answer()
        finally:
            _turns.release()
    finally:
        _places.release()


def as_pdf(of: Document) -> HttpResponse:
    """The document as a signed file to download, in the active language."""
    pdf = signed(of, get_language())
    name = f"Statement-of-Results-{document.file_name(of.entry)}"
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": len(pdf)},
    )


def signed(of: Document, language: str) -> bytes:
    """The one-page PDF of a statement, signed where a key is set."""
    return signing.sign(document.render(of, language), reason_for(of))


def reason_for(of: Document) -> str:
    """What the signature says that it is for; the board's words are English."""
    return f"{sentences.TITLE} {of.entry.reference_number}, version {of.statement.version}"


def _wait(request: HttpRequest, back: str) -> HttpResponse:
    seconds = random.randint(SOONEST, LATEST)  # noqa: S311
    response = render(
        request, "errors/document_waits.html", {"refresh_after": seconds, "back": back}, status=503
    )
    response["Retry-After"] = seconds
    return response
