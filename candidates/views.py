"""The journey of a candidate: register, wait, see."""

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
from candidates.adding import exams_of
from candidates.registering import record_choice, wants_updates
from results import handing_out, showing
from results.document import Document
from results.models import CandidateVersion


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


def statement(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """The one address of a result: before the instant it waits, from the instant it shows.

    Or, if the candidate wishes, from the press of a button: until then the page is not told the statement.
    pk: of one of several entries; without it the one that has just opened or is about to.
    """
    sight = seeing.sight_of(request.user, pk)
    if sight is None:
        raise Http404
    if sight.statement and uncovering.is_covered(request.user, request.session, sight.statement):
        covered_anew = uncovering.is_covered_anew(request.session, sight.statement)
        context = {"entry": sight.entry, "covered_anew": covered_anew, "uncover_url": _url("uncover", pk)}
        return render(request, "results/covered.html", context)
    versions = []
    if sight.statement:
        seeing.mark_seen(request.session, sight.statement)
        versions = seeing.versions_of(sight.statement)
    return statement_page(request, sight, versions, pdf_url=_url("statement-pdf", pk))


def statement_pdf(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """The statement as a document, whenever its page would show it; else the page that says why not."""
    back = _url("statement", pk)

    def answer() -> HttpResponse:
        sight = seeing.sight_of(request.user, pk)
        if sight is None:
            raise Http404
        if sight.statement is None or uncovering.is_covered(request.user, request.session, sight.statement):
            return redirect(back)
        seeing.mark_seen(request.session, sight.statement)
        versions = seeing.versions_of(sight.statement)
        return handing_out.as_pdf(Document(sight.entry, sight.statement, versions))

    return handing_out.when_it_is_your_turn(request, answer, back)


def _url(name: str, pk: int | None) -> str:
    """The address of a page about the account's one result, or about the one with that entry."""
    return reverse(f"{name}-of", args=[pk]) if pk else reverse(name)


@require_POST
def uncover(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """The button of a covered result; focus goes where the address points, to the result itself."""
    sight = seeing.sight_of(request.user, pk)
    if sight and sight.statement:
        uncovering.uncover(request.session, sight.statement)
    return redirect(f"{_url('statement', pk)}#outcome")


def statement_page(
    request: HttpRequest, sight: seeing.Sight, versions: list[CandidateVersion], **more
) -> HttpResponse:
    """The page of what a candidate sees; versions: those that were shown, for what was amended.

    more: what else the templates are told (pdf_url; candidates/previewing.py).
    """
    entry = sight.entry
    context = {"entry": entry, "release": entry.session.release, "opens_at": entry.session.release.opens_at}
    if sight.page is seeing.View.STATEMENT:
        context |= showing.statement(entry, sight.statement, versions)
        context["certificate"] = sight.certificate
    elif sight.page is seeing.View.WAITING:
        context |= showing.waiting(sight.seconds_left)
    else:
        context |= showing.late()
        context["stop"] = sight.stop
    return render(request, f"results/{sight.page}.html", {**context, **more})


@login_not_required
def forgotten_password(request: HttpRequest) -> HttpResponse:
    return account_views.forgotten_password(request, forms.CandidateForgottenPasswordForm)


class NewPasswordView(account_views.NewPasswordView):
    form_class = forms.CandidateNewPasswordForm


def change_password(request: HttpRequest) -> HttpResponse:
    return account_views.change_password(request, forms.CandidateChangePasswordForm)


def account(request: HttpRequest) -> HttpResponse:
    context = {"exams": exams_of(request.user), "wants_updates": wants_updates(request.user)}
    return render(request, "candidates/account.html", context)


@require_POST
def choose_updates(request: HttpRequest) -> HttpResponse:
    agreed = request.POST.get("updates") == "yes"
    record_choice(request.user, Choice.Kind.UPDATES, agreed=agreed)
    if agreed:
        messages.success(request, _("You will get updates by email."))
    else:
        messages.success(request, _("You will get no more updates by email."))
    return redirect("my-data" if request.POST.get("back") == "my-data" else "account")


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
