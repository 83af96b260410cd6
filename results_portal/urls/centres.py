"""The preparation centres' face."""

from django.urls import path, re_path

from accounts import views as account_views
from centres import views
from results_portal.urls import common

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("sessions/", views.sessions, name="sessions"),
    re_path(r"^sessions/(?P<code>[A-Za-z0-9.-]+)/$", views.session, name="session"),
    path("account/", views.account, name="account"),
    path("account/password/", views.change_password, name="change-password"),
    path("confirm/<str:token>/", account_views.confirm_email, name="confirm-email"),
    path("forgotten-password/", account_views.forgotten_password, name="forgotten-password"),
    path("new-password/<uidb64>/<token>/", account_views.NewPasswordView.as_view(), name="new-password"),
    *common.texts_elsewhere,
    *common.urlpatterns,
]

handler400, handler403, handler404, handler500 = common.handlers.values()
