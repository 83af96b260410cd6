"""The outbox: one row for each person and cause; what is written in the mail, templates say.

No mark, no ID Number and no Secret Number is in a row or in a mail: a mail is kept and forwarded by machines
that are not ours.
"""

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from results.models.entries import Entry
from results.models.sessions import ExamSession

LONGEST_ERROR = 200  # characters


def _of(model, name: str, **options) -> models.ForeignKey:
    """A row goes with what it is about; the database sees to it (results/migrations/0010_mails.py)."""
    return models.ForeignKey(
        model, models.DO_NOTHING, db_constraint=False, related_name="mails", verbose_name=name, **options
    )


class Mail(models.Model):
    """What one person is to be told, or was, for one cause.

    cause: for an amended result its statement; for a postponed session or a reminder, which time it was
    (1, 2, …); 0 for results that are available. entry: null for a preparation centre's mail;
    preparation_centre: null for a candidate's; user: null for a reminder to an entry's own address.
    Rows that tell a person the same at one time are sent as one mail and share its message_id.
    """

    class Kind(models.TextChoices):
        RESULTS = "results", _("results are available")
        AMENDED = "amended", _("a result was amended")
        POSTPONED = "postponed", _("results come later")
        REMINDER = "reminder", _("reminder to register")

    class Audience(models.TextChoices):
        CANDIDATES = "candidates", _("candidates")
        CENTRES = "centres", _("preparation centres")

    class State(models.TextChoices):
        """SENDING: handed to the mail server, whose answer is not stored yet; DROPPED: no longer true."""

        DUE = "due", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        GIVEN_UP = "given_up", _("given up")
        DROPPED = "dropped", _("not sent: no longer true")

    kind = models.CharField(_("about"), max_length=10, choices=Kind)
    audience = models.CharField(_("to"), max_length=10, choices=Audience)
    session = _of(ExamSession, _("exam session"), db_index=False)  # the first column of mail_once
    entry = _of(Entry, _("entry"), null=True)
    preparation_centre = _of("centres.PreparationCentre", _("preparation centre"), null=True)
    user = _of(settings.AUTH_USER_MODEL, _("account"), null=True)
    address = models.EmailField(_("e-mail address of the entry"), blank=True, db_default="")
    cause = models.PositiveBigIntegerField(default=0, db_default=0)
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.DUE, db_default=State.DUE
    )
    # Candidates before preparation centres; what can wait comes last.
    turn = models.GeneratedField(
        expression=Case(When(kind="reminder", then=2), When(audience="centres", then=1), default=0),
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
    )
    made_at = models.DateTimeField(_("queued"), db_default=Now())
    due_at = models.DateTimeField(_("next try"), db_default=Now())
    sent_at = models.DateTimeField(_("sent"), null=True)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0, db_default=0)
    last_error = models.CharField(_("last error"), max_length=LONGEST_ERROR, blank=True, db_default="")
    message_id = models.CharField(max_length=120, blank=True, db_default="")

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        constraints = [
            models.UniqueConstraint(
                fields=["session", "kind", "entry", "preparation_centre", "user", "cause"],
                name="mail_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="mail_kind_known",
                condition=Q(kind__in=["results", "amended", "postponed", "reminder"]),
            ),
            models.CheckConstraint(
                name="mail_state_known",
                condition=Q(state__in=["due", "sending", "sent", "given_up", "dropped"]),
            ),
            models.CheckConstraint(
                name="mail_has_one_addressee",
                condition=Q(
                    audience="candidates",
                    entry__isnull=False,
                    preparation_centre=None,
                    user__isnull=False,
                    address="",
                )
                | (
                    Q(audience="candidates", kind="reminder", entry__isnull=False, user=None)
                    & Q(preparation_centre=None)
                    & ~Q(address="")
                )
                | Q(
                    audience="centres",
                    entry=None,
                    preparation_centre__isnull=False,
                    user__isnull=False,
                    address="",
                ),
            ),
            models.CheckConstraint(
                name="mail_sent_has_time",
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at=None)),
            ),
        ]
        indexes = [
            models.Index(fields=["turn", "due_at", "id"], name="mail_due", condition=Q(state="due")),
            models.Index(fields=["id"], name="mail_sending", condition=Q(state="sending")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.session.code}"
