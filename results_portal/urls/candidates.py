"""The candidates' face."""

from django.urls import path

from accounts import views as account_views
from candidates import exams, views
from results_portal.urls import common

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("register/", views.register, name="register"),
    path("registered/", views.registered, name="registered"),
    path("lost-slip/", views.lost_slip, name="lost-slip"),
    path("lost-slip/sent/", views.lost_slip_sent, name="lost-slip-sent"),
    path("statement/", views.statement, name="statement"),
    path("statement/pdf/", views.statement_pdf, name="statement-pdf"),
    path("statement/<int:pk>/", views.statement, name="statement-of"),
    path("statement/<int:pk>/pdf/", views.statement_pdf, name="statement-pdf-of"),
    path("statement/uncover/", views.uncover, name="uncover"),
    path("statement/<int:pk>/uncover/", views.uncover, name="uncover-of"),
    path("exams/", exams.exams, name="exams"),
    path("account/", views.account, name="account"),
    path("account/exams/add/", exams.add, name="add-exam"),
    path("account/email/", account_views.change_email, name="change-email"),
    path("account/password/", views.change_password, name="change-password"),
    path("account/updates/", views.choose_updates, name="choose-updates"),
    path("account/cover/", views.choose_cover, name="choose-cover"),
    path("account/confirmation/", views.resend_confirmation, name="resend-confirmation"),
    path("confirm/<str:token>/", account_views.confirm_email, name="confirm-email"),
    path("forgotten-password/", views.forgotten_password, name="forgotten-password"),
    path("new-password/<uidb64>/<token>/", views.NewPasswordView.as_view(), name="new-password"),
    *(path(f"{name}/", views.text_page, {"name": name}, name=name) for name in ("help", "terms", "privacy")),
    *common.urlpatterns,
]

handler400, handler403, handler404, handler500 = common.handlers.values()
