"""The words of each mail, the same for the worker that sends it and for staff who look at it before."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.utils.html import escape
from django.utils.translation import gettext as _

from accounts import mails
from results.calendars import opening_calendar
from results.models import Entry, ExamSession, Mail, Release

TEMPLATES = {
    Mail.Kind.RESULTS: "results_available",
    Mail.Kind.AMENDED: "results_amended",
    Mail.Kind.POSTPONED: "results_postponed",
    Mail.Kind.REMINDER: "register_reminder",
}
MAIL_TO_AN_ENTRY = "it"  # an entry has no language; this is what accounts start with
SAMPLE = 3  # candidates whose mails the pre-flight renders
# What a template leaves behind when a name is wrong or a value is missing.
LEFT_BEHIND = re.compile(r"\{\{|\}\}|\{%|%\}|%\(|\(\)|\bNone\b|“”")


@dataclass(frozen=True)
class Finding:
    """What is wrong with a rendered mail. to: the entry or the preparation centre it was rendered for."""

    kind: Mail.Kind
    language: str
    to: models.Model
    problem: str

    def __str__(self) -> str:
        return f"{self.kind.label}, {self.language}, {self.to}: {self.problem}"


def words_for(
    kind: str, to: models.Model, session: ExamSession, language: str, number: int = 1
) -> mails.Words:
    """The mail of a kind to a candidate (an Entry) or to the members of a preparation centre.

    number: to a centre, how many of its students the mail is about.
    """
    is_centre = not isinstance(to, Entry)
    release = session.release
    return mails.render(
        TEMPLATES[kind],
        language,
        centre=to if is_centre else None,
        name="" if is_centre else to.given_names,
        number=number,
        session=session,
        opens_at=(release.centres_open_at if is_centre else None) or release.opens_at,
        face_url=settings.FACE_URLS["centres" if is_centre else "candidates"],
    )


def attachments_for(kind: str, session: ExamSession, audience: str, language: str, cause: int) -> list[tuple]:
    """A candidate whose results come later gets the new time for the calendar."""
    if kind != Mail.Kind.POSTPONED or audience != Mail.Audience.CANDIDATES:
        return []
    calendar = opening_calendar(session, session.release.opens_at, language, revision=cause)
    return [("results.ics", calendar, "text/calendar")]


def unregistered(session: ExamSession, centre: models.Model) -> int:
    """How many of a centre's students have not registered."""
    return Entry.objects.filter(session=session, preparation_centre=centre, user=None).count()


def preview_mail(
    kind: str, to: models.Model, language: str, *, session: ExamSession | None = None
) -> tuple[str, str, str]:
    """Subject, text and HTML of the very mail that an entry's candidate or a centre's members get.

    session: of a centre's mail; without it the centre's newest. Raises ExamSession.DoesNotExist if the centre
    has no students in any, Release.DoesNotExist if the session has no opening time, and ValueError for an
    unknown kind.
    """
    kind = Mail.Kind(kind)
    if isinstance(to, Entry):
        session = to.session
    elif session is None:
        session = (
            ExamSession.objects.filter(entries__preparation_centre=to).order_by("-exam_date", "pk")[:1].get()
        )
    words = words_for(kind, to, session, language, _number(kind, to, session))
    return words.subject, words.text, words.html


def rendered_mails(session: ExamSession) -> list[Finding]:
    """Render every kind of mail in both languages with real rows, and say what is wrong with them.

    The rows: a few candidates, of whom one is not registered if there is one, and a preparation centre. Empty
    if all is well, also for a session without entries. Nothing is stored or sent.
    """
    if not Release.objects.filter(session=session).exists():
        return []
    return [
        Finding(kind, language, to, problem)
        for to in _sample(session)
        for kind in Mail.Kind
        for language, _name in settings.LANGUAGES
        for problem in _problems(kind, to, session, language)
    ]


def _sample(session: ExamSession) -> list[models.Model]:
    entries = Entry.objects.filter(session=session).select_related("session__release").defer("secret_digest")
    registered = list(entries.filter(user__isnull=False).order_by("pk")[:SAMPLE])
    others = list(entries.filter(user=None).order_by("pk")[: SAMPLE - len(registered) or 1])
    with_centre = (
        entries.filter(preparation_centre__isnull=False).select_related("preparation_centre").first()
    )
    return [*registered, *others, *([with_centre.preparation_centre] if with_centre else [])]


def _number(kind: str, to: models.Model, session: ExamSession) -> int:
    if kind == Mail.Kind.REMINDER and not isinstance(to, Entry):
        return unregistered(session, to)
    return 1


def _problems(kind: Mail.Kind, to: models.Model, session: ExamSession, language: str) -> Iterator[str]:
    try:
        words = words_for(kind, to, session, language, _number(kind, to, session) or 1)
    except Exception as error:
        yield _("It cannot be written: %s") % f"{type(error).__name__}: {error}"
        return
    is_entry = isinstance(to, Entry)
    name = to.given_names if is_entry else to.name
    link = settings.FACE_URLS["candidates" if is_entry else "centres"]
    if not words.subject:
        yield _("The subject is blank.")
    for what, body in ((_("text"), words.text), (_("HTML"), words.html)):
        visible = _visible(body) if body is words.html else body
        if not visible.strip():
            yield _("The body is blank (%s).") % what
        elif escape(name) not in body and name not in body:
            yield _("The name is missing (%s).") % what
        if link not in body:
            yield _("The link to the site is missing (%s).") % what
    # What the office typed itself may look like anything.
    own_words = [name, session.title, session.place, settings.AUTHORISED_CENTRE["name"]]
    for part in (words.subject, words.text, _visible(words.html)):
        rest = part
        for typed in own_words:
            rest = rest.replace(escape(typed), "").replace(typed, "")
        if found := LEFT_BEHIND.search(rest):
            yield _("Something was left unfilled: “%s”.") % found[0]


def _visible(html: str) -> str:
    """A page without its head and tags."""
    return re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<head>.*?</head>", "", html))
