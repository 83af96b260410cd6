"""The queue of questions about students, and their answers."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from centres import asking
from centres.models import StudentQuestion
from centres.models.questions import LONGEST_TEXT
from results.admin import front
from results.admin.common import NOTHING, ForReading, ask, bound, done
from results_portal.changes import ChangesAdmin
from results_portal.lists import short

front.add_queue(
    "centres.view_studentquestion",
    lambda: StudentQuestion.objects.filter(state=StudentQuestion.State.OPEN),
    lambda number: ngettext(
        "%(count)d question about a student waits for an answer",
        "%(count)d questions about students wait for an answer",
        number,
    ),
)


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=gettext_lazy("Your answer"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"class": "vLargeTextField", "rows": 5, "autofocus": True}),
        help_text=gettext_lazy(
            "The preparation centre reads it. No marks, and nothing about students of others."
        ),
    )


@admin.register(StudentQuestion)
class StudentQuestionAdmin(ForReading, ChangesAdmin):
    """What preparation centres ask about students: the longest waiting first."""

    list_display = ("name", "kind", "centre", "session_code", "asked", "state")
    list_filter = ("state", "kind", "session__exam")
    search_fields = ("name", "centre__name", "=id_number", "=entry__id_number")
    ordering = (F("answered_at").desc(nulls_first=True), "asked_at")
    fields = readonly_fields = (
        "kind",
        "name",
        "centre",
        "session",
        "own_entry",
        "date_of_birth",
        "id_number",
        "message",
        "asked",
        "state",
        "answer",
        "answered",
    )
    change_form_template = "admin/centres/question.html"

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .select_related("centre", "session", "asked_by", "answered_by", "entry__preparation_centre")
            .defer("entry__secret_digest")
        )

    def get_fields(self, request, obj=None):
        """Of a student who is not theirs there is an entry; of one who is missing, what was typed."""
        typed = ("date_of_birth", "id_number")
        left_out = typed if obj and obj.kind == StudentQuestion.Kind.NOT_OURS else ("own_entry",)
        return [name for name in self.fields if name not in left_out]

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        waits = obj.state == StudentQuestion.State.OPEN
        missing = obj.kind == StudentQuestion.Kind.MISSING
        context |= {
            "may_answer": waits and request.user.has_perm(asking.MAY_ANSWER),
            "may_move": request.user.has_perm("results.change_entry"),
            "missing": missing,
            "suggestions": asking.suggestions(obj) if missing else [],
        }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    @admin.display(description=gettext_lazy("exam session"), ordering="session")
    def session_code(self, question: StudentQuestion) -> str:
        return question.session.code

    @admin.display(description=gettext_lazy("asked"), ordering="asked_at")
    def asked(self, question: StudentQuestion) -> str:
        return f"{short(question.asked_at)}, {question.asked_by or NOTHING}"

    @admin.display(description=gettext_lazy("answered by"))
    def answered(self, question: StudentQuestion) -> str:
        return f"{short(question.answered_at)}, {question.answered_by}" if question.answered_at else NOTHING

    @admin.display(description=gettext_lazy("entry"))
    def own_entry(self, question: StudentQuestion) -> str:
        """With the centre that it belongs to now."""
        if question.entry is None:
            return _("no longer there")
        return format_html(
            '<a href="{}">{}</a>, {}',
            reverse("admin:results_entry_change", args=[question.entry_id]),
            question.entry,
            question.entry.preparation_centre or _("without a preparation centre"),
        )

    def get_urls(self):
        own = path(
            "<int:pk>/answer/",
            self.admin_site.admin_view(self.answer_view),
            name="centres_studentquestion_answer",
        )
        return [own, *super().get_urls()]

    def answer_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm(asking.MAY_ANSWER):
            raise PermissionDenied
        question = get_object_or_404(self.get_queryset(request), pk=pk)
        form = bound(AnswerForm, request)

        def answer() -> str:
            asking.answer(question, request.user, form.cleaned_data["answer"])
            return _("The question of %s is answered.") % question.centre

        if done(request, form, answer):
            return redirect("admin:centres_studentquestion_changelist")
        return ask(
            request,
            self,
            form,
            title=_("Answer: %s") % question,
            text=_("%(centre)s reads the answer on its page. Whoever asked is told by mail that it is there.")
            % {"centre": question.centre},
            button=_("Answer"),
            back=reverse("admin:centres_studentquestion_change", args=[pk]),
        )
