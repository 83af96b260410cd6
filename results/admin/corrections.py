"""Correcting a candidate's statement by a form: the values, what would change, then a new version."""

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.acting import LONGEST_REASON
from results import correcting
from results.admin.common import ask
from results.admin.statements import looked_at, sees_marks
from results.amendments import differences
from results.exams import CEFR_LEVELS, Exam
from results.importing import FaultyFile, Report
from results.models import Outcome, Result, Statement, Status

ANOTHER = "another"


class CorrectionForm(forms.Form):
    """The columns of a results file for one candidate, and why."""

    status = forms.ChoiceField(label=gettext_lazy("Status"), choices=Status)
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=[("", "–"), *correcting.Reason.choices, (ANOTHER, gettext_lazy("Another reason:"))],
        help_text=gettext_lazy("The candidate and the preparation centre read it."),
    )
    another_reason = forms.CharField(
        label=gettext_lazy("Another reason"), max_length=LONGEST_REASON, required=False
    )

    def __init__(self, data, *, exam: Exam, statement: Statement):
        super().__init__(data)
        self.exam = exam
        self.fields["status"].initial = statement.status
        own: dict[str, forms.Field] = {}
        if not exam.reports_shields:
            own["overall"] = forms.CharField(label=_("Overall score"), required=False)
            results = [("", "–"), *Result.choices]
            own["result"] = forms.ChoiceField(label=_("Result"), choices=results, required=False)
            levels = [("", "–"), *((level, level) for level in CEFR_LEVELS)]
            own["cefr"] = forms.ChoiceField(label=_("CEFR level"), choices=levels, required=False)
        for skill in exam.skills:
            own[skill.value] = forms.CharField(label=skill.label, required=False)
        for name, field in own.items():
            value = getattr(statement, name)
            field.initial = "" if value is None else value
            if isinstance(field, forms.CharField) and not isinstance(field, forms.ChoiceField):
                field.widget.attrs |= {"inputmode": "numeric", "size": 5}
        self.fields |= own
        self.order_fields(["status", *own, "reason", "another_reason"])

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("reason") == ANOTHER and not cleaned.get("another_reason"):
            self.add_error("another_reason", _("Give a reason."))
        return cleaned

    @property
    def values(self) -> dict[str, str]:
        """By the columns of a results file; with a code in place of a result there are none."""
        columns = [name for name in self.fields if name not in {"reason", "another_reason"}]
        if self.cleaned_data["status"] != Status.RESULT:
            return {name: self.cleaned_data["status"] if name == "status" else "" for name in columns}
        return {name: self.cleaned_data[name] for name in columns}

    @property
    def why(self) -> str:
        reason = self.cleaned_data["reason"]
        return self.cleaned_data["another_reason"] if reason == ANOTHER else reason

    def add_faults(self, report: Report) -> None:
        """Say each fault of the import beside its field."""
        for finding in report.faults:
            expected = _("Expected: %s.") % finding.expected if finding.expected else ""
            words = f"{finding.wrong[:1].upper()}{finding.wrong[1:]}. {expected}".strip()
            self.add_error(finding.column if finding.column in self.fields else None, words)


def correct_view(model_admin, request: HttpRequest, pk: int) -> HttpResponse:
    """The form; then what would change, with a button that stores it."""
    if not (request.user.has_perm(correcting.MAY_CORRECT) and sees_marks(request)):
        raise PermissionDenied
    entry = model_admin.get_queryset(request).filter(pk=pk).first()
    statement = correcting.newest(entry) if entry else None
    if statement is None:
        raise Http404
    looked_at(request, statement)
    exam = entry.session.exam_facts
    form = CorrectionForm(request.POST or None, exam=exam, statement=statement)
    seen = request.POST.get("seen", "")
    seen = int(seen) if seen.isdecimal() and len(seen) < 19 else statement.pk
    page = {
        "title": _("Correct the statement of %s") % entry,
        "template": "admin/results/correct.html",
        "entry": entry,
        "statement": statement,
        "back": reverse("admin:results_entry_change", args=[pk]),
        "repeated": [("seen", statement.pk)],
    }
    if not form.is_valid():
        return ask(request, model_admin, form, **page)
    # Only what the page has shown is stored: a value that was changed since is shown again first.
    checked = signing.dumps([form.values, form.why])
    is_sure = "sure" in request.POST and _same(request.POST.get("checked", ""), checked)
    try:
        report = correcting.correct(
            entry, form.values, form.why, request.user, seen=seen, dry_run=not is_sure
        )
    except FaultyFile as faulty:
        form.add_faults(faulty.report)
        return ask(request, model_admin, form, **page)
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return ask(request, model_admin, form, **page)
    if not is_sure:
        page["changes"] = differences(exam, statement, _outcome(form.values))
        page["warnings"] = list(report.warnings)
        page["repeated"] += [("checked", checked)]
        page["why"] = correcting.reason_in_words(form.why)
        return ask(request, model_admin, form, **page)
    LogEntry.objects.log_actions(
        request.user.pk, [entry], CHANGE, change_message=_("Corrected: %s") % form.why, single_object=True
    )
    messages.success(
        request,
        _("Version %d is stored. It is shown when two people have approved it.") % (statement.version + 1),
    )
    return redirect("admin:results_entry_change", pk)


def _same(shown: str, now: str) -> bool:
    try:
        return signing.loads(shown) == signing.loads(now)
    except signing.BadSignature:
        return False


def _outcome(values: dict[str, str]) -> Outcome:
    """The form's values as a statement would hold them, not stored."""
    numbers = {name: int(text) for name, text in values.items() if text.isdigit()}
    words = {name: values.get(name, "") for name in ("status", "result", "cefr")}
    return Statement(**words, **numbers)
