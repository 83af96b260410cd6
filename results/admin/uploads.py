"""Loading a file: choose it, look at what it would do, load exactly that; and the record of all files."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.acting import LONGEST_REASON
from accounts.confirming import needs_fresh_identity
from results import uploading
from results.admin.common import NOTHING, ForReading
from results.models import ExamSession, Result, Status, Upload
from results.models.uploads import LONGEST_FILE_NAME
from results_portal.changes import ChangesAdmin
from results_portal.lists import short

State = Upload.State


class ChooseForm(forms.Form):
    session = forms.ModelChoiceField(ExamSession.objects.all(), label=gettext_lazy("Exam session"))
    kind = forms.ChoiceField(label=gettext_lazy("What the file holds"), widget=forms.RadioSelect)
    file = forms.FileField(
        label=gettext_lazy("File"),
        max_length=LONGEST_FILE_NAME,
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
        help_text=gettext_lazy("CSV (UTF-8) or Excel workbook (.xlsx), up to 30 MB."),
    )

    def __init__(self, request: HttpRequest) -> None:
        initial = {"session": request.GET.get("session"), "kind": request.GET.get("kind")}
        super().__init__(request.POST or None, request.FILES or None, initial=initial)
        self.fields["kind"].choices = [(name, kind.label) for name, kind in uploading.KINDS.items()]
        if getattr(request, "file_is_too_large", False):
            self.fields["file"].error_messages["required"] = uploading.too_large()


class LoadForm(forms.Form):
    """Carries which file's preview was seen."""

    sha256 = forms.CharField(widget=forms.HiddenInput)


class CorrectForm(LoadForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason for the correction"),
        max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy("Candidates and preparation centres read this beside the new result."),
    )


