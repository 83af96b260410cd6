"""Jobs of the worker: mails about an account, and sweeping up what has expired.

An account that its owner deleted meanwhile gets no mail.
"""

from django.conf import settings
from django.utils import timezone
from procrastinate.contrib.django import app

from accounts import mails, throttle
from accounts.links import confirmation_link, password_link
from accounts.models import Face, Session, User


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_password_link(context, username: str, face: str) -> None:
    """Queued for unknown names too, so that asking costs the same; then nothing is sent."""
    user = User.objects.filter(username=username, face=face, is_active=True).first()
    if user and user.email:
        mails.send(user, "new_password", context.job.id, link=password_link(user))


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_address_check(context, user_id: int) -> None:
    """To a new address: is it yours?"""
    if user := _account(user_id):
        mails.send(user, "confirm_address", context.job.id, link=confirmation_link(user))


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_address_changed(context, user_id: int, old_address: str) -> None:
    """To the old address: it was changed, and what to do if that was not you.

    Told also if the account is gone since: who took it over may have deleted it. Only candidates' accounts
    are ever deleted.
    """
    if user := _account(user_id):
        mails.send(user, "address_changed", context.job.id, to=old_address)
    else:
        language, home = User._meta.get_field("language").default, settings.FACE_URLS[Face.CANDIDATES]
        mails.send_to(old_address, language, "address_changed", context.job.id, name="", face_url=home)


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_password_changed(context, user_id: int) -> None:
    if user := _account(user_id):
        mails.send(user, "password_changed", context.job.id)


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_second_factor_changed(context, user_id: int, what: str) -> None:
    """To who acts for a preparation centre; what: set_up, switched_off or reset (by the exams office)."""
    if user := _account(user_id):
        mails.send(user, "second_factor_changed", context.job.id, what=what)


@app.periodic(cron="*/10 * * * *")
@app.task(queue="sweep")
def sweep_expired(timestamp: int) -> None:
    """Delete sessions and counters whose time is over."""
    Session.objects.filter(expire_date__lte=timezone.now()).delete()
    throttle.forget_expired()


def _account(user_id: int) -> User | None:
    return User.objects.filter(pk=user_id).first()
