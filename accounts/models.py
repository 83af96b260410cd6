"""Who signs in: users, their sessions, and the counters that slow guessing."""

import hmac
from typing import ClassVar

import pghistory
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice


class Face(models.TextChoices):
    """The three faces of the portal; each account and each session belongs to one."""

    CANDIDATES = "candidates", _("candidates")
    CENTRES = "centres", _("preparation centres")
    STAFF = "staff", _("exams office")


class UserQuerySet(models.QuerySet):
    def with_number_of_exams(self) -> "UserQuerySet":
        """With `exams`: how many entries belong to the account."""
        return self.annotate(exams=models.Count("entries"))


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):
    def create_user(self, username: str, password: str | None = None, **fields) -> "User":
        """Store an account of one of the three faces (fields must name it).

        Raises IntegrityError if the username is taken or does not fit the face.
        """
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_staff(self, email: str, password: str | None = None, **fields) -> "User":
        """Store an account of the exams office; it signs in with its e-mail address."""
        email = email.strip().lower()
        return self.create_user(email, password, email=email, face=Face.STAFF, is_staff=True, **fields)

    def create_superuser(self, username: str, password: str | None = None, **fields) -> "User":
        """What `manage.py createsuperuser` calls; the username is the e-mail address."""
        fields.pop("email", None)
        return self.create_staff(username, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str) -> "User":
        return self.get(username=username, face=settings.PORTAL_FACE)


@pghistory.track(exclude=["password", "last_login"])
class User(AbstractBaseUser, PermissionsMixin):
    """An account. What it may see comes from the rows that point at it, never from this row."""

    username = models.CharField(
        _("signs in with"),
        max_length=254,
        unique=True,
        help_text=_("The ID Number of a candidate; the e-mail address of everyone else."),
    )
    face = models.CharField(_("site"), max_length=10, choices=Face)
    email = models.EmailField(_("e-mail address"))
    email_confirmed_at = models.DateTimeField(_("address confirmed"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES, default="it")
    covers_result = models.BooleanField(_("uncovers the result by a button"), default=False, db_default=False)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(_("exams office"), default=False, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(name="user_face_known", condition=Q(face__in=Face.values)),
            models.CheckConstraint(
                name="user_language_known",
                condition=Q(language__in=[code for code, _name in settings.LANGUAGES]),
            ),
            models.CheckConstraint(
                name="user_staff_only_on_staff_face",
                condition=Q(face=Face.STAFF, is_staff=True)
                | (~Q(face=Face.STAFF) & Q(is_staff=False, is_superuser=False)),
            ),
            models.CheckConstraint(
                name="user_covers_result_as_candidate",
                condition=Q(covers_result=False) | Q(face=Face.CANDIDATES),
            ),
            models.CheckConstraint(
                name="user_name_fits_face",
                condition=Q(face=Face.CANDIDATES, username__regex=r"^[A-Z]+[0-9]+$")
                | (~Q(face=Face.CANDIDATES) & Q(username__regex=r"^[^@A-Z]+@[^@A-Z]+$")),
            ),
        ]

    def __str__(self) -> str:
        return self.username


class Session(AbstractBaseSession):
    """A signed-in browser; it belongs to one face and ends with its row."""

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")
    face = models.CharField(max_length=10, choices=Face)

    objects = BaseSessionManager()

    class Meta:
        constraints = [models.CheckConstraint(name="session_face_known", condition=Q(face__in=Face.values))]
        indexes = [models.Index(fields=["expire_date"])]

    @classmethod
    def get_session_store_class(cls):
        from accounts.sessions import SessionStore

        return SessionStore


class ThrottleCounter(models.Model):
    """Tries counted under one key since its window began (accounts/throttle.py)."""

    key = models.CharField(max_length=120, primary_key=True)
    count = models.PositiveIntegerField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["ends_at"])]
        constraints = [models.CheckConstraint(name="throttle_counts_up", condition=Q(count__gte=0))]

    def __str__(self) -> str:
        return self.key


class Choice(models.Model):
    """A free or required choice that a person made about a text, when, and which version they saw.

    Append-only: changing one's mind adds a row; the newest counts.
    """

    class Kind(models.TextChoices):
        TERMS = "terms", _("terms of use")
        UPDATES = "updates", _("updates")

    user = models.ForeignKey(User, models.CASCADE, related_name="choices")
    kind = models.CharField(_("what about"), max_length=10, choices=Kind)
    agreed = models.BooleanField(_("agreed"))
    text_version = models.CharField(_("version of the text"), max_length=10)
    made_at = models.DateTimeField(_("when"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("choice")
        verbose_name_plural = _("choices")
        constraints = [
            models.CheckConstraint(name="choice_kind_known", condition=Q(kind__in=["terms", "updates"])),
            models.CheckConstraint(
                name="choice_terms_are_agreed", condition=~Q(kind="terms") | Q(agreed=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.agreed}"


class AuthenticatorApp(TOTPDevice):
    """The app with which a member of staff makes codes (TOTP, RFC 6238).

    The row holds a seed; only with the pepper from the environment does it become the key that the app has.
    A stolen database alone makes no code.
    """

    class Meta:
        proxy = True
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")

    @property
    def bin_key(self) -> bytes:
        return hmac.digest(settings.PASSWORD_PEPPER.encode(), self.key.encode(), "sha1")

    def throttle_increment(self, commit=True) -> None:
        """Nothing to count here: accounts/throttle.py did, before the code was looked at."""
