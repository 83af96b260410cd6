"""Issuing Secret Numbers on slips (statini), for entries that have none or whose slip is lost.

A number exists in the file that a verb returns and nowhere else: the database gets its digest, and who
issued it, when and why. Each verb is one transaction: without a file no number is changed.
"""

import secrets
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.acting import acting, checked_reason
from accounts.models import User
from results import numbers, printing
from results.models import Entry, ExamSession, Release, SlipIssue
from results_portal import audit
from results_portal.models import AuditNote

MAY_ISSUE = "results.issue_slips"
DIGITS = 8  # of a Secret Number: at 20 guesses a day (accounts/throttle.py) all of them take 13,000 years
# Slips in one file: 1,000 take 8 seconds on two busy cores, and a request should not take more than 20.
MOST_IN_A_FILE = 1_000

_ISSUING = 7302617  # the first key of an advisory lock, of no other meaning; the second is the session's


@dataclass(frozen=True)
class SlipFile:
    """A PDF of slips, one a page, with the only copy of their numbers; left: entries still without one."""

    pdf: bytes
    slips: int
    left: int = 0


def waiting(session: ExamSession, centre: models.Model | None = None) -> QuerySet[Entry]:
    """The session's entries without a Secret Number (of one preparation centre), in the order of the file."""
    entries = session.entries.filter(secret_digest="", user=None)
    return _in_order(entries.filter(preparation_centre=centre) if centre else entries)


def issue_numbers(session: ExamSession, by: User, centre: models.Model | None = None) -> SlipFile:
    """Give the first MOST_IN_A_FILE of the waiting entries a Secret Number each, and print their slips.

    Raises ValidationError if there are none, if the session has no opening time, or if `by` may not.
    """
    with acting(by, MAY_ISSUE):
        entries = _locked(session.pk, waiting(session, centre)[:MOST_IN_A_FILE])
        if not entries:
            raise ValidationError(
                _("All these entries have a Secret Number already. Nothing was issued."), code="none_waiting"
            )
        pdf = _issue(session, entries, by, about=session, words=str(centre or ""))
        return SlipFile(pdf, len(entries), left=waiting(session, centre).count())


def issue_again(batch: UUID, by: User, reason: str) -> SlipFile:
    """Print a file's slips anew, with new numbers; the old ones die. For a file that was lost on the way.

    Who has registered keeps what they have, and so does who got another slip since.
    Raises ValidationError without a reason, if nobody is left, or if `by` may not.
    """
    with acting(by, MAY_ISSUE):
        reason = checked_reason(reason)
        session_id = SlipIssue.objects.filter(batch=batch).values_list("entry__session", flat=True).first()
        entries = _locked(session_id, of_file(batch)) if session_id else []
        if not entries:
            raise ValidationError(
                _("All candidates of this file have registered or got another slip. Nothing was issued."),
                code="none_waiting",
            )
        session = entries[0].session
        return SlipFile(_issue(session, entries, by, reason, about=session, words=reason), len(entries))


def reissue(entry: Entry, by: User, reason: str) -> SlipFile:
    """A new slip for one candidate; the old number dies at once.

    Raises ValidationError without a reason, if the candidate has registered, or if `by` may not.
    """
    with acting(by, MAY_ISSUE):
        reason = checked_reason(reason)
        (locked,) = _locked(entry.session_id, Entry.objects.filter(pk=entry.pk))
        if locked.user_id:
            raise ValidationError(already_registered(), code="registered")
        return SlipFile(_issue(locked.session, [locked], by, reason, about=locked, words=reason), 1)


def already_registered() -> str:
    """Why a registered candidate gets no other slip, and what helps."""
    return _(
        "This candidate has registered: another Secret Number would be of no use. They log in with the ID"
        " Number and the password; if they forgot it, “I forgot my password” sends a link to their address."
    )


def of_file(batch: UUID) -> QuerySet[Entry]:
    """The entries whose number is (as far as we issued it) that of this file, and who have not registered."""
    newest = SlipIssue.objects.filter(entry=OuterRef("pk")).order_by("-pk").values("batch")[:1]
    entries = Entry.objects.filter(slip_issues__batch=batch, user=None)
    return _in_order(entries.annotate(newest_batch=Subquery(newest)).filter(newest_batch=batch))


def files(session: ExamSession) -> QuerySet[SlipIssue, dict]:
    """The session's files, newest first: batch, at, by (an account's name), slips, registered, reason."""
    issues = SlipIssue.objects.filter(entry__session=session).order_by()
    return (
        issues.values("batch", "reason", at=F("issued_at"), by=F("issued_by__username"))
        .annotate(slips=Count("pk"), registered=Count("pk", filter=Q(entry__user__isnull=False)))
        .order_by("-at")
    )


def _in_order(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    """By school, so that a pile of slips falls into piles for schools; then by name."""
    return entries.order_by(
        F("preparation_centre__name").asc(nulls_last=True), Lower("family_name"), Lower("given_names"), "pk"
    )


def _locked(session_id: int, entries: QuerySet[Entry]) -> list[Entry]:
    """As they stand when nobody else is issuing to them or registering with them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s::integer)", [_ISSUING, session_id])
    entries = entries.select_related("session", "preparation_centre").defer("secret_digest")
    return list(entries.select_for_update(no_key=True, of=("self",)))


def _issue(
    session: ExamSession, entries: list[Entry], by: User, reason: str = "", *, about: models.Model, words: str
) -> bytes:
    """New numbers for locked entries of a session; about, words: for the audit trail. Returns the PDF."""
    if not Release.objects.filter(session=session).exists():
        raise ValidationError(
            _("This session has no opening time yet, and it stands on the slips: set it first."),
            code="no_release",
        )
    secret = {entry.pk: f"{secrets.randbelow(10**DIGITS):0{DIGITS}}" for entry in entries}
    digests = [numbers.digest_secret_number(entry.id_number, secret[entry.pk]) for entry in entries]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE results_entry e SET secret_digest = new.digest"
            " FROM unnest(%s::bigint[], %s::text[]) AS new (pk, digest) WHERE e.id = new.pk",
            [[entry.pk for entry in entries], digests],
        )
    batch = uuid4()
    SlipIssue.objects.bulk_create(
        SlipIssue(entry=entry, issued_by=by, reason=reason, batch=batch) for entry in entries
    )
    printed = ngettext("%(count)d slip", "%(count)d slips", len(entries)) % {"count": len(entries)}
    audit.record(None, AuditNote.Kind.PRINTED, about, f"{printed}: {words}" if words else printed)
    return printing.render(
        session,
        [
            printing.Slip(
                name=entry.name,
                school=entry.preparation_centre.name if entry.preparation_centre else "",
                id_number=entry.id_number,
                secret_number=f"{secret[entry.pk][:4]} {secret[entry.pk][4:]}",
                candidate_number=entry.candidate_number,
            )
            for entry in entries
        ],
    )
