"""manage.py approve_release CODE --by STAFF_EMAIL

prints “B2 First, June 2026: 120 statements approved by anna@…; opens Friday 12 June 2026, 10:00 (Italian
time).”
"""

import pghistory
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Face, User
from results import releasing
from results.models import Release
from results.standing import State, with_state
from results.times import in_words

MOST_NAMED = 10  # sessions named when the code is not known


class Command(BaseCommand):
    help = "Approves the release of a session as a member of staff; nothing opens before that."

    def add_arguments(self, parser):
        parser.add_argument("code", help="the session's code")
        parser.add_argument("--by", required=True, metavar="STAFF_EMAIL", help="who approves")

    def handle(self, *, code: str, by: str, **_options) -> None:
        release = Release.objects.select_related("session").filter(session__code=code).first()
        if release is None:
            raise CommandError(f"{_('There is no session %s.') % code} {_known_sessions()}")
        email = by.strip().lower()
        person = User.objects.filter(username=email, face=Face.STAFF).first()
        if person is None:
            raise CommandError(_("The exams office has no account %s.") % email)
        with pghistory.context(command="approve_release"):
            try:
                approval = releasing.approve(release, person)
            except ValidationError as refusal:
                raise CommandError(" ".join(refusal.messages)) from None
        self.stdout.write(_outcome(release, approval))


def _known_sessions() -> str:
    codes = Release.objects.order_by("-session__exam_date").values_list("session__code", flat=True)
    newest = ", ".join(codes[:MOST_NAMED])
    return _("The newest are: %s.") % newest if newest else _("There are no sessions yet.")


def _outcome(release: Release, approval: releasing.Coverage) -> str:
    session = release.session
    state = with_state(Release.objects.filter(pk=release.pk)).get().state
    then = {
        State.APPROVED: _("opens %(when)s"),
        State.OPEN_FOR_CENTRES: _("open for preparation centres; opens for candidates %(when)s"),
        State.OPEN_FOR_CANDIDATES: _("open for candidates since %(when)s, not yet for preparation centres"),
        State.OPEN: _("open since %(when)s"),
        State.STOPPED: _("it stays stopped: %(reason)s"),
    }[state] % {"when": in_words(release.opens_at), "reason": release.stop_reason}
    approved = ngettext(
        "%(exam)s, %(title)s: %(count)d statement approved by %(person)s; %(then)s.",
        "%(exam)s, %(title)s: %(count)d statements approved by %(person)s; %(then)s.",
        approval.statements,
    ) % {
        "exam": session.get_exam_display(),
        "title": session.title,
        "count": approval.statements,
        "person": release.approved_by,
        "then": then,
    }
    without = ngettext(
        "%(count)d entry has no statement yet.",
        "%(count)d entries have no statement yet.",
        approval.entries_without,
    ) % {"count": approval.entries_without}
    return f"{approved}\n{without}" if approval.entries_without else approved
