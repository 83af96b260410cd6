"""manage.py create_session B2F-2026-06 --exam B2F --title "June 2026" …"""

import re
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from results.exams import EXAMS
from results.sessions import create_session
from results.times import in_words


class Command(BaseCommand):
    help = (
        "Create an exam session and set when its results open. Nothing opens until the release is approved."
    )

    def add_arguments(self, parser):
        parser.add_argument("code", help="letters, digits, dots and hyphens, such as B2F-2026-06")
        parser.add_argument("--exam", required=True, help=f"one of {', '.join(EXAMS)}")
        parser.add_argument("--title", required=True, help="as on the Statement of Results: “June 2026”")
        parser.add_argument("--exam-date", required=True, help="such as 2026-06-13")
        parser.add_argument("--place", required=True, help="place of entry")
        parser.add_argument("--opens-at", required=True, help="with its zone, such as 2026-07-24T10:00+02:00")
        parser.add_argument("--centres-open-at", help="for preparation centres, if at another time")
        parser.add_argument("--letter", default="", help="of the reference numbers, if not that of the month")

    def handle(self, *, code, exam, title, exam_date, place, opens_at, centres_open_at, letter, **_options):
        try:
            session = create_session(
                code,
                exam=exam.upper(),
                title=title,
                exam_date=_day("--exam-date", exam_date),
                place=place,
                opens_at=_instant("--opens-at", opens_at),
                centres_open_at=_instant("--centres-open-at", centres_open_at) if centres_open_at else None,
                letter=letter,
            )
        except ValidationError as error:
            faults = [f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items()]
            raise CommandError("\n".join([_("Nothing was created."), *faults])) from error
        release = session.release
        self.stdout.write(_("Created session %s.") % session)
        self.stdout.write(_("Opens for candidates: %s.") % in_words(release.opens_at))
        if release.centres_open_at:
            self.stdout.write(_("Opens for preparation centres: %s.") % in_words(release.centres_open_at))
        self.stdout.write(_("Nothing opens until the release is approved."))


def _day(option: str, text: str) -> date:
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise CommandError(
        _("%(option)s: “%(text)s” is no date such as 2026-06-13.") % {"option": option, "text": text}
    )


def _instant(option: str, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            _("%(option)s: “%(text)s” is no time such as 2026-07-24T10:00+02:00.")
            % {"option": option, "text": text}
        ) from None
    if timezone.is_aware(instant):
        return instant
    raise CommandError(
        _("%(option)s: “%(text)s” has no time zone. In the portal’s own it is: %(local)s")
        % {
            "option": option,
            "text": text,
            "local": timezone.make_aware(instant).isoformat(timespec="minutes"),
        }
    )
