"""Entries: the candidates of a session, as on their slips."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Abs, Extract, Now
from django.utils.translation import gettext_lazy as _

from results.models.sessions import ExamSession


class EntryQuerySet(models.QuerySet):
    """Entries with the columns that a role may read (results_portal/roles.py); others are not asked for."""

    def for_candidates(self) -> "EntryQuerySet":
        """With session and opening time, for the candidates' face."""
        return self.for_mails().only(*_FOR_MAILS, "date_of_birth")

    def for_mails(self) -> "EntryQuerySet":
        """With session and opening time, for the worker."""
        return self.select_related("session__release").only(*_FOR_MAILS)

    def with_time_left(self) -> "EntryQuerySet":
        """With `left`: how long until the result opens, by the database's clock; below 0 since then."""
        left = ExpressionWrapper(F("session__release__opens_at") - Now(), output_field=DurationField())
        return self.annotate(left=left)

    def nearest_first(self) -> "EntryQuerySet":
        """Of with_time_left(), by how far the opening is from now, past or to come; then the later exam.

        Of one person's entries the first is the one they mean: what has just opened, or is about to.
        """
        return self.order_by(Abs(Extract("left", "epoch")), "-session__exam_date", "-pk")


_FOR_MAILS = (
    "id_number",
    "candidate_number",
    "family_name",
    "given_names",
    "user_id",
    *(f"session__{name}" for name in ("code", "exam", "title", "exam_date", "place", "letter")),
    *(f"session__release__{name}" for name in ("session_id", "opens_at", "centres_open_at")),
)


class NameKey(models.Func):
    """What names are sorted by: as a class register does (results/migrations/0012_centre_lists.py)."""

    function = "results_name_key"
    arity = 2


@pghistory.track(exclude=["secret_digest", "name_key", "registered_at"])
@pgtrigger.register(
    pgtrigger.Protect(
        name="claimed_once",
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(
            old__user__isnull=False, new__user__isnull=False, old__user__df=pgtrigger.F("new__user")
        ),
    ),
    pgtrigger.Protect(
        name="registered_stays",
        operation=pgtrigger.Delete,
        condition=pgtrigger.Q(old__user__isnull=False),
    ),
)
class Entry(models.Model):
    """A candidate's entry for a session, as on the slip; user is who registered with it."""

    session = models.ForeignKey(
        ExamSession, models.PROTECT, related_name="entries", verbose_name=_("exam session")
    )
    id_number = models.CharField(_("ID Number"), max_length=14, unique=True)
    secret_digest = models.CharField(max_length=64, blank=True, editable=False)  # empty: no number issued
    candidate_number = models.CharField(_("candidate number"), max_length=6)
    family_name = models.CharField(_("family name"), max_length=80)
    given_names = models.CharField(_("given names"), max_length=80)
    date_of_birth = models.DateField(_("date of birth"))
    preparation_centre = models.ForeignKey(
        "centres.PreparationCentre",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="entries",
        verbose_name=_("preparation centre"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="entries",
        verbose_name=_("account"),
    )
    # Since when `user` is who it is: written by a trigger (results/migrations/0014_sittings.py).
    registered_at = models.DateTimeField(_("registered"), null=True, editable=False)
    email = models.EmailField(
        _("e-mail address of the entry"),
        blank=True,
        help_text=_("For reminders until the candidate has registered with an address of their own."),
    )

    name_key = models.GeneratedField(
        expression=NameKey("family_name", "given_names"),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        indexes = [
            # A centre's students of a session by name: a page costs the same with 50 and with 5,000 of them.
            models.Index(fields=["preparation_centre", "session", "name_key", "id"], name="entry_of_centre")
        ]
        permissions = [("issue_slips", "Can issue Secret Numbers and print slips")]
        constraints = [
            # Checked when a statement ends: two candidates may exchange their numbers.
            models.UniqueConstraint(
                fields=["session", "candidate_number"],
                name="entry_candidate_number_once",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                name="entry_id_number_form", condition=Q(id_number__regex=r"^[A-Z]{1,5}[0-9]{4,9}$")
            ),
            models.CheckConstraint(
                name="entry_candidate_number_form", condition=Q(candidate_number__regex=r"^[0-9]{4,6}$")
            ),
            models.CheckConstraint(
                name="entry_secret_is_digest",
                condition=Q(secret_digest="") | Q(secret_digest__regex=r"^[0-9a-f]{64}$"),  # noqa: S106
            ),
            models.CheckConstraint(name="entry_has_names", condition=~Q(family_name="") & ~Q(given_names="")),
        ]

    def __str__(self) -> str:
        return f"{self.id_number} {self.name}"

    @property
    def name(self) -> str:
        return f"{self.given_names} {self.family_name}"

    @property
    def reference_number(self) -> str:
        """Year (2), session (1), centre (5), candidate (4), as on the board's statements: 15BGB9615003."""
        session = self.session
        centre = settings.AUTHORISED_CENTRE["number"]
        return f"{session.exam_date:%y}{session.letter}{centre}{self.candidate_number}"
