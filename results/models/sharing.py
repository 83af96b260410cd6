"""Links with which candidates show a result to others, and when such a link was opened."""

import secrets
from datetime import date, timedelta

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from results.models.entries import Entry
from results.models.statements import Outcome, Statement

LONGEST_FOR_WHOM = 80  # characters
MOST_OPEN = 20  # links of one account that work at a time; results_make_share counts them
LONGEST = timedelta(days=367)  # a year, leap or not, to the end of its last day


class ShareQuerySet(models.QuerySet):
    def with_state(self) -> "ShareQuerySet":
        """With `state`: a Share.State, by the database's clock."""
        return self.annotate(
            state=Case(
                When(revoked_at__isnull=False, then=Value(Share.State.REVOKED)),
                When(ends_at__lte=Now(), then=Value(Share.State.ENDED)),
                default=Value(Share.State.WORKS),
            )
        )


class WithoutToken(models.Manager):
    """What Django itself asks with, as when the office removes an entry: not for what the link is made of."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().defer("seed", "digest")


# Tracked is what its candidate does, without what the link is made of.
@pghistory.track(exclude=["seed", "digest"])
@pgtrigger.register(
    pgtrigger.Protect(
        name="revoked_stays", operation=pgtrigger.Update, condition=pgtrigger.Q(old__revoked_at__isnull=False)
    )
)
class Share(models.Model):
    """A link that shows one result to whoever has it, until a day or until its candidate revokes it.

    Made by the function results_make_share alone (results/migrations/0015_sharing.py), which asks the gate.
    The link's token is in no table: it is made of the seed with a key from the environment, and the database
    compares its digest (candidates/links.py). for_whom: the candidate's words, which the reader sees.
    statement: what showed when the link was made; the reader sees what shows now (SharedStatement).
    """

    class Shows(models.TextChoices):
        OVERALL = "overall", _("the overall result only")
        SKILLS = "skills", _("the overall result and every skill")

    class State(models.TextChoices):
        """Of the link alone: whether the result shows, the gate says."""

        WORKS = "works"
        ENDED = "ended"
        REVOKED = "revoked"

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="shares", verbose_name=_("entry"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="shares", verbose_name=_("account")
    )
    statement = models.ForeignKey(
        Statement, models.PROTECT, related_name="+", verbose_name=_("statement when it was made")
    )
    for_whom = models.CharField(_("for whom"), max_length=LONGEST_FOR_WHOM)
    shows = models.CharField(_("what it shows"), max_length=7, choices=Shows)
    seed = models.CharField(max_length=32, unique=True, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField(_("made"), db_default=Now())
    ends_at = models.DateTimeField(_("works until"))
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    objects = ShareQuerySet.as_manager()
    without_token = WithoutToken()

    class Meta:
        base_manager_name = "without_token"
        verbose_name = _("link to a result")
        verbose_name_plural = _("links to results")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="share_shows_known", condition=Q(shows__in=["overall", "skills"])),
            models.CheckConstraint(name="share_has_words", condition=~Q(for_whom="")),
            models.CheckConstraint(
                name="share_ends_within_a_year",
                condition=Q(ends_at__gt=F("made_at"), ends_at__lte=F("made_at") + LONGEST),
            ),
            models.CheckConstraint(name="share_digest_whole", condition=Q(digest__regex="^[0-9a-f]{64}$")),
        ]

    def __str__(self) -> str:
        return self.for_whom

    @property
    def last_day(self) -> date:
        """The last day on which it works, in the current time zone."""
        return timezone.localdate(self.ends_at - timedelta(microseconds=1))


def new_seed() -> str:
    """192 bits that nobody guesses."""
    return secrets.token_urlsafe(24)


class ShareOpening(models.Model):
    """How often, first and last a link was opened by somebody else than its candidate.

    Written by the function results_mark_opened alone, which asks the gate. Times are whole minutes, and
    whatever happens within one minute counts once. Nothing of the reader is stored, no address either: the
    reader has agreed to nothing, and the candidate needs to know that the link was used, not where from.
    """

    share = models.OneToOneField(Share, models.CASCADE, primary_key=True, related_name="opening")
    times = models.PositiveIntegerField(_("opened so often"))
    first_at = models.DateTimeField(_("first opened"))
    last_at = models.DateTimeField(_("last opened"))

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="share_opening_in_order", condition=Q(times__gte=1, first_at__lte=F("last_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.share_id}: {self.times}"


class SharedStatement(Outcome):
    """What a link shows now; read-only, the gate's view for whoever holds one.

    Only while the link works and the gate shows the result to its candidate; skills are None unless the link
    shows them. amended_at: since when what the link shows is another than when it was made; else None.
    """

    share = models.OneToOneField(Share, models.DO_NOTHING, primary_key=True, related_name="+")
    digest = models.CharField(max_length=64)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+")
    entry = models.ForeignKey(Entry, models.DO_NOTHING, related_name="+")
    shows = models.CharField(max_length=7, choices=Share.Shows)
    statement_id = models.BigIntegerField()
    version = models.PositiveSmallIntegerField()
    issued_at = models.DateTimeField()
    amended_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "results_gate_shared"

    def __str__(self) -> str:
        return f"entry {self.entry_id} v{self.version}"
