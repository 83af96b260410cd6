"""All statements of a session in one file: asking for it, watching it being made, downloading it."""

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.sessions import background
from accounts.views import form_page
from centres import packing, seeing, sending
from centres.models import CurrentPack, Pack, PreparationCentre
from results.models import ExamSession

SHOWN = 10  # earlier files on the page
State = Pack.State


class PackForm(forms.Form):
    """Which file; the centre is asked for only where the person acts for several with students there."""

    kind = forms.ChoiceField(label=gettext_lazy("File"), choices=Pack.Kind.choices)
    language = forms.ChoiceField(label=gettext_lazy("Language of the explanations"))
    centre = forms.ModelChoiceField(None, label=gettext_lazy("Preparation centre"), empty_label=None)

    def __init__(self, data, *, centres: list[PreparationCentre]):
        super().__init__(data, initial={"language": get_language()})
        self.fields["language"].choices = [(code, _(name)) for code, name in settings.LANGUAGES]
        self.fields["centre"].queryset = PreparationCentre.objects.filter(
            pk__in=[centre.pk for centre in centres]
        )
        if len(centres) == 1:
            del self.fields["centre"]


def packs(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for a file of a session, and the files that were asked for."""
    centres, session = _session(request, code)
    having = [
        centre for centre in centres if len(centres) == 1 or centre.entries.filter(session=session).exists()
    ]
    form = PackForm(request.POST or None, centres=having)
    if form.is_valid():
        asked = form.cleaned_data
        try:
            pack = packing.ask(
                asked.get("centre", having[0]), session, asked["kind"], asked["language"], request.user
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return redirect("pack", session.code, pack.pk)
    made = Pack.objects.filter(centre__in=centres, session=session).select_related("centre")[:SHOWN]
    return form_page(
        request,
        "centres/packs.html",
        form,
        session=session,
        visible=seeing.statements_of(centres, session).count(),
        most=packing.MOST_IN_ONE_PDF,
        packs=[(pack, _state(pack)) for pack in made],
    )


def pack(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """What became of a file that was asked for: how far it is, or the button to download it."""
    found = _pack(request, code, pk)
    broken_off = packing.is_broken_off(found)
    current = found.state == State.READY and _is_current(found)
    context = {
        "session": found.session,
        "pack": found,
        "running": found.is_running and not broken_off,
        "broken_off": broken_off,
        "current": current,
        "newer": packing.newer_results(found) if current else 0,
        "percent": _percent(found),
        "words": _progress_in_words(found),
        "until": found.finished_at and found.finished_at + packing.KEPT_FOR,
    }
    return render(request, "centres/pack.html", context)


@background
def pack_progress(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """For static/js/progress.js."""
    found = _pack(request, code, pk)
    return JsonResponse(
        {
            "is_running": found.is_running and not packing.is_broken_off(found),
            "percent": _percent(found),
            "words": _progress_in_words(found),
        }
    )


@require_safe
def pack_file(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The file, while all of it is what the centre sees; else the page that says it is not.

    A large one waits while many are on their way: on results day everyone gets in.
    """
    found = _pack(request, code, pk)
    if found.state != State.READY or not _is_current(found):
        return redirect("pack", code, pk)
    name = packing.file_name(found)
    try:
        pieces = sending.one_of_few(packing.content(found), found.size)
    except sending.TooManyDownloads:
        places = (reverse(page, args=[code, pk]) for page in ("pack-file", "pack"))
        return sending.busy(request, name, *places)
    return StreamingHttpResponse(
        pieces,
        content_type="application/zip" if found.is_zip else "application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": found.size},
    )


def _session(request: HttpRequest, code: str) -> tuple[list[PreparationCentre], ExamSession]:
    centres = seeing.centres_of(request.user)
    return centres, get_object_or_404(seeing.sessions_of(centres), code=code)


def _pack(request: HttpRequest, code: str, pk: int) -> Pack:
    """A pack of a centre of which the user is a member now."""
    centres = seeing.centres_of(request.user)
    packs_of_theirs = Pack.objects.filter(centre__in=centres, session__code=code)
    found = packs_of_theirs.select_related("centre", "session").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _is_current(of: Pack) -> bool:
    return CurrentPack.objects.filter(pack=of.pk, centre=of.centre_id).exists()


def _state(of: Pack) -> str:
    if packing.is_broken_off(of):
        return str(Pack.State.FAILED.label)
    return str(of.get_state_display())


def _percent(of: Pack) -> int | None:
    return 100 * of.done // of.total if of.total else None


def _progress_in_words(of: Pack) -> str:
    if of.state == State.WAITING:
        return _("It waits for its turn; other files are being made.")
    return ngettext("%(done)d of %(total)d statement", "%(done)d of %(total)d statements", of.total) % {
        "done": of.done,
        "total": of.total,
    }
