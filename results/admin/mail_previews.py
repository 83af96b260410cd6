"""The mails of a session, as one candidate or preparation centre gets them; nothing is sent."""

from urllib.parse import urlencode

from csp.constants import NONE, UNSAFE_INLINE
from csp.decorators import csp
from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from results.mailing import preview_mail
from results.models import Entry, ExamSession, Mail
from results.numbers import normalise_id_number


class WhichMailForm(forms.Form):
    """Which mail, in which language, to whom."""

    kind = forms.ChoiceField(label=gettext_lazy("Mail"), choices=Mail.Kind)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    id_number = forms.CharField(
        label=gettext_lazy("ID Number of the candidate"), required=False, max_length=40
    )
    centre = forms.ModelChoiceField(
        None,
        label=gettext_lazy("Or preparation centre"),
        required=False,
        empty_label=gettext_lazy("to the candidate"),
    )

    def __init__(self, session: ExamSession, asked) -> None:
        first = Entry.objects.filter(session=session).order_by("user", "pk").first()
        usual = {
            "kind": Mail.Kind.RESULTS,
            "language": "it",
            "id_number": first.id_number if first else "",
        }
        super().__init__({**usual, **asked.dict()})
        self._session = session
        centres = Entry._meta.get_field("preparation_centre").related_model.objects
        self.fields["centre"].queryset = centres.filter(entries__session=session).distinct().order_by("name")

    def clean(self) -> dict:
        """Whom the mail is to, as `to`."""
        cleaned = super().clean()
        id_number = normalise_id_number(cleaned.get("id_number", ""))
        cleaned["to"] = cleaned.get("centre") or (
            Entry.objects.select_related("session__release")
            .defer("secret_digest")
            .filter(session=self._session, id_number=id_number)
            .first()
        )
        if cleaned["to"] is None:
            self.add_error("id_number", _("No candidate of this session has this ID Number."))
        return cleaned


def mails_view(model_admin: admin.ModelAdmin, request: HttpRequest, session: ExamSession) -> HttpResponse:
    """Subject and text of the mail, and a link to it as HTML."""
    form = WhichMailForm(session, request.GET)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("Mails of %s") % session,
        "session": session,
        "form": form,
        "query": urlencode(form.data),
    }
    if form.is_valid():
        context["subject"], context["text"], _html = _mail(form, session)
    return TemplateResponse(request, "admin/results/mail_preview.html", context)


# A mail brings its own style; nothing else runs or is loaded.
@csp(
    {
        "default-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "sandbox": ["allow-popups"],
        "frame-ancestors": [NONE],
    }
)
def mail_as_html(request: HttpRequest, session: ExamSession) -> HttpResponse:
    """The mail as a mail program shows it."""
    form = WhichMailForm(session, request.GET)
    if not form.is_valid():
        return HttpResponse(_("There is no such mail."), status=404, content_type="text/plain; charset=utf-8")
    _subject, _text, html = _mail(form, session)
    return HttpResponse(html)


def _mail(form: WhichMailForm, session: ExamSession) -> tuple[str, str, str]:
    asked = form.cleaned_data
    return preview_mail(asked["kind"], asked["to"], asked["language"], session=session)
