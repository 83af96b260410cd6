"""The journey of a candidate: register, wait, see."""

import random

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import views as account_views
from accounts.devices import remember_device
from accounts.models import Choice, User
from accounts.passwords import suggest_password
from candidates import forms, seeing, tasks, texts, uncovering
from candidates.registering import record_choice, wants_updates
from results import explaining, wording
from results.amendments import amendments
from results.chart import scale_chart
from results.models import CandidateVersion

# Seconds. Without JavaScript the page asks again at the instant, spread a little, at the latest after
# six hours; while results are late, every five minutes.
LONGEST_REFRESH = 6 * 60 * 60
REFRESH_JITTER = 4
REFRESH_WHILE_LATE = 5 * 60


class HomeView(account_views.SignInView):
    """Home: the box “Log in” and the way to register."""

    template_name = "candidates/home.html"
    authentication_form = forms.CandidateSignInForm
    next_page = reverse_lazy("statement")


@login_not_required
def register(request: HttpRequest) -> HttpResponse:
    if "suggest" in request.POST:
        form = forms.RegistrationForm(request, initial=request.POST.dict())
        return account_views.form_page(
            request, "candidates/register.html", form, suggestion=suggest_password()
        )
    form = forms.RegistrationForm(request, request.POST or None)
    if form.is_valid() and (user := form.save()):
        request.session["registered"] = user.pk
        response = redirect("registered")
        remember_device(request, response, user.username)
        return response
    return account_views.form_page(request, "candidates/register.html", form)


@login_not_required
def lost_slip(request: HttpRequest) -> HttpResponse:
    """Ask the exams office for a new slip."""
    form = forms.LostSlipForm(request, request.POST or None)
    if form.is_valid():
        form.save()
        return redirect("lost-slip-sent")
    return account_views.form_page(request, "candidates/lost_slip.html", form)


@login_not_required
def lost_slip_sent(request: HttpRequest) -> HttpResponse:
    """What happens next: the same for whoever asked, and whatever they wrote."""
    return render(request, "candidates/lost_slip_sent.html")


@login_not_required
def registered(request: HttpRequest) -> HttpResponse:
    """Registered: what happens next. Only for the browser that has just registered."""
    user = User.objects.filter(pk=request.session.get("registered", 0)).first()
    sight = seeing.sight_of(user) if user else None
    if sight is None:
        return redirect("home")
    context = {
        "entry": sight.entry,
        "opens_at": sight.entry.session.release.opens_at,
        "is_open": sight.page is seeing.View.STATEMENT,
        "email": user.email,
    }
    return render(request, "candidates/registered.html", context)


def statement(request: HttpRequest) -> HttpResponse:
    """The one address of a result: before the instant it waits, from the instant it shows.

    Or, if the candidate wishes, from the press of a button: until then the page is not told the statement.
    """
    sight = seeing.sight_of(request.user)
    if sight is None:
        raise Http404
    if sight.statement and uncovering.is_covered(request.user, request.session, sight.statement):
        covered_anew = uncovering.is_covered_anew(request.session, sight.statement)
        context = {"entry": sight.entry, "covered_anew": covered_anew}
        return render(request, "results/covered.html", context)
    versions = []
    if sight.statement:
        seeing.mark_seen(request.session, sight.statement)
        versions = seeing.versions_of(sight.statement)
    return statement_page(request, sight, versions)


@require_POST
def uncover(request: HttpRequest) -> HttpResponse:
    """The button of a covered result; focus goes where the address points, to the result itself."""
    sight = seeing.sight_of(request.user)
    if sight and sight.statement:
        uncovering.uncover(request.session, sight.statement)
    return redirect(f"{reverse('statement')}#outcome")


def statement_page(
    request: HttpRequest, sight: seeing.Sight, versions: list[CandidateVersion], **more
) -> HttpResponse:
    """The page of what a candidate sees; versions: those that were shown, for what was amended.

    more: what else the templates are told (candidates/previewing.py).
    """
    entry = sight.entry
    context = {"entry": entry, "release": entry.session.release, "opens_at": entry.session.release.opens_at}
    if sight.page is seeing.View.STATEMENT:
        exam = entry.session.exam_facts
        context |= {
            "exam": exam,
            "statement": sight.statement,
            "certificate": sight.certificate,
            "amendments": amendments(exam, versions),
            "chart": scale_chart(exam, sight.statement),
            "wording": wording.of(exam, sight.statement),
            "explained": explaining.of(exam, sight.statement),
        }
    elif sight.page is seeing.View.WAITING:
        context |= {
            "seconds_left": sight.seconds_left,
            "refresh_after": min(sight.seconds_left, LONGEST_REFRESH) + random.randint(0, REFRESH_JITTER),  # noqa: S311
        }
    else:
        context["stop"] = sight.stop
        context["refresh_after"] = REFRESH_WHILE_LATE + random.randint(0, REFRESH_WHILE_LATE)  # noqa: S311
    return render(request, f"results/{sight.page}.html", {**context, **more})


@login_not_required
def forgotten_password(request: HttpRequest) -> HttpResponse:
    return account_views.forgotten_password(request, forms.CandidateForgottenPasswordForm)


class NewPasswordView(account_views.NewPasswordView):
    form_class = forms.CandidateNewPasswordForm


def change_password(request: HttpRequest) -> HttpResponse:
    return account_views.change_password(request, forms.CandidateChangePasswordForm)


def account(request: HttpRequest) -> HttpResponse:
    return render(request, "candidates/account.html", {"wants_updates": wants_updates(request.user)})


@require_POST
def choose_updates(request: HttpRequest) -> HttpResponse:
    agreed = request.POST.get("updates") == "yes"
    record_choice(request.user, Choice.Kind.UPDATES, agreed=agreed)
    if agreed:
        messages.success(request, _("You will get updates by email."))
    else:
        messages.success(request, _("You will get no more updates by email."))
    return redirect("account")


@require_POST
def choose_cover(request: HttpRequest) -> HttpResponse:
    """Whether the own result shows at once or at a button; back to the page with the choice."""
    covers = request.POST.get("cover") == "yes"
    uncovering.choose(request.user, request.session, covers=covers)
    if covers:
        messages.success(request, _("Your result will stay covered until you press the button."))
    else:
        messages.success(request, _("Your result will show straight away."))
    return redirect("account" if request.POST.get("back") == "account" else "statement")


@require_POST
def resend_confirmation(request: HttpRequest) -> HttpResponse:
    account_views.resend(request, tasks.send_confirmation)
    return redirect("account")


@login_not_required
def text_page(request: HttpRequest, name: str) -> HttpResponse:
    """One of the long texts: terms, privacy, help."""
    titles = {"terms": _("Terms of use"), "privacy": _("Privacy"), "help": _("Help")}
    context = {"title": titles[name], "text": texts.path(name), "terms_version": texts.TERMS_VERSION}
    return render(request, "candidates/text.html", context)