@admin.register(Upload)
class UploadAdmin(ForReading, ChangesAdmin):
    """Nothing of a file is changed by hand; results.uploading moves it on."""

    list_display = ("name", "what", "session", "state_in_words", "did", "uploaded_by", "chosen")
    list_filter = ("state", "session")
    list_select_related = ("session", "uploaded_by")
    search_fields = ("name", "sha256")
    date_hierarchy = "uploaded_at"
    show_full_result_count = False

    def has_add_permission(self, request):
        return request.user.has_perm(uploading.MAY_LOAD)

    def lookup_allowed(self, lookup, value, request):
        """What rows hold is for who may see them: no answer to ?report__icontains=176 gives a mark away."""
        return lookup.split("__")[0] not in {"report", "content"} and super().lookup_allowed(
            lookup, value, request
        )

    def changelist_view(self, request, extra_context=None):
        uploading.settle()
        return super().changelist_view(request, extra_context)

    @admin.display(description=gettext_lazy("what"), ordering="kind")
    def what(self, upload: Upload) -> str:
        return kind_of(upload)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_in_words(self, upload: Upload) -> str:
        return state_of(upload)

    @admin.display(description=gettext_lazy("added, changed, unchanged"))
    def did(self, upload: Upload) -> str:
        if upload.added is None:
            return NOTHING
        return f"{upload.added} + {upload.changed} + {upload.unchanged}"

    @admin.display(description=gettext_lazy("chosen"), ordering="uploaded_at")
    def chosen(self, upload: Upload) -> str:
        return short(upload.uploaded_at)

    def get_urls(self):
        pages = {"progress": self.progress_view, "load": self.load_view, "cancel": self.cancel_view}
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"results_upload_{name}")
            for name, view in pages.items()
        ]
        return own + super().get_urls()

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ChooseForm(request)
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            try:
                upload = uploading.choose(given["session"], given["kind"], given["file"], request.user)
            except ValidationError as refusal:
                form.add_error("file", refusal)
            else:
                return redirect("admin:results_upload_change", upload.pk)
        context = {"title": _("Load a file"), "form": form}
        return self._page(request, "admin/results/upload_form.html", context)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        uploading.settle()
        upload = self.get_object(request, unquote(object_id))
        if upload is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, upload):
            raise PermissionDenied
        return self._upload_page(request, upload)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How far the job is, for static/js/progress.js."""
        uploading.settle()
        upload = self._get_upload(request, pk)
        return JsonResponse(
            {
                "is_running": upload.is_running,
                "percent": percent_of(upload),
                "words": progress_in_words(upload) if upload.is_running else "",
            }
        )

    def load_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        upload = self._get_upload(request, pk)
        if request.method != "POST":
            return redirect("admin:results_upload_change", pk)
        if not self.has_add_permission(request):
            raise PermissionDenied
        view = needs_fresh_identity(self._load) if upload.corrected else self._load
        return view(request, upload)

    def _load(self, request: HttpRequest, upload: Upload) -> HttpResponse:
        form = _load_form(upload, request.POST)
        if not form.is_valid():
            return self._upload_page(request, upload, form)
        given = form.cleaned_data
        try:
            uploading.confirm(upload, request.user, given["sha256"], given.get("reason", ""))
        except ValidationError as refusal:
            upload.refresh_from_db()
            if upload.state != State.CHECKED:
                messages.warning(request, " ".join(refusal.messages))
                return redirect("admin:results_upload_change", upload.pk)
            form.add_error(None, refusal)
            return self._upload_page(request, upload, form)
        return redirect("admin:results_upload_change", upload.pk)

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        upload = self._get_upload(request, pk)
        if request.method == "POST":
            if not self.has_add_permission(request):
                raise PermissionDenied
            try:
                uploading.cancel(upload, request.user)
            except ValidationError as refusal:
                messages.warning(request, " ".join(refusal.messages))
            else:
                messages.success(request, _("Cancelled: nothing was stored, and the file is erased."))
        return redirect("admin:results_upload_change", pk)

    def _get_upload(self, request: HttpRequest, pk: int) -> Upload:
        upload = Upload.objects.with_people().filter(pk=pk).first()
        if upload is None:
            raise Http404
        if not self.has_view_permission(request, upload):
            raise PermissionDenied
        return upload

    def _upload_page(
        self, request: HttpRequest, upload: Upload, form: LoadForm | None = None
    ) -> HttpResponse:
        may_load = self.has_add_permission(request) and upload.state == State.CHECKED
        context = {
            "title": upload.name,
            "upload": upload,
            "facts": _facts(upload),
            "state": state_of(upload),
            "kind": kind_of(upload),
            "percent": percent_of(upload),
            "words": progress_in_words(upload) if upload.is_running else "",
            "outcomes": _outcomes(upload),
            "centres": _centres(upload),
            "earlier_sessions": upload.report.get("earlier_sessions", []),
            "notes": upload.report.get("notes", []),
            "changed_meanwhile": upload.report.get("changed_meanwhile") and upload.state == State.CHECKED,
            "faults": _findings(upload, "faults"),
            "warnings": _findings(upload, "warnings"),
            # They name candidates, and repeat marks.
            "may_see_rows": request.user.has_perm("results.view_statement"),
            "form": (form or _load_form(upload)) if may_load else None,
            "may_cancel": self.has_add_permission(request)
            and upload.state in {State.CHECKING, State.CHECKED},
            "beside": Upload.objects.with_people()
            .filter(session=upload.session_id, state__in=[*Upload.RUNNING, State.CHECKED])
            .exclude(pk=upload.pk),
            "stored": _stored(upload),
            "original": upload,
        }
        return self._page(request, "admin/results/upload.html", context)

    def _page(self, request: HttpRequest, template: str, context: dict) -> HttpResponse:
        page = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, template, page)


def kind_of(upload: Upload) -> str:
    kind = uploading.KINDS.get(upload.kind)
    return str(kind.label) if kind else upload.kind


def state_of(upload: Upload) -> str:
    return upload.get_trouble_display() or upload.get_state_display()


def percent_of(upload: Upload) -> int | None:
    """Of the file that is read; None where nobody can say how much is left."""
    return upload.progress if upload.started_at and upload.progress < 100 else None


def progress_in_words(upload: Upload) -> str:
    if not upload.started_at:
        return _("It waits for its turn. If that takes minutes, the office’s worker does not run.")
    if upload.progress < 100:
        return _("Reading the file: %d %%.") % upload.progress
    if upload.state == State.CHECKING:
        return _("Comparing all rows with what is stored. This takes about as long as reading.")
    return _("Storing all rows at once. This takes about as long as reading.")


def _load_form(upload: Upload, data=None) -> LoadForm:
    form_class = CorrectForm if upload.corrected else LoadForm
    return form_class(data, initial={"sha256": upload.sha256, "reason": upload.reason})


def _facts(upload: Upload) -> list[tuple[str, str]]:
    """The record: who loaded which file, and when."""
    facts = [
        (_("Exam session"), str(upload.session)),
        (_("Kind"), kind_of(upload)),
        (_("File"), f"{upload.name} ({filesizeformat(upload.size)})"),
        (_("SHA-256"), upload.sha256),
        (_("Chosen"), f"{short(upload.uploaded_at)}, {upload.uploaded_by}"),
    ]
    if upload.confirmed_by:
        facts.append((_("Confirmed"), f"{short(upload.confirmed_at)}, {upload.confirmed_by}"))
    if upload.finished_at:
        facts.append((_("Ended"), short(upload.finished_at)))
    if upload.reason:
        facts.append((_("Reason for the correction"), upload.reason))
    return facts


def _share(number: int, total: int) -> str:
    return f"{number_format(round(100 * number / total, 1), 1)} %" if total else NOTHING


def _outcomes(upload: Upload) -> list[tuple[str, int, str, str]]:
    """Label, number, share, and the share in the last sessions; in the order of the scale."""
    now, before = upload.report.get("by_outcome", {}), upload.report.get("earlier", {})
    labels = dict(Result.choices) | dict(Status.choices)
    totals = sum(now.values()), sum(before.values())
    return [
        (label, now.get(key, 0), _share(now.get(key, 0), totals[0]), _share(before.get(key, 0), totals[1]))
        for key, label in labels.items()
        if key in now or (now and key in before)
    ]


def _centres(upload: Upload) -> list[tuple[str, int, str]]:
    counted = upload.report.get("by_centre", {})
    total = sum(counted.values())
    return [
        (name or _("without a preparation centre"), number, _share(number, total))
        for name, number in counted.items()
    ]


def _findings(upload: Upload, which: str) -> dict:
    told = upload.report.get(which, {"total": 0, "first": []})
    return told | {"more": told["total"] - len(told["first"])}


def _stored(upload: Upload) -> str:
    """Where to see what the file brought."""
    if upload.state != State.LOADED:
        return ""
    if upload.kind != "results":
        return reverse("admin:results_entry_changelist", query={"session__id__exact": upload.session_id})
    loaded = {"created_at__gte": upload.started_at, "created_at__lte": upload.finished_at}
    query = {"entry__session__id__exact": upload.session_id} | {
        name: moment.isoformat() for name, moment in loaded.items()
    }
    return reverse("admin:results_statement_changelist", query=query)
