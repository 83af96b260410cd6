"""The preparation centres' face."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from accounts import views as account_views
from centres.views import results, signing_in
from results_portal.urls import common


class SessionCode(StringConverter):
    """The code of an exam session."""

    regex = "[A-Za-z0-9.-]+"


register_converter(SessionCode, "session")

urlpatterns = [
    path("", signing_in.HomeView.as_view(), name="home"),
    path("sessions/", results.sessions, name="sessions"),
    path("sessions/<session:code>/", results.session, name="session"),
    path("sessions/<session:code>/not-registered/", results.not_registered, name="not-registered"),
    path("sessions/<session:code>/results.csv", results.export, {"kind": "csv"}, name="results-csv"),
    path("sessions/<session:code>/results.xlsx", results.export, {"kind": "xlsx"}, name="results-xlsx"),
    path("sessions/<session:code>/students/<int:pk>/", results.student, name="student"),
    path("account/", signing_in.account, name="account"),
    path("account/password/", signing_in.change_password, name="change-password"),
    path("confirm/<str:token>/", account_views.confirm_email, name="confirm-email"),
    path("forgotten-password/", account_views.forgotten_password, name="forgotten-password"),
    path("new-password/<uidb64>/<token>/", account_views.NewPasswordView.as_view(), name="new-password"),
    *common.texts_elsewhere,
    *common.urlpatterns,
]

handler400, handler403, handler404, handler500 = common.handlers.values()
