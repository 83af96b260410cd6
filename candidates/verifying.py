"""“Verify a document”, for whoever holds one, without an account; and what its candidate sees of that."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from accounts.views import form_page
from candidates.verify_form import CodeForm, FileForm, look_up
from results import verifying
from results.models import CandidateVerification, Means
from results.verifying import Finding
from results.verifying_files import Inspection, Verdict

MOST_SHOWN = 200  # checks on a candidate's page
_FILE = "file"  # a field of the file's form alone


@login_not_required
def verify(request: HttpRequest) -> HttpResponse:
    """Type the code, or hand in the PDF."""
    if request.method == "POST" and _FILE in request.POST:
        return _verify_file(request)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return redirect("verify-code", form.cleaned_data["code"])
    return _forms(request, form, FileForm(request))


@login_not_required
@require_GET
def verify_code(request: HttpRequest, code: str) -> HttpResponse:
    """Where the QR code leads; code: as it is printed, or as somebody has typed it."""
    form = CodeForm({"code": code})
    if not form.is_valid():
        return _unlisted(_forms(request, form, FileForm(request)))
    try:
        finding = look_up(request, form.cleaned_data["code"])
    except ValidationError as refused:
        form.add_error(None, refused)
        return _unlisted(_forms(request, form, FileForm(request)))
    return _unlisted(_found(request, finding, code=form.cleaned_data["code"]))


def _verify_file(request: HttpRequest) -> HttpResponse:
    form = FileForm(request, request.POST, request.FILES)
    if not form.is_valid():
        response = _forms(request, form, CodeForm())
        if form.is_busy:
            response.status_code = 503
        return response
    inspection = form.inspection
    if inspection.verdict == Verdict.GENUINE and len(inspection.codes) == 1:
        [code] = inspection.codes
        # Signed by us: nobody guesses, and nothing is counted against the sender.
        return _found(request, verifying.verify(code, Means.FILE), code=code, inspection=inspection)
    return render(request, "candidates/verified_file.html", {"inspection": inspection})


def _forms(request: HttpRequest, form: CodeForm | FileForm, other: CodeForm | FileForm) -> HttpResponse:
    """The page with both forms; form: the one that was sent, if any."""
    by_code, by_file = (form, other) if isinstance(form, CodeForm) else (other, form)
    return form_page(request, "candidates/verify.html", form, by_code=by_code, by_file=by_file)


def _found(
    request: HttpRequest, finding: Finding | None, code: str, inspection: Inspection | None = None
) -> HttpResponse:
    context = {"finding": finding, "code": code, "inspection": inspection}
    return render(request, "candidates/verified.html", context)


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    return response


def checks(request: HttpRequest) -> HttpResponse:
    """When documents of the signed-in candidate were checked; by whom, nobody knows."""
    counted = CandidateVerification.objects.filter(user=request.user)
    newest = counted.select_related("entry__session").only(
        "checked_at", "means", "outcome", "times", "version", "entry__session__exam", "entry__session__title"
    )
    return render(request, "candidates/checks.html", {"checks": newest[:MOST_SHOWN], "most": MOST_SHOWN})
