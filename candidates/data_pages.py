"""My data: what is held, who has opened it, a copy to take away, and the end of the account."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.devices import forget_device
from accounts.sessions import end_sessions, gave_password_recently, note_password
from accounts.views import form_page, use_language
from candidates import deleting, labels, my_data, seeing
from candidates.adding import exams_of
from candidates.data_forms import DeleteAccountForm, PasswordForm
from candidates.registering import wants_updates


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What is held, who has opened the result, the choices, the browsers signed in; no mark is on it."""
    user = request.user
    openings, records = my_data.openings_of(user), my_data.records_of(user)
    context = {
        "exams": [
            {"entry": entry, "record": records.get(entry.pk), "opened_by": openings.get(entry.pk, [])}
            for entry in exams_of(user)
        ],
        "choices": my_data.choices_of(user),
        "wants_updates": wants_updates(user),
        "sessions": my_data.sessions_of(user, request.session.session_key),
    }
    return render(request, "candidates/my_data.html", context)


@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    end_sessions(request.user, keep=request.session.session_key)
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("my-data")


def copy(request: HttpRequest) -> HttpResponse:
    """The way to the copies: the password first, unless it was given in this browser a moment ago."""
    form = None
    if not gave_password_recently(request):
        form = PasswordForm(request, request.POST or None)
        if form.is_valid():
            note_password(request)
            return redirect("my-data-copy")
    return form_page(request, "candidates/my_data_copy.html", form)


def _after_password(view: Callable) -> Callable:
    """A copy only for who gave the password in this browser within the last minutes."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        if not gave_password_recently(request):
            return redirect("my-data-copy")
        return view(request)

    return require_safe(checked)


@_after_password
def export(request: HttpRequest) -> HttpResponse:
    """The copy as a file for machines."""
    day = f"{timezone.localdate():%Y-%m-%d}"
    return JsonResponse(
        labels.documented(_copy(request)),
        json_dumps_params={"ensure_ascii": False, "indent": 2},
        headers={"Content-Disposition": f'attachment; filename="my-exam-data-{day}.json"'},
    )


@_after_password
def readable(request: HttpRequest) -> HttpResponse:
    """The same copy as a page to read and print."""
    return render(request, "candidates/my_data_readable.html", {"sections": labels.sections(_copy(request))})


def _copy(request: HttpRequest) -> dict:
    """The copy; its statements are shown with it."""
    for sight in seeing.sights_of(request.user):
        if sight.statement:
            seeing.mark_seen(request.session, sight.statement)
    return my_data.copy_of(request.user, request.session.session_key)


def delete(request: HttpRequest) -> HttpResponse:
    """What goes and what stays; with the password and a tick the account is deleted."""
    form = DeleteAccountForm(request, request.POST or None)
    if not form.is_valid():
        return form_page(request, "candidates/my_data_delete.html", form)
    name, language = request.user.username, request.user.language
    try:
        deleting.delete_account(request.user, request.session)
    except deleting.NotDeleted:
        return redirect("home")
    request.session.flush()
    response = redirect("account-deleted")
    forget_device(request, response, name)
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        use_language(response, language)
    return response


@login_not_required
def deleted(request: HttpRequest) -> HttpResponse:
    """The same page for whoever asks; who is signed in has not deleted anything."""
    if request.user.is_authenticated:
        return redirect("my-data")
    return render(request, "candidates/account_deleted.html")
