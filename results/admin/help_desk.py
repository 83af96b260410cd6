"""The help desk: one box that finds a person, the person's page without any mark, and what can be done."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import wraps

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Min, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import helping, throttle
from accounts.acting import LONGEST_REASON
from accounts.confirming import needs_fresh_identity
from accounts.models import Face, User
from results.finding import MOST_FOUND, find_accounts, find_entries
from results.models import Certificate, Entry, Mail, Release, Seen, Stop
from results.standing import State, with_state

MAY_LOOK = ("accounts.view_user", "results.view_entry")
LONGEST_TYPED = 200  # characters
MAILS_SHOWN = 10
LOCKED = {
    throttle.LOGIN_PER_NAME.name: gettext_lazy("signing in"),
    throttle.REGISTER_PER_NAME.name: gettext_lazy("registering"),
    throttle.REGISTER_PER_NAME_A_DAY.name: gettext_lazy("registering"),
    throttle.MAIL_PER_NAME.name: gettext_lazy("asking for an email"),
}


class SearchForm(forms.Form):
    q = forms.CharField(
        label=gettext_lazy("Who is it?"),
        max_length=LONGEST_TYPED,
        help_text=gettext_lazy(
            "ID Number, reference number, candidate number, names in any order, or e-mail address."
        ),
        widget=forms.TextInput(
            attrs={"type": "search", "autofocus": True, "autocomplete": "off", "spellcheck": "false"}
        ),
    )


class AddressForm(forms.Form):
    """A correct address, and why the help desk believes it."""

    address = forms.CharField(
        label=gettext_lazy("New email address"),
        max_length=User._meta.get_field("email").max_length,
        widget=forms.EmailInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
        help_text=gettext_lazy("Why, and how you made sure who asks. It stays in the log."),
    )
    shown = forms.CharField(widget=forms.HiddenInput, required=False)  # the address beside the form


@dataclass(frozen=True)
class LockInWords:
    """What the person cannot do now, and until when."""

    what: str
    until: datetime


def for_help_desk(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page of the admin for who may look at accounts and entries; the verbs ask for their own right."""

    @wraps(view)
    def checked(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not request.user.has_perms(MAY_LOOK):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return admin.site.admin_view(checked)


@for_help_desk
def search(request: HttpRequest) -> HttpResponse:
    """The box and what it found; a single hit leads straight to its page."""
    form = SearchForm(request.GET if "q" in request.GET else None)
    context = {"form": form}
    if form.is_valid():
        typed = form.cleaned_data["q"]
        entries = list(find_entries(typed)[: MOST_FOUND + 1])
        accounts = list(find_accounts(typed)[: MOST_FOUND + 1 - len(entries)])
        match entries, accounts:
            case [entry], []:
                return redirect("help-desk-entry", entry.pk)
            case [], [account]:
                return redirect("help-desk-account", account.pk)
        context |= {
            "typed": typed,
            "entries": entries[:MOST_FOUND],
            "accounts": accounts[: MOST_FOUND - len(entries[:MOST_FOUND])],
            "more": len(entries) + len(accounts) > MOST_FOUND,
            "most": MOST_FOUND,
        }
    return _page(request, "admin/results/help_desk.html", _("Help desk"), **context)


@for_help_desk
def entry_page(request: HttpRequest, pk: int) -> HttpResponse:
    return _entry_page(request, pk)


@for_help_desk
def account_page(request: HttpRequest, pk: int) -> HttpResponse:
    account = _account(pk)
    if entry := _entry_of(request, account):
        return redirect("help-desk-entry", entry)
    return _account_page(request, account)


@require_POST
@for_help_desk
def unlock_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget the tries of an ID Number, also one that nobody has registered with."""
    entry = _entry(pk)
    names = {entry.id_number} | (helping.names_of(entry.user) if entry.user else set())
    _do(
        request,
        lambda: helping.unlock(names, Face.CANDIDATES, request.user, about=entry.user or entry),
        _("Unlocked: the next try counts as the first."),
    )
    return redirect("help-desk-entry", pk)


@require_POST
@for_help_desk
def help_account(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """One of the verbs that need no more than a button."""
    account, by = _account(pk), request.user
    act, said = {
        "unlock": (
            lambda: helping.unlock(helping.names_of(account), account.face, by, about=account),
            _("Unlocked: the next try counts as the first."),
        ),
        "resend": (
            lambda: helping.resend_confirmation(account, by),
            _("We have sent the confirmation again, to %s.") % account.email,
        ),
        "reset": (
            lambda: helping.start_password_reset(account, by),
            _("We have sent a link for a new password to %s. It works once, for 60 minutes.") % account.email,
        ),
        "sign-out": (lambda: helping.end_sessions(account, by), _("Signed out everywhere.")),
    }[verb]
    _do(request, act, said)
    return _back_to(request, account)


@require_POST
@for_help_desk
@needs_fresh_identity
def correct_address(request: HttpRequest, pk: int) -> HttpResponse:
    account = _account(pk)
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            helping.correct_address(account, **form.cleaned_data, by=request.user)
        except ValidationError as refusal:
            if not hasattr(refusal, "error_dict"):  # of nothing that was typed
                messages.error(request, " ".join(refusal.messages))
                return _back_to(request, account)
            form.add_error(None, refusal)
        else:
            messages.success(
                request, _("We have sent an email to %s, to confirm the address.") % account.email
            )
            return _back_to(request, account)
    entry = _entry_of(request, account)
    return _entry_page(request, entry, form) if entry else _account_page(request, account, form)


def _entry_page(request: HttpRequest, pk: int, form: AddressForm | None = None) -> HttpResponse:
    """An entry and its account; nothing here is read from a statement but whether it was seen."""
    entry = _entry(pk)
    release = with_state(Release.objects.filter(session=entry.session_id)).first()
    stops = Stop.objects.filter(
        Q(preparation_centre=None) | Q(preparation_centre=entry.preparation_centre_id),
        Q(entry=None) | Q(entry=entry.pk),
        session=entry.session_id,
        lifted_at=None,
    )
    names = {entry.id_number} | (helping.names_of(entry.user) if entry.user else set())
    others = Entry.objects.none()
    if entry.user:
        others = entry.user.entries.exclude(pk=entry.pk).select_related("session__release")
    return _person_page(
        request,
        entry.name,
        entry.user,
        form,
        entry=entry,
        others=others.defer("secret_digest").order_by("-session__exam_date", "pk"),
        signs_in_with=sorted(names),
        release=release,
        state=State(release.state).label if release else "",
        stops=stops,
        seen_at=Seen.objects.filter(entry=entry.pk).aggregate(first=Min("first_seen_at"))["first"],
        certificate=Certificate.objects.filter(entry=entry.pk).first(),
        locks=_locks(names, Face.CANDIDATES),
        mails=_mails(Q(entry=entry.pk)),
    )


def _account_page(request: HttpRequest, account: User, form: AddressForm | None = None) -> HttpResponse:
    memberships = account.memberships.select_related("centre")
    return _person_page(
        request,
        account.username,
        account,
        form,
        signs_in_with=[account.username],
        centres=[membership.centre for membership in memberships],
        locks=_locks({account.username}, account.face),
        mails=_mails(Q(user=account.pk)),
    )


def _person_page(
    request: HttpRequest, title: str, account: User | None, form: AddressForm | None, **context
) -> HttpResponse:
    return _page(
        request,
        "admin/results/help_desk_person.html",
        title,
        account=account,
        sessions=account.sessions.filter(expire_date__gt=timezone.now()).count() if account else 0,
        may_help=request.user.has_perm(helping.MAY_HELP),
        form=form or AddressForm(initial={"shown": account.email if account else ""}),
        **context,
    )


def _page(request: HttpRequest, template: str, title: str, **context) -> HttpResponse:
    return TemplateResponse(
        request, template, {**admin.site.each_context(request), "title": title, **context}
    )


def _entry(pk: int) -> Entry:
    entries = Entry.objects.select_related("session", "preparation_centre", "user").defer("secret_digest")
    return get_object_or_404(entries, pk=pk)


def _account(pk: int) -> User:
    """An account of a candidate or a centre member; staff help each other by a superuser."""
    return get_object_or_404(User.objects.exclude(face=Face.STAFF), pk=pk)


def _entry_of(request: HttpRequest, account: User) -> int | None:
    """The entry on whose page the button was pressed; without one, the account's newest."""
    entries = account.entries.order_by("-session__exam_date", "-pk")
    asked = request.POST.get("entry", "")
    if asked.isdecimal() and entries.filter(pk=asked).exists():
        return int(asked)
    return entries.values_list("pk", flat=True).first()


def _back_to(request: HttpRequest, account: User) -> HttpResponse:
    """The person's page, on the exam that was looked at."""
    entry = _entry_of(request, account)
    return redirect("help-desk-entry", entry) if entry else redirect("help-desk-account", account.pk)


def _locks(names: Collection[str], face: str) -> list[LockInWords]:
    """By what it keeps the person from, the longest each."""
    until: dict[str, datetime] = {}
    for lock in throttle.locks_of(names, face):
        what = str(LOCKED[lock.limit.name])
        until[what] = max(lock.until, until.get(what, lock.until))
    return [LockInWords(what, moment) for what, moment in until.items()]


def _mails(about: Q) -> list[Mail]:
    return list(Mail.objects.filter(about).select_related("session").order_by("-pk")[:MAILS_SHOWN])


def _do(request: HttpRequest, verb: Callable[[], None], said: str) -> None:
    """Run a verb; what it refuses stands on the next page."""
    try:
        verb()
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, said)


urlpatterns = [
    path("", search, name="help-desk"),
    path("entry/<int:pk>/", entry_page, name="help-desk-entry"),
    path("entry/<int:pk>/unlock/", unlock_entry, name="help-desk-unlock-entry"),
    path("account/<int:pk>/", account_page, name="help-desk-account"),
    path("account/<int:pk>/address/", correct_address, name="help-desk-address"),
    *(
        path(f"account/<int:pk>/{verb}/", help_account, {"verb": verb}, name=f"help-desk-{verb}")
        for verb in ("unlock", "resend", "reset", "sign-out")
    ),
]
