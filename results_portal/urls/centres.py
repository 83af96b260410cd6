"""The preparation centres' face."""

from django.urls import path, re_path

from accounts import views as account_views
from centres.views import material, results, signing_in
from results_portal.urls import common

urlpatterns = [
    path("", signing_in.HomeView.as_view(), name="home"),
    path("sessions/", results.sessions, name="sessions"),
    re_path(r"^sessions/(?P<code>[A-Za-z0-9.-]+)/$", results.session, name="session"),
    path("material/", material.materials, name="material"),
    path("material/<uuid:public_id>/", material.one, name="one-material"),
    path("material/<uuid:public_id>/file/", material.file, name="material-file"),
    path("account/", signing_in.account, name="account"),
    path("account/password/", signing_in.change_password, name="change-password"),
    path("confirm/<str:token>/", account_views.confirm_email, name="confirm-email"),
    path("forgotten-password/", account_views.forgotten_password, name="forgotten-password"),
    path("new-password/<uidb64>/<token>/", account_views.NewPasswordView.as_view(), name="new-password"),
    *common.texts_elsewhere,
    *common.urlpatterns,
]

handler400, handler403, handler404, handler500 = common.handlers.values()
