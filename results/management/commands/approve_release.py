"""manage.py approve_release CODE --by STAFF_EMAIL [--open-now]

prints “B2 First, June 2026: approved by anna@…; it needs another person’s approval.”, and for the second
person “B2 First, June 2026: 120 statements approved; opens Friday 12 June 2026, 10:00 (Italian time).”
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
    help = "Approves the release of a session as a member of staff; it takes effect with a second person’s."

    def add_arguments(self, parser):
        parser.add_argument("code", help="the session's code")
        parser.add_argument("--by", required=True, metavar="STAFF_EMAIL", help="who approves")
        parser.add_argument(
            "--open-now", action="store_true", help="needed from both people when the time has passed"
        )

    def handle(self, *, code: str, by: str, open_now: bool, **_options) -> None:
        release = Release.objects.select_related("session").filter(session__code=code).first()
        if release is None:
            raise CommandError(f"{_('There is no session %s.') % code} {_known_sessions()}")
        email = by.strip().lower()
        person = User.objects.filter(username=email, face=Face.STAFF).first()
        if person is None:
            raise CommandError(_("The exams office has no account %s.") % email)
        with pghistory.context(command="approve_release"):
            try:
                approval = releasing.approve(release, person, open_now=open_now)
            except ValidationError as refusal:
                raise CommandError(" ".join(refusal.messages)) from None
        if approval.took_effect_at is None:
            self.stdout.write(
                _("%(exam)s, %(title)s: approved by %(person)s; it needs another person’s approval.")
                % {
                    "exam": release.session.get_exam_display(),
                    "title": release.session.title,
                    "person": person,
                }
            )
            return
        self.stdout.write(_outcome(release, releasing.coverage(release)))


def _known_sessions() -> str:
    codes = Release.objects.order_by("-session__exam_date").values_list("session__code", flat=True)
    newest = ", ".join(codes[:MOST_NAMED])
    return _("The newest are: %s.") % newest if newest else _("There are no sessions yet.")


def _outcome(release: Release, covered: releasing.Coverage) -> str:
    session = release.session
    state = with_state(Release.objects.filter(pk=release.pk)).get().state
    then = {
        State.APPROVED: _("opens %(when)s"),
        State.OPEN_FOR_CENTRES: _("open for preparation centres; opens for candidates %(when)s"),
        State.OPEN_FOR_CANDIDATES: _("open for candidates since %(when)s, not yet for preparation centres"),
        State.OPEN: _("open since %(when)s"),
        State.STOPPED: _("it stays stopped"),
    }[state] % {"when": in_words(release.opens_at)}
    approved = ngettext(
        "%(exam)s, %(title)s: %(count)d statement approved; %(then)s.",
        "%(exam)s, %(title)s: %(count)d statements approved; %(then)s.",
        covered.statements,
    ) % {
        "exam": session.get_exam_display(),
        "title": session.title,
        "count": covered.statements,
        "then": then,
    }
    without = ngettext(
        "%(count)d entry has no statement yet.",
        "%(count)d entries have no statement yet.",
        covered.entries_without,
    ) % {"count": covered.entries_without}
    return f"{approved}\n{without}" if covered.entries_without else approved
