"""What is held about a candidate: for the page “My data”, and as a copy to take away.

Everything is read through the gate's views and the others that the candidates' face has
(results/migrations/0017_my_data.py): of a result that does not show now, nothing is in here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.sessions import GIVEN_AT
from candidates import seeing
from candidates.adding import exams_of
from results.models import (
    CandidateLook,
    CandidateMail,
    CandidateRecord,
    CandidateSlip,
    CandidateVerification,
    CandidateVersion,
    Entry,
    OpenStatement,
    Share,
    ShareOpening,
)

FORMAT = "exam-results-portal/my-data/1"  # of the file; another number when a key changes its meaning

LINK = "link"  # whoever holds a link that the candidate made

Rows = Iterable[tuple[int, Any]]  # entry's key, what is held of it


@dataclass(frozen=True)
class Opening:
    """Somebody has opened a result. who: as CandidateLook.Who, or LINK; name: of a school, or for whom the
    link is; else empty.

    last_at: None where the row stands for one time, or for the first of yours.
    """

    who: str
    name: str
    first_at: datetime
    last_at: datetime | None


@dataclass(frozen=True)
class SignedIn:
    """A browser in which the account is signed in. password_given_at: the last time it was, there."""

    this_one: bool
    password_given_at: datetime | None
    ends_at: datetime


def _looks(user: User) -> Rows:
    for look in CandidateLook.objects.filter(user=user):
        yield look.entry_id, Opening(look.who, look.name, look.first_at, look.last_at)


def _opened_links(user: User) -> Rows:
    shows_now = ShareOpening.objects.filter(share__user=user, share__entry__open_to_candidate__user=user)
    for opening in shows_now.select_related("share"):
        link = opening.share
        yield link.entry_id, Opening(LINK, link.for_whom, opening.first_at, opening.last_at)


def _links(user: User) -> Rows:
    for link in Share.objects.filter(user=user).order_by("pk"):
        yield (
            link.entry_id,
            {
                "for_whom": link.for_whom,
                "shows": link.shows,
                "made_at": link.made_at,
                "works_until": link.ends_at,
                "revoked_at": link.revoked_at,
            },
        )


def _checks(user: User) -> Rows:
    for check in CandidateVerification.objects.filter(user=user):
        yield (
            check.entry_id,
            {
                "version": check.version,
                "checked_at": check.checked_at,
                "means": check.means,
                "outcome": check.outcome,
                "times": check.times,
            },
        )


def _mails(user: User) -> Rows:
    for mail in CandidateMail.objects.filter(user=user):
        yield mail.entry_id, {"mail": mail.kind, "sent_at": mail.sent_at}


def _slips(user: User) -> Rows:
    for slip in CandidateSlip.objects.filter(user=user):
        yield slip.entry_id, {"slip_made_at": slip.issued_at}


# Who has opened a result; each gives Openings.
OPENED: tuple[Callable[[User], Rows], ...] = (_looks, _opened_links)
# What else hangs on an exam: the key in the copy, and what gives its rows, each a flat dict.
OF_AN_EXAM: dict[str, Callable[[User], Rows]] = {
    "emails": _mails,
    "slips": _slips,
    "links": _links,
    "checks": _checks,
}


def openings_of(user: User) -> dict[int, list[Opening]]:
    """By entry, who has opened its result, in the order of time; entries that nobody opened are not there."""
    found = defaultdict(list)
    for source in OPENED:
        for entry, opening in source(user):
            found[entry].append(opening)
    return {entry: sorted(rows, key=lambda row: row.first_at) for entry, rows in found.items()}


def records_of(user: User) -> dict[int, CandidateRecord]:
    """By entry, what is held beside what is on the slip."""
    return {record.entry_id: record for record in CandidateRecord.objects.filter(user=user)}


def sessions_of(user: User, session_key: str | None) -> list[SignedIn]:
    """Where the account is signed in now, the session with this key first."""
    found = []
    for session in user.sessions.filter(expire_date__gt=timezone.now()):
        given_at = session.get_decoded().get(GIVEN_AT)
        found.append(
            SignedIn(
                session.session_key == session_key,
                datetime.fromtimestamp(given_at, UTC) if given_at else None,
                session.expire_date,
            )
        )
    return sorted(found, key=lambda row: (not row.this_one, row.ends_at))


def choices_of(user: User) -> list[dict]:
    """What the person chose, when, about which version of a text, in the order of time."""
    return [
        {
            "text": choice.kind,
            "agreed": choice.agreed,
            "text_version": choice.text_version,
            "chosen_at": choice.made_at,
        }
        for choice in user.choices.order_by("pk")
    ]


def copy_of(user: User, session_key: str | None) -> dict[str, Any]:
    """Everything that is held, as plain values with moments and days as such; keys: candidates/labels.py.

    A statement that is in here counts as shown: the caller notes it (seeing.mark_seen).
    """
    return {
        "about": {
            "format": FORMAT,
            "copy_made_at": timezone.now(),
            "held_by": settings.AUTHORISED_CENTRE["name"],
            "contact": settings.AUTHORISED_CENTRE["email"],
            "not_in_here": not_in_here(),
        },
        "account": {
            "called": user.username,
            "email": user.email,
            "email_confirmed_at": user.email_confirmed_at,
            "language": user.language,
            "covers_result": user.covers_result,
            "created_at": user.created_at,
            "last_login": user.last_login,
        },
        "choices": choices_of(user),
        "sessions": [asdict(session) for session in sessions_of(user, session_key)],
        "exams": _exams(user),
    }


def not_in_here() -> list[str]:
    """What is held too, and why it is not in the copy."""
    return [
        _("Your password and your Secret Number: of both only a fingerprint that nobody can read back."),
        _("A result that does not show at the moment, and who has looked at it."),
        _("What you wrote to us about a lost slip, or your school asked us: the exams office has that."),
        _(
            "The record of who changed what in the portal, and the counts of wrong tries, which are kept for"
            " a day: the exams office answers questions about them."
        ),
    ]


def _exams(user: User) -> list[dict]:
    sights = {sight.entry.pk: sight for sight in seeing.sights_of(user)}
    records = records_of(user)
    versions = defaultdict(list)
    for version in CandidateVersion.objects.filter(user=user):
        versions[version.entry_id].append(version)
    openings = openings_of(user)
    of_an_exam = {key: _by_entry(source(user)) for key, source in OF_AN_EXAM.items()}
    exams = []
    for entry in exams_of(user):
        sight = sights.get(entry.pk)
        shown = sight.statement if sight else None
        exams.append(
            {
                **_entry(entry, records.get(entry.pk)),
                "results_open_at": sight.entry.session.release.opens_at if sight else None,
                "page_shows": str(sight.page) if sight else "",
                "notice": sight.stop.notice(get_language()) if sight and sight.stop else "",
                "statement": _statement(entry, shown) if shown else None,
                "earlier_versions": [
                    _statement(entry, version) | {"shown_from": version.shown_from}
                    for version in versions[entry.pk]
                    if shown and version.version < shown.version
                ],
                "certificate": _certificate(sight.certificate) if sight and sight.certificate else None,
                "opened_by": [asdict(opening) for opening in openings.get(entry.pk, ())],
                **{key: rows.get(entry.pk, []) for key, rows in of_an_exam.items()},
            }
        )
    return exams


def _by_entry(rows: Rows) -> dict[int, list]:
    found = defaultdict(list)
    for entry, row in rows:
        found[entry].append(row)
    return found


def _entry(entry: Entry, record: CandidateRecord | None) -> dict:
    session = entry.session
    return {
        "exam": session.get_exam_display(),
        "session": session.title,
        "session_code": session.code,
        "exam_date": session.exam_date,
        "place": session.place,
        "id_number": entry.id_number,
        "candidate_number": entry.candidate_number,
        "reference_number": entry.reference_number,
        "family_name": entry.family_name,
        "given_names": entry.given_names,
        "date_of_birth": entry.date_of_birth,
        "preparation_centre": record.school if record else "",
        "email_of_entry": record.email if record else "",
        "registered_at": record.registered_at if record else None,
    }


def _statement(entry: Entry, shown: OpenStatement) -> dict:
    exam = entry.session.exam_facts
    measured_in = "shields" if exam.reports_shields else "points"
    return {
        "version": shown.version,
        "issued_at": shown.issued_at,
        "reason": shown.reason,
        "status": shown.status,
        "overall": shown.overall,
        "result": shown.result,
        "cefr": shown.cefr,
        "measured_in": measured_in,
        **{skill.value: shown.score(skill) for skill in exam.skills},
    }


def _certificate(certificate) -> dict:
    return {
        "state": certificate.state,
        "arrived_on": certificate.arrived_on,
        "collected_on": certificate.collected_on,
        "collected_by": certificate.collected_by,
    }
