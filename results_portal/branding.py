"""What every page and mail knows of the Authorised Exam Centre and of the portal's addresses."""

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True)
class AuthorisedCentre:
    """The Authorised Exam Centre that publishes the results; from settings."""

    name: str
    number: str
    email: str
    phone: str
    address: str


def words() -> dict:
    """The template variables that pages and mails share."""
    return {
        "authorised_centre": AuthorisedCentre(**settings.AUTHORISED_CENTRE),
        "candidates_url": settings.FACE_URLS["candidates"],
        "centres_url": settings.FACE_URLS["centres"],
    }


def context(request) -> dict:
    """The context processor of the pages. section: the first part of the address, for the navigation."""
    section = request.path.lstrip("/").partition("/")[0]
    return {**words(), "face": settings.PORTAL_FACE, "section": section}
