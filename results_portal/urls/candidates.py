"""The candidates' face."""

from django.urls import path

from accounts import views as account_views
from candidates import data_pages, exams, shares, verifying, views
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
    path("sharing/", shares.shares, name="sharing"),
    path("sharing/new/<int:pk>/", shares.new, name="share"),
    path("sharing/<int:pk>/revoke/", shares.revoke, name="revoke-share"),
    path("shared/<str:token>/", shares.shared, name="shared"),
    path("verify/", verifying.verify, name="verify"),
    path("verify/<str:code>/", verifying.verify_code, name="verify-code"),
    path("account/", views.account, name="account"),
    path("account/exams/add/", exams.add, name="add-exam"),
    path("account/checks/", verifying.checks, name="checks"),
    path("account/email/", account_views.change_email, name="change-email"),
    path("account/password/", views.change_password, name="change-password"),
    path("account/updates/", views.choose_updates, name="choose-updates"),
    path("account/cover/", views.choose_cover, name="choose-cover"),
    path("account/confirmation/", views.resend_confirmation, name="resend-confirmation"),
    path("my-data/", data_pages.overview, name="my-data"),
    path("my-data/sessions/end/", data_pages.sign_out_elsewhere, name="sign-out-elsewhere"),
    path("my-data/copy/", data_pages.copy, name="my-data-copy"),
    path("my-data/export.json", data_pages.export, name="my-data-export"),
    path("my-data/readable/", data_pages.readable, name="my-data-readable"),
    path("my-data/delete/", data_pages.delete, name="delete-account"),
    path("my-data/deleted/", data_pages.deleted, name="account-deleted"),
    path("confirm/<str:token>/", account_views.confirm_email, name="confirm-email"),
    path("forgotten-password/", views.forgotten_password, name="forgotten-password"),
    path("new-password/<uidb64>/<token>/", views.NewPasswordView.as_view(), name="new-password"),
    *(path(f"{name}/", views.text_page, {"name": name}, name=name) for name in ("help", "terms", "privacy")),
    *common.urlpatterns,
]

handler400, handler403, handler404, handler500 = common.handlers.values()
