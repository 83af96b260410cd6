"""Getting in: a school asks for access; an invitation leads to an account or to a further centre."""

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts import second_factor
from accounts.forms import NewPasswordForm
from accounts.models import Face, User
from accounts.sessions import note_password
from accounts.views import form_page, remember_after_password
from centres import joining
from centres.forms import AccessRequestForm
from centres.models import Invitation

LINK = "invitation"  # key in the session, as Django keeps the token of a new password
IN_SESSION = "accept"  # in the address, in place of the token


@login_not_required
def ask_for_access(request: HttpRequest) -> HttpResponse:
    """Who may register, and the form of a school that is not there yet."""
    form = AccessRequestForm(request, request.POST or None)
    if form.is_valid():
        form.save()
        return redirect("access-asked")
    return form_page(request, "centres/ask_for_access.html", form)


@login_not_required
def access_asked(request: HttpRequest) -> HttpResponse:
    """What happens next: the same for whoever asked, and whatever they wrote."""
    return render(request, "centres/access_asked.html")


@login_not_required
@sensitive_post_parameters()
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link of the mail leads: to an account, or for who has one to a further centre.

    The token goes from the address into the session, so that neither Referer nor history keep it.
    """
    if token != IN_SESSION:
        if _works(joining.find(token)):
            request.session[LINK] = token
            return redirect("invitation", IN_SESSION)
        return _dead(request)
    token = request.session.get(LINK, "")
    invited = joining.find(token) if token else None
    if not _works(invited):
        return _dead(request)
    if request.user.is_authenticated:
        return _join(request, invited, token)
    if User.objects.filter(username=invited.email).exists():
        return _page(request, "centres/invitation_log_in.html", invited)
    return _register(request, invited, token)


def _register(request: HttpRequest, invited: Invitation, token: str) -> HttpResponse:
    """A password, and then in."""
    account = User(username=invited.email, email=invited.email, face=Face.CENTRES)
    form = NewPasswordForm(request.POST if _is_for(request, invited) else None, user=account)
    if not form.is_valid():
        return form_page(request, "centres/invitation.html", form, invitation=invited)
    user = joining.register(token, form.cleaned_data["new_password1"])
    if user is None:  # another tab was faster
        return redirect("invitation", IN_SESSION)
    request.session.flush()
    login(request, user)
    note_password(request)
    messages.success(request, _("Welcome. You now have access for %s.") % invited.centre)
    response = redirect("sessions")
    remember_after_password(request, response, user)
    return response


def _join(request: HttpRequest, invited: Invitation, token: str) -> HttpResponse:
    """For who is signed in: a button; or, with another account, how to get to the right one."""
    user = request.user
    if user.username != invited.email:
        return _page(request, "centres/invitation_other.html", invited)
    if not user.is_verified() and second_factor.is_enrolled(user):
        return redirect(reverse("second-factor", query={"next": request.path}))
    if not _is_for(request, invited):
        return _page(request, "centres/invitation_join.html", invited)
    if joining.join(token, user):
        del request.session[LINK]
        messages.success(request, _("You now have access for %s.") % invited.centre)
        return redirect("sessions")
    return redirect("invitation", IN_SESSION)


def _is_for(request: HttpRequest, invited: Invitation) -> bool:
    """Whether a form was sent, from the page of this very invitation: another tab may hold another."""
    return request.method == "POST" and request.POST.get("invitation") == str(invited.pk)


def _works(invited: Invitation | None) -> bool:
    return (
        invited is not None
        and invited.accepted_at is None
        and invited.withdrawn_at is None
        and invited.expires_at > timezone.now()
    )


def _page(request: HttpRequest, template: str, invited: Invitation) -> HttpResponse:
    return render(request, template, {"invitation": invited})


def _dead(request: HttpRequest) -> HttpResponse:
    """One page for used, expired, withdrawn and unknown links."""
    return render(request, "centres/invitation_dead.html", status=404)
