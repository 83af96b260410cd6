"""The audit trail: who did what, when, from where, to which object.

Changes write themselves: the triggers of every tracked model (django-pghistory) store an event in the
transaction of the change. What changes nothing is noted by record(). Both are one view, audit_trail, made
after every migrate from the list of tracked models. The application's roles can add no event: the triggers
run with the rights of the tables' owner, and stamp the login of the database session on each.
"""

import pghistory
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import connection, models
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from results_portal import attribution
from results_portal.models import AuditNote


def record(
    request: HttpRequest | None, what: AuditNote.Kind | str, obj: models.Model | None = None, words: str = ""
) -> None:
    """Note an act that changes no tracked row, in the transaction of the caller.

    request: of who acts; None in a command or job, whose facts stand already. obj: what the act was about;
    words: anything more, in plain words; never a mark, a password or another secret.
    """
    with (
        pghistory.context(**(attribution.by_request(request) if request else {})),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO results_portal_auditnote"  # not by the model: that would ask for what it wrote
            " (kind, words, model, object_id, object_words, entry_id, account_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [AuditNote.Kind(what).value, words, *_about(obj)],
        )


def _about(obj: models.Model | None) -> tuple[str, int | None, str, int | None, int | None]:
    """Model, key and words of an object, and the entry and account that it belongs to."""
    if obj is None:
        return "", None, "", None, None
    label = obj._meta.label_lower
    entry = obj.pk if label == "results.entry" else getattr(obj, "entry_id", None)
    account = obj.pk if label == settings.AUTH_USER_MODEL.lower() else getattr(obj, "user_id", None)
    words = str(obj)[: AuditNote._meta.get_field("object_words").max_length]
    return label, obj.pk, words, entry, account


@receiver(user_logged_in)
def note_sign_in(sender, request, user, **_kwargs) -> None:
    """On the staff face, every sign-in is noted. Candidates' and schools' are not watched."""
    if settings.PORTAL_FACE == "staff":
        record(request, AuditNote.Kind.SIGNED_IN, user)


@receiver(user_logged_out)
def note_sign_out(sender, request, user, **_kwargs) -> None:
    if settings.PORTAL_FACE == "staff" and user:
        record(request, AuditNote.Kind.SIGNED_OUT, user)


@receiver(user_login_failed)
def note_refusal(sender, credentials, request=None, **_kwargs) -> None:
    """A refused sign-in, with the account meant; what else was typed may be a password in the wrong box."""
    if settings.PORTAL_FACE == "staff":
        User = get_user_model()  # noqa: N806
        meant = User.objects.filter(username=credentials.get(User.USERNAME_FIELD, ""), face="staff").first()
        record(request, AuditNote.Kind.REFUSED, meant, "" if meant else _("no such account"))
