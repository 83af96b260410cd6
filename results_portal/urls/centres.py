"""The preparation centres' face."""

from django.urls import path, re_path

from accounts import views as account_views
from centres.views import documents, packs, results, signing_in
from results_portal.urls import common

_STATEMENTS = r"sessions/(?P<code>[A-Za-z0-9.-]+)/statements/"
_PK = r"(?P<pk>[0-9]{1,18})"

urlpatterns = [
    path("", signing_in.HomeView.as_view(), name="home"),
    path("sessions/", results.sessions, name="sessions"),
    re_path(r"^sessions/(?P<code>[A-Za-z0-9.-]+)/$", results.session, name="session"),
    re_path(f"^{_STATEMENTS}$", packs.packs, name="packs"),
    re_path(f"^{_STATEMENTS}{_PK}/$", packs.pack, name="pack"),
    re_path(f"^{_STATEMENTS}{_PK}/progress/$", packs.pack_progress, name="pack-progress"),
    re_path(f"^{_STATEMENTS}{_PK}/file/$", packs.pack_file, name="pack-file"),
    re_path(
        r"^sessions/(?P<code>[A-Za-z0-9.-]+)/students/(?P<pk>[0-9]{1,18})/pdf/$",
        documents.student_pdf,
        name="student-pdf",
    ),
    path("account/", signing_in.account, name="account"),
    path("account/password/", signing_in.change_password, name="change-password"),
    path("confirm/<str:token>/", account_views.confirm_email, name="confirm-email"),
    path("forgotten-password/", account_views.forgotten_password, name="forgotten-password"),
    path("new-password/<uidb64>/<token>/", account_views.NewPasswordView.as_view(), name="new-password"),
    *common.texts_elsewhere,
    *common.urlpatterns,
]

handler400, handler403, handler404, handler500 = common.handlers.values()
