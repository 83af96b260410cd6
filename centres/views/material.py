"""Preparation material: browse, search, look at one, download."""

from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from centres import browsing, seeing, sending
from centres.models import Kind, Material, PreparationCentre
from centres.models.material import SKILL_CHOICES
from results.exams import EXAM_CHOICES

A_PAGE = 20


class Search(forms.Form):
    """What to show, from the address; what makes no sense there is passed over."""

    q = forms.CharField(label=_("Words in title or description"), max_length=browsing.LONGEST_SEARCH)
    exam = forms.ChoiceField(label=_("Exam"), choices=[("", _("All exams")), *EXAM_CHOICES])
    skill = forms.ChoiceField(label=_("Skill"), choices=[("", _("All skills")), *SKILL_CHOICES])
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("All kinds")), *Kind.choices])
    new = forms.BooleanField(label=_("Only what is new since your last visit"))

    def __init__(self, data) -> None:
        super().__init__(data)
        for field in self.fields.values():
            field.required = False
        self.is_valid()

    def said(self) -> dict[str, str | bool]:
        return {name: value for name, value in self.cleaned_data.items() if value}


@require_safe
def materials(request: HttpRequest) -> HttpResponse:
    """The newest for the exams of the centre's students, and the other exams; or what was searched for."""
    centres = _centres_of(request)
    since = browsing.look(request.user)
    search = Search(request.GET)
    said = search.said()
    context = {"search": search, "since": since}
    if said.keys() - {"new"} or (said and since):
        found = browsing.find(
            exam=said.get("exam", ""),
            skill=said.get("skill", ""),
            kind=said.get("kind", ""),
            words=said.get("q", ""),
            since=since if "new" in said else None,
        )
        page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
        return render(request, "centres/material_found.html", {**context, "page": page})
    shelves, own = browsing.shelves(since), browsing.exams_of(centres)
    open_shelves = [shelf for shelf in shelves if shelf.exam.code in own] or shelves
    context |= {
        "shelves": open_shelves,
        "others": [shelf for shelf in shelves if shelf not in open_shelves],
        "new": browsing.find(since=since).count() if since else 0,
    }
    return render(request, "centres/material.html", context)


@require_safe
def one(request: HttpRequest, public_id: UUID) -> HttpResponse:
    _centres_of(request)
    material = _published(public_id)
    context = {"material": material, "since": browsing.look(request.user)}
    return render(request, "centres/one_material.html", context)


@require_safe
def file(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The file, or a part of it; counted where a download begins."""
    _centres_of(request)
    material = _published(public_id)
    try:
        response = sending.send(request, material)
    except sending.TooManyDownloads:
        places = (reverse(name, args=[public_id]) for name in ("material-file", "one-material"))
        return sending.busy(request, material.title, *places)
    try:
        if sending.is_download(request, response, material):
            browsing.count_download(material, request.user)
    except BaseException:
        response.close()
        raise
    return response


def _centres_of(request: HttpRequest) -> list[PreparationCentre]:
    """The person's centres; 404 for who has none (any more)."""
    centres = seeing.centres_of(request.user)
    if not centres:
        raise Http404
    return centres


def _published(public_id: UUID) -> Material:
    return get_object_or_404(Material.objects.published(), public_id=public_id)
