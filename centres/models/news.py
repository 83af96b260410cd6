"""News and initiatives: posts of the exams office, who follows them, and the weekly digests.

What an account may see now, the view behind VisiblePost says and nothing else
(centres/migrations/0005_news.py).
"""

import uuid
from datetime import timedelta

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, Greatest, Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from centres.markdown import beginning
from centres.models.people import PreparationCentre

LONGEST_BODY = 20_000  # characters: about eight printed pages
LONGEST_ERROR = 200  # characters
LONGEST_EXCERPT = 220  # characters
# A correction within the first hour is no news to whoever reads.
STILL_FRESH = timedelta(hours=1)


class PostWords(models.Model):
    """What a post says, in both languages; title, summary and body are those of the page's language.

    held_on, place and sign_up_by (the last day to sign up) are an initiative's, each if there is one.
    """

    class Kind(models.TextChoices):
        NEWS = "news", _("news")
        INITIATIVE = "initiative", _("initiative")

    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.NEWS)
    title_it = models.CharField(_("title"), max_length=150)
    title_en = models.CharField(_("title"), max_length=150)
    summary_it = models.CharField(_("summary"), max_length=300, blank=True)
    summary_en = models.CharField(_("summary"), max_length=300, blank=True)
    body_it = models.TextField(_("text"), max_length=LONGEST_BODY, blank=True)
    body_en = models.TextField(_("text"), max_length=LONGEST_BODY, blank=True)
    held_on = models.DateField(_("day"), null=True, blank=True)
    place = models.CharField(_("place"), max_length=150, blank=True)
    sign_up_by = models.DateField(_("sign up by"), null=True, blank=True)
    is_pinned = models.BooleanField(
        _("pinned"), default=False, help_text=_("Stands above the others, in the list and after signing in.")
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return self._in_language("title")

    @property
    def summary(self) -> str:
        return self._in_language("summary")

    @property
    def excerpt(self) -> str:
        """For lists: the summary, or the beginning of the text where there is none."""
        return self.summary or beginning(self.body, LONGEST_EXCERPT)

    @property
    def body(self) -> str:
        """As Markdown; centres/markdown.py makes HTML of it."""
        return self._in_language("body")

    def _in_language(self, name: str) -> str:
        return getattr(self, f"{name}_{'it' if get_language() == 'it' else 'en'}")


class PostState(Func):
    """draft, planned, published or expired, by the database's clock."""

    function = "centres_post_state"
    output_field = models.CharField()

    def __init__(self):
        super().__init__(F("published_at"), F("expires_at"))


class PostQuerySet(models.QuerySet):
    def with_state(self) -> "PostQuerySet":
        return self.annotate(state=PostState())

    def as_read(self) -> "PostQuerySet":
        """With the times that its page shows; of one that is not published, as if it were at this moment."""
        shown = Coalesce("published_at", Now())
        return self.annotate(shown_from=shown, updated_at=Greatest(shown, "revised_at"))


@pghistory.track()
class Post(PostWords):
    """A post as the exams office keeps it. Without a publication time it is a draft.

    Unless it is for all preparation centres, it is for those named, and where none is named for nobody.
    revised_at is the database's: when what the post says was last changed.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PLANNED = "planned", _("planned")
        PUBLISHED = "published", _("published")
        EXPIRED = "expired", _("expired")

    published_at = models.DateTimeField(_("published from"), null=True, blank=True)
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    to_all = models.BooleanField(_("for all preparation centres"), default=True)
    centres = models.ManyToManyField(
        PreparationCentre, through="PostAudience", verbose_name=_("preparation centres"), blank=True
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("written by"),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    revised_at = models.DateTimeField(_("changed"), db_default=Now(), editable=False)

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("news and initiatives")
        constraints = [
            models.CheckConstraint(name="post_kind_known", condition=Q(kind__in=["news", "initiative"])),
            models.CheckConstraint(
                name="post_has_titles",
                condition=~Q(title_it="") & ~Q(title_en=""),
                violation_error_message=_("Give the title in both languages."),
            ),
            models.CheckConstraint(
                name="post_published_in_both_languages",
                condition=Q(published_at=None) | (~Q(body_it="") & ~Q(body_en="")),
                violation_error_message=_("Write the text in both languages before it is published."),
            ),
            models.CheckConstraint(
                name="post_expires_after_publication",
                condition=Q(expires_at=None) | Q(published_at=None) | Q(expires_at__gt=F("published_at")),
                violation_error_message=_("A post ends after it is published."),
            ),
            models.CheckConstraint(
                name="post_dates_of_initiatives_only",
                condition=Q(kind="initiative") | Q(held_on=None, sign_up_by=None, place=""),
                violation_error_message=_("Only an initiative has a day, a place and a last day to sign up."),
            ),
            models.CheckConstraint(
                name="post_sign_up_before_the_day",
                condition=Q(sign_up_by=None) | Q(held_on=None) | Q(sign_up_by__lte=F("held_on")),
                violation_error_message=_("The last day to sign up is not after the day itself."),
            ),
        ]
        indexes = [models.Index(fields=["published_at"], name="post_published_at")]


@pghistory.track()
class PostAudience(models.Model):
    """One of the preparation centres that a post is for."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="audience", verbose_name=_("post"))
    centre = models.ForeignKey(
        PreparationCentre, models.CASCADE, related_name="+", verbose_name=_("preparation centre")
    )

    class Meta:
        verbose_name = _("audience of a post")
        verbose_name_plural = _("audiences of posts")
        constraints = [models.UniqueConstraint(fields=["post", "centre"], name="post_audience_once")]

    def __str__(self) -> str:
        return f"{self.post} – {self.centre}"


class VisiblePostQuerySet(models.QuerySet):
    def of(self, user) -> "VisiblePostQuerySet":
        """What the account may see now, the newest first."""
        return self.filter(user=user).order_by("-published_at", "-id")

    def pinned_first(self) -> "VisiblePostQuerySet":
        return self.order_by("-is_pinned", "-published_at", "-id")

    def with_new(self, since) -> "VisiblePostQuerySet":
        """With is_new: published after the moment; without a moment nothing is."""
        return self.annotate(is_new=Q(published_at__gt=since) if since else Value(False))


class VisiblePost(PostWords):
    """A post that an account may see now: a row for each of both. Always ask for one account's, by of()."""

    published_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+")

    objects = VisiblePostQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "centres_visible_posts"

    @property
    def was_updated(self) -> bool:
        """Whether what it says was changed since it was published, and not just after."""
        return self.updated_at - self.published_at > STILL_FRESH


def _of_user(kind: type[models.ForeignKey], related_name: str) -> models.ForeignKey:
    """A row goes with its account; the database sees to it (centres/migrations/0005_news.py)."""
    return kind(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_constraint=False,
        related_name=related_name,
        verbose_name=_("account"),
    )


@pghistory.track(exclude=["feed_number", "visited_at", "new_from"])
class NewsReader(models.Model):
    """How an account follows the news.

    feed_number: the random part of the private address of its feed (centres/following.py); visited_at: when
    it last looked at the list; new_from: what came after is new to it. wants_digest_since goes with wanting.
    """

    user = _of_user(models.OneToOneField, "news_reader")
    feed_number = models.CharField(max_length=22, unique=True)
    wants_digest = models.BooleanField(_("weekly digest by email"), default=False, db_default=False)
    wants_digest_since = models.DateTimeField(_("since"), null=True)
    visited_at = models.DateTimeField(null=True)
    new_from = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("reader of the news")
        verbose_name_plural = _("readers of the news")
        constraints = [
            models.CheckConstraint(
                name="reader_feed_number_form", condition=Q(feed_number__regex=r"^[A-Za-z0-9_-]{22}$")
            ),
            models.CheckConstraint(
                name="reader_wants_digest_since",
                condition=Q(wants_digest=True, wants_digest_since__isnull=False)
                | Q(wants_digest=False, wants_digest_since=None),
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


class NewsDigest(models.Model):
    """The digest of one week for one account. issue: the day on which it was due; posts: what it tells."""

    class State(models.TextChoices):
        """SENDING: handed to the mail server, whose answer is not stored yet; DROPPED: no longer true."""

        DUE = "due", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        GIVEN_UP = "given_up", _("given up")
        DROPPED = "dropped", _("not sent: no longer true")

    user = _of_user(models.ForeignKey, "news_digests")
    issue = models.DateField()
    posts = ArrayField(models.BigIntegerField())
    state = models.CharField(max_length=10, choices=State, default=State.DUE, db_default=State.DUE)
    due_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    last_error = models.CharField(max_length=LONGEST_ERROR, blank=True, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "issue"], name="digest_once_a_week"),
            models.CheckConstraint(
                name="digest_state_known",
                condition=Q(state__in=["due", "sending", "sent", "given_up", "dropped"]),
            ),
            models.CheckConstraint(
                name="digest_sent_has_time",
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at=None)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="digest_open", condition=Q(state__in=["due", "sending"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.issue}"
