"""Pages of every face: signing in and out, forgotten and new password, address, language."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as django_set_language

from accounts import forms, second_factor, tasks, throttle
from accounts.devices import remember_device
from accounts.links import read_confirmation
from accounts.models import Face, User
from accounts.sessions import end_sessions, note_password

TOO_MANY_REQUESTS = 429


def form_page(request: HttpRequest, template: str, form, **context) -> HttpResponse:
    """A page with a form or None; 429 when the throttle refused it."""
    status = TOO_MANY_REQUESTS if form and form.is_bound and forms.was_refused(form) else 200
    return render(request, template, {"form": form, **context}, status=status)


def use_language(response: HttpResponse, language: str) -> None:
    """Show the pages after this one in a language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )


def remember_after_password(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """The browser has shown whose it is: it gets a throttle counter of its own.

    Not yet where a code is to come: the password alone gives nobody a counter for guessing codes.
    """
    if settings.PORTAL_FACE == Face.CANDIDATES or not second_factor.is_enrolled(user):
        remember_device(request, response, user.username)


@method_decorator(login_not_required, name="dispatch")
class SignInView(auth_views.LoginView):
    """The home page of a public face, with the box “Log in”. Faces set template and form."""

    def dispatch(self, request, *args, **kwargs) -> HttpResponse:
        # Not LoginView's redirect_authenticated_user: it follows ?next= and refuses one that leads here.
        if request.user.is_authenticated:
            return redirect(self.next_page)
        return super().dispatch(request, *args, **kwargs)

    def get_redirect_url(self) -> str:
        """Where ?next= leads, but for this very page."""
        wanted = super().get_redirect_url()
        return "" if wanted.partition("?")[0] == self.request.path else wanted

    def form_valid(self, form) -> HttpResponse:
        self.request.session.flush()  # whatever an earlier person left in this browser
        response = super().form_valid(form)
        note_password(self.request)
        user = form.get_user()
        self.remember(response, user)
        if settings.LANGUAGE_COOKIE_NAME not in self.request.COOKIES:  # else this browser has its own
            use_language(response, user.language)
        return response

    def remember(self, response: HttpResponse, user: User) -> None:
        """Give the browser a throttle counter of its own."""
        remember_after_password(self.request, response, user)

    def form_invalid(self, form) -> HttpResponse:
        response = super().form_invalid(form)
        if forms.was_refused(form):
            response.status_code = TOO_MANY_REQUESTS
        return response


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language and come back to the same page; an account remembers it."""
    response = django_set_language(request)
    language = request.POST.get("language")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return response


@login_not_required
def forgotten_password(request: HttpRequest, form_class=forms.ForgottenPasswordForm) -> HttpResponse:
    """The same page for known and unknown names, after the same work."""
    form = form_class(request, request.POST or None)
    if form.is_valid():
        tasks.send_password_link.defer(username=form.cleaned_data["username"], face=settings.PORTAL_FACE)
        return render(request, "accounts/password_link_sent.html")
    return form_page(request, "accounts/forgotten_password.html", form)


@method_decorator(login_not_required, name="dispatch")
class NewPasswordView(auth_views.PasswordResetConfirmView):
    """Where the link of the mail leads. Django keeps the token out of the address and of Referer."""

    template_name = "accounts/new_password.html"
    form_class = forms.NewPasswordForm

    def form_valid(self, form) -> HttpResponse:
        with transaction.atomic():
            user = form.save()
            end_sessions(user)
            tasks.send_password_changed.defer(user_id=user.pk)
        self.request.session.flush()
        messages.success(self.request, _("Your new password is set. Log in with it."))
        response = redirect("home")
        remember_after_password(self.request, response, user)
        return response


def change_password(request: HttpRequest, form_class) -> HttpResponse:
    """A new password for who is signed in; all other sessions end at once."""
    form = form_class(request, request.POST or None)
    if form.is_valid():
        with transaction.atomic():
            form.save()
            update_session_auth_hash(request, request.user)
            request.session.save()
            end_sessions(request.user, keep=request.session.session_key)
            tasks.send_password_changed.defer(user_id=request.user.pk)
        messages.success(request, _("Your password is changed."))
        return redirect("account")
    return form_page(request, "accounts/change_password.html", form)


def change_email(request: HttpRequest) -> HttpResponse:
    """A new address takes effect at once; both addresses are told."""
    form = forms.EmailForm(request, request.POST or None)
    if form.is_valid():
        user, old_address = request.user, request.user.email
        with transaction.atomic():
            user.email, user.email_confirmed_at = form.cleaned_data["email"], None
            user.save(update_fields=["email", "email_confirmed_at"])
            tasks.send_address_check.defer(user_id=user.pk)
            tasks.send_address_changed.defer(user_id=user.pk, old_address=old_address)
        messages.success(
            request, _("Your email address is changed. We have sent an email to %s.") % user.email
        )
        return redirect("account")
    return form_page(request, "accounts/change_email.html", form)


@login_not_required
def confirm_email(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link of the confirmation mail leads; following it twice does no harm."""
    read = read_confirmation(token)
    confirmed = read is not None and User.objects.filter(pk=read[0], email=read[1])
    if not confirmed:
        return render(request, "accounts/link_is_old.html", status=404)
    confirmed.filter(email_confirmed_at=None).update(email_confirmed_at=Now())
    return render(request, "accounts/email_confirmed.html")


def resend(request: HttpRequest, task) -> None:
    """Queue a mail again for who is signed in, within the limit; say so on the next page."""
    try:
        throttle.mail(request.user.username, throttle.client_address(request))
    except throttle.TooManyTries as refused:
        messages.error(request, " ".join(forms.too_many_tries(refused).messages))
        return
    task.defer(user_id=request.user.pk)
    messages.success(request, _("We have sent the email again, to %s.") % request.user.email)


sign_out = login_not_required(require_POST(auth_views.LogoutView.as_view()))
