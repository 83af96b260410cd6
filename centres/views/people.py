"""Who has access to a preparation centre: its people see it, its managers change it."""

from collections import defaultdict
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.views import form_page
from centres import managing
from centres.forms import InvitationForm
from centres.models import Invitation, Membership, PreparationCentre


@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """A section for each centre of the person."""
    own = list(_own(request))
    if not own:
        return no_centre(request)
    return render(request, "centres/people.html", {"sections": _sections(own), "now": timezone.now()})


def no_centre(request: HttpRequest) -> HttpResponse:
    """For an account that acts for no centre: whom to ask."""
    return render(request, "centres/no_centre.html")


@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    """A manager invites somebody to a centre; pk: the centre's."""
    centre = _managed(request, pk)
    form = InvitationForm(request, request.POST or None)
    if form.is_valid():
        invited = form.cleaned_data
        try:
            managing.invite(centre, request.user, language=get_language(), **invited)
        except ValidationError as refusal:
            form.add_error("email", refusal)
        else:
            messages.success(
                request, _("The invitation is on its way to %s. It works for 7 days.") % invited["email"]
            )
            return redirect("people")
    return form_page(request, "centres/invite.html", form, centre=centre)


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = _invitation(request, pk)
    said = _("The invitation of %s is withdrawn. Its link no longer works.") % invitation.email
    return _do(request, lambda: managing.withdraw(invitation, request.user), said)


@require_POST
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    """A new link to the same address; the earlier one dies."""
    invitation = _invitation(request, pk)
    form = InvitationForm(request, {"email": invitation.email, "role": invitation.role})
    if not form.is_valid():
        messages.error(request, " ".join(form.non_field_errors()))
        return redirect("people")

    def again() -> None:
        managing.invite(
            invitation.centre,
            request.user,
            email=invitation.email,
            role=invitation.role,
            language=invitation.language,
        )

    said = _("A new link is on its way to %s. The earlier one no longer works.") % invitation.email
    return _do(request, again, said)


@require_POST
def change_role(request: HttpRequest, pk: int) -> HttpResponse:
    membership = _membership(request, pk)
    role = request.POST.get("role")
    if role not in Membership.Role.values:
        raise Http404
    words = {
        Membership.Role.MANAGER: _("%s is now a manager."),
        Membership.Role.MEMBER: _("%s is now a member."),
    }[Membership.Role(role)]
    return _do(
        request,
        lambda: managing.change_role(membership, request.user, role),
        words % membership.user,
    )


@require_http_methods(["GET", "POST"])
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks, then ends somebody's access."""
    membership = _membership(request, pk)
    if membership.user_id == request.user.pk:
        return redirect("leave", pk)
    if request.method == "POST":
        said = _("%(person)s no longer has access for %(centre)s, and is signed out.")
        return _do(
            request,
            lambda: managing.remove(membership, request.user),
            said % {"person": membership.user, "centre": membership.centre},
        )
    return _sure(
        request,
        title=_("Remove %s?") % membership.user,
        text=_(
            "The person no longer sees what belongs to %s, and is signed out at once. They are told by email."
        )
        % membership.centre,
        button=_("Remove"),
    )


@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks, then ends one's own access."""
    membership = get_object_or_404(_own(request), pk=pk)
    if request.method == "POST":
        try:
            managing.remove(membership, request.user)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
            return redirect("people")
        logout(request)
        messages.success(request, _("You no longer have access for %s.") % membership.centre)
        return redirect("home")
    return _sure(
        request,
        title=_("Leave %s?") % membership.centre,
        text=_(
            "You no longer see what belongs to this centre, and are signed out everywhere. To come back you"
            " need a new invitation."
        ),
        button=_("Leave"),
    )


@require_POST
def second_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Whether a centre asks its people for the second step; pk: the centre's."""
    centre = _managed(request, pk)
    wanted = request.POST.get("wanted") == "yes"
    said = (
        _("From now on everybody at %s signs in with a second step.")
        if wanted
        else _("%s no longer asks its people for a second step.")
    )
    return _do(request, lambda: managing.ask_second_factor(centre, request.user, wanted), said % centre)


# --- What they share ------------------------------------------------------------------------------


def _own(request: HttpRequest):
    """The person's memberships, by the centre's name."""
    return request.user.memberships.select_related("centre").order_by("centre__name")


def _managed(request: HttpRequest, pk: int) -> PreparationCentre:
    """A centre that the person manages; 404 for one that is not theirs, 403 for who does not manage it."""
    own = get_object_or_404(_own(request), centre=pk)
    if own.role != Membership.Role.MANAGER:
        raise PermissionDenied
    return own.centre


def _membership(request: HttpRequest, pk: int) -> Membership:
    """Somebody's membership of a centre that the person manages."""
    found = get_object_or_404(
        Membership.objects.select_related("user", "centre"), pk=pk, centre__memberships__user=request.user
    )
    _managed(request, found.centre_id)
    return found


def _invitation(request: HttpRequest, pk: int) -> Invitation:
    """An open invitation of a centre that the person manages."""
    found = get_object_or_404(
        Invitation.objects.open().select_related("centre"), pk=pk, centre__memberships__user=request.user
    )
    _managed(request, found.centre_id)
    return found


def _do(request: HttpRequest, verb: Callable[[], None], said: str) -> HttpResponse:
    """Run the verb and say what was done, or why not; back to the list."""
    try:
        verb()
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, said)
    return redirect("people")


def _sure(request: HttpRequest, **context) -> HttpResponse:
    return render(request, "centres/sure.html", {**context, "back": reverse("people")})


def _sections(own: list[Membership]) -> list[dict]:
    """What the page shows of each centre; the same number of queries for one and for many."""
    centres = [membership.centre_id for membership in own]
    people, open_invitations = defaultdict(list), defaultdict(list)
    members = Membership.objects.filter(centre__in=centres).select_related("user")
    for each in members.order_by("role", "user__username"):
        people[each.centre_id].append(each)
    managed = [each.centre_id for each in own if each.role == Membership.Role.MANAGER]
    invitations = Invitation.objects.open().filter(centre__in=managed).select_related("invited_by")
    for invitation in invitations.order_by("email"):
        open_invitations[invitation.centre_id].append(invitation)
    return [
        {
            "own": each,
            "centre": each.centre,
            "manages": each.role == Membership.Role.MANAGER,
            "people": people[each.centre_id],
            "invitations": open_invitations[each.centre_id],
        }
        for each in own
    ]
