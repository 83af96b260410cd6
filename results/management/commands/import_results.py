"""manage.py import_results B2F-2026-06 results.csv [--dry-run] [--by STAFF_EMAIL] [--reason WORDS]"""

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from accounts.models import Face, User
from results.importing import import_results
from results.management.importing import ImportCommand


class Command(ImportCommand):
    help = "Load the results of a session: all rows of the file, or none if one has a fault."
    load = staticmethod(import_results)

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--by", metavar="STAFF_EMAIL", default="", help="who loads the file")
        parser.add_argument(
            "--reason", default="", help="why published results are corrected; the candidates read it"
        )

    def more(self, options):
        return {"by": _person(options["by"]), "reason": options["reason"]}


def _person(given: str) -> User | None:
    email = given.strip().lower()
    person = User.objects.filter(username=email, face=Face.STAFF, is_active=True).first()
    if email and person is None:
        raise CommandError(_("The exams office has no account %s.") % email)
    return person
