"""The preparation centres' face."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from accounts import second_factor_views
from accounts import views as account_views
from centres.views import (
    documents,
    figures,
    joining,
    material,
    news,
    packs,
    people,
    questions,
    results,
    signing_in,
)
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
    path("sessions/<session:code>/students/<int:pk>/pdf/", documents.student_pdf, name="student-pdf"),
    path("sessions/<session:code>/statements/", packs.packs, name="packs"),
    path("sessions/<session:code>/statements/<int:pk>/", packs.pack, name="pack"),
    path("sessions/<session:code>/statements/<int:pk>/progress/", packs.pack_progress, name="pack-progress"),
    path("sessions/<session:code>/statements/<int:pk>/file/", packs.pack_file, name="pack-file"),
    path("sessions/<session:code>/figures/", figures.of_session, name="session-figures"),
    path("sessions/<session:code>/questions/", questions.of_session, name="ask-about-student"),
    path("figures/", figures.over_time, name="figures"),
    path("questions/", questions.all_of_centre, name="questions"),
    path("ask-for-access/", joining.ask_for_access, name="ask-for-access"),
    path("ask-for-access/sent/", joining.access_asked, name="access-asked"),
    path("invitation/<str:token>/", joining.invitation, name="invitation"),
    path("people/", people.people, name="people"),
    path("people/<int:pk>/role/", people.change_role, name="change-role"),
    path("people/<int:pk>/remove/", people.remove, name="remove-person"),
    path("people/<int:pk>/leave/", people.leave, name="leave"),
    path("people/centre/<int:pk>/invite/", people.invite, name="invite"),
    path("people/centre/<int:pk>/second-step/", people.second_step, name="centre-second-step"),
    path("people/invitations/<int:pk>/withdraw/", people.withdraw, name="withdraw-invitation"),
    path("people/invitations/<int:pk>/again/", people.invite_again, name="invite-again"),
    path("news/", news.news, name="news"),
    path("news/follow/", news.follow, name="news-follow"),
    path("news/follow/digest/", news.choose_digest, name="news-choose-digest"),
    path("news/follow/new-address/", news.new_address, name="news-new-address"),
    path("news/feed/<str:token>/", news.feed, name="news-feed"),
    path("news/unsubscribe/<str:token>/", news.unsubscribe, name="news-unsubscribe"),
    path("news/<uuid:key>/", news.post, name="news-post"),
    path("material/", material.materials, name="material"),
    path("material/<uuid:public_id>/", material.one, name="one-material"),
    path("material/<uuid:public_id>/file/", material.file, name="material-file"),
    path("account/", signing_in.account, name="account"),
    path("account/password/", signing_in.change_password, name="change-password"),
    path("account/sign-in/", second_factor_views.your_sign_in, name="your-sign-in"),
    path(
        "account/sign-in/recovery-codes/", second_factor_views.new_recovery_codes, name="new-recovery-codes"
    ),
    path(
        "account/sign-in/switch-off/", second_factor_views.remove_second_factor, name="remove-second-factor"
    ),
    path("sign-in/code/", second_factor_views.give_code, name="second-factor"),
    path("sign-in/set-up/", second_factor_views.set_up, name="set-up-second-factor"),
    path("sign-in/confirm/", second_factor_views.confirm_identity, name="confirm-identity"),
    path("confirm/<str:token>/", account_views.confirm_email, name="confirm-email"),
    path("forgotten-password/", account_views.forgotten_password, name="forgotten-password"),
    path("new-password/<uidb64>/<token>/", account_views.NewPasswordView.as_view(), name="new-password"),
    *common.texts_elsewhere,
    *common.urlpatterns,
]

handler400, handler403, handler404, handler500 = common.handlers.values()
