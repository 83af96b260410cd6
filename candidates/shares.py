"""The pages of links to a result: the candidate's own, and the one that a reader without an account opens."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.views import form_page
from candidates import seeing, sharing, uncovering
from candidates.share_form import ShareForm
from results import wording
from results.chart import scale_chart
from results.models import Share, Status
from results.models.sharing import MOST_OPEN

# Of the page without a result, by what it says. Who holds a link that worked once learns why it does not
# now; who tries addresses learns nothing, since no guess finds one.
_STATUS = {"unknown": 404, Share.State.REVOKED: 410, Share.State.ENDED: 410, "paused": 200, "preview": 200}


def shares(request: HttpRequest) -> HttpResponse:
    """The account's links: what they show, whether they work, when they were opened."""
    found = sharing.links_of(request.user)
    working = [link for link in found if link.share.state == Share.State.WORKS]
    context = {
        "working": working,
        "past": [link for link in found if link not in working],
        "sights": [sight for sight in seeing.sights_of(request.user) if _can_be_shared(request, sight)],
    }
    return render(request, "candidates/shares.html", context)


def new(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a link to the result of one entry; where none shows, its page says why. pk: of the entry."""
    back = redirect("statement-of", pk)
    sight = seeing.sight_of(request.user, pk)
    if sight is None:
        raise Http404
    if not _can_be_shared(request, sight):
        return back
    form = ShareForm(sight.entry.session.exam_facts, request.POST or None)
    if form.is_valid():
        outcome, made = sharing.make(
            request.user,
            sight.entry,
            for_whom=form.cleaned_data["for_whom"],
            shows=form.what,
            last_day=form.last_day,
        )
        if outcome is sharing.Outcome.MADE:
            messages.success(request, _("The link is ready. Copy it and send it to whom it is for."))
            return redirect(f"{reverse('sharing')}#link-{made}")
        if outcome is sharing.Outcome.NOT_OPEN:  # stopped this moment
            return back
        form.add_error(None, _too_many())
    return form_page(request, "candidates/share.html", form, entry=sight.entry)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a link at once; pressed twice it says the same, and another's is not found."""
    if not sharing.revoke(request.user, pk) and not Share.objects.filter(user=request.user, pk=pk).exists():
        raise Http404
    messages.success(request, _("The link is revoked: it no longer shows anything."))
    return redirect("sharing")


@login_not_required
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """What a link shows now, for whoever has it; indexed and kept by nobody.

    What fetches it for a preview of a message gets no result, and is no opening; a reader who is taken for
    one goes on by a press.
    """
    response = _shared(request, token)
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


def _shared(request: HttpRequest, token: str) -> HttpResponse:
    found = sharing.find(token)
    if found is None:
        return _without_result(request, "unknown")
    if found.share.state != Share.State.WORKS:
        return _without_result(request, found.share.state)
    if found.statement is None:
        return _without_result(request, "paused")
    if "open" not in request.GET and _is_fetched_ahead(request):
        return _without_result(request, "preview")
    own = request.user.pk == found.share.user_id
    if request.method == "GET" and not own:
        sharing.mark_opened(found.share)
    exam = found.entry.session.exam_facts
    context = {
        "entry": found.entry,
        "exam": exam,
        "share": found.share,
        "statement": found.statement,
        "wording": wording.of(exam, found.statement),
        "skills": [(skill, found.statement.score(skill)) for skill in exam.skills],
        "chart": scale_chart(exam, found.statement) if found.share.shows == Share.Shows.SKILLS else None,
        "own": own,
        "host": request.get_host(),
    }
    return render(request, "candidates/shared.html", context)


def _is_fetched_ahead(request: HttpRequest) -> bool:
    ahead = "prefetch" in request.headers.get("sec-purpose", "")
    return ahead or sharing.is_previewer(request.headers.get("user-agent", ""))


def _without_result(request: HttpRequest, state: str) -> HttpResponse:
    """The same for everybody whose link is in this state: it names no person, exam or session."""
    return render(request, "candidates/shared_without.html", {"state": state}, status=_STATUS[state])


def _can_be_shared(request: HttpRequest, sight: seeing.Sight) -> bool:
    """Whether the candidate sees a result: it shows, it is no code in its place, and it is uncovered."""
    return (
        sight.statement is not None
        and sight.statement.status == Status.RESULT
        and not uncovering.is_covered(request.user, request.session, sight.statement)
    )


def _too_many() -> str:
    return ngettext(
        "%(most)d link of yours works already, and there can be no more at a time. Revoke one that is no"
        " longer needed, then make this one.",
        "%(most)d links of yours work already, and there can be no more at a time. Revoke one that is no"
        " longer needed, then make this one.",
        MOST_OPEN,
    ) % {"most": MOST_OPEN}
