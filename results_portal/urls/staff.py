"""The exams office's face: the Django admin."""

from django.conf import settings
from django.contrib import admin
from django.http import Http404
from django.urls import include, path
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import office_views as views
from accounts import second_factor_views
from candidates import previewing as candidate_preview
from centres import previewing as centre_preview
from results_portal.urls import common

admin.site.site_header = admin.site.site_title = format_lazy(
    "{centre} – {office}", centre=settings.AUTHORISED_CENTRE["name"], office=_("Exams office")
)
admin.site.index_title = _("What would you like to do?")
admin.site.site_url = settings.FACE_URLS["candidates"]


# Devices are each person's own business (“Your sign-in”); nobody sees or edits keys here.
admin.site.unregister((TOTPDevice, StaticDevice))


def _nowhere(request, **_kwargs):
    """In place of the admin's “view on site”, which would ask for rows that this face may not read."""
    raise Http404


urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("sign-in/code/", second_factor_views.give_code, name="second-factor"),
    path("sign-in/set-up/", second_factor_views.set_up, name="set-up-second-factor"),
    path("sign-in/confirm/", second_factor_views.confirm_identity, name="confirm-identity"),
    path("sign-in/stay/", views.stay_signed_in, name="stay-signed-in"),
    path("sign-in/seconds-left/", views.seconds_left, name="seconds-left"),
    path("sign-in/passkey/begin/", views.begin_passkey, name="begin-passkey"),
    path("sign-in/passkey/use/", views.use_passkey, name="use-passkey"),
    path("your-sign-in/", second_factor_views.your_sign_in, name="your-sign-in"),
    path("your-sign-in/recovery-codes/", second_factor_views.new_recovery_codes, name="new-recovery-codes"),
    path("your-sign-in/passkeys/begin/", views.begin_new_passkey, name="begin-new-passkey"),
    path("your-sign-in/passkeys/add/", views.add_passkey, name="add-passkey"),
    path("your-sign-in/passkeys/<int:pk>/remove/", views.remove_passkey, name="remove-passkey"),
    path("admin/login/", views.OfficeSignInView.as_view()),  # before the admin's own, at the same address
    path("admin/preview/session/<int:pk>/candidate/", candidate_preview.find, name="find-preview"),
    path("admin/preview/candidates/<int:pk>/", candidate_preview.candidate, name="preview-candidate"),
    path(
        "admin/preview/centres/<int:session_pk>/<int:centre_pk>/",
        centre_preview.centre,
        name="preview-centre",
    ),
    path("admin/preview/news/<int:pk>/", centre_preview.post, name="preview-news"),
    path("admin/help-desk/", include("results.admin.help_desk")),
    path("admin/r/<path:of>", _nowhere),
    path("admin/", admin.site.urls),
    *common.urlpatterns,
    *common.texts_elsewhere,
]

handler400, handler403, handler404, handler500 = common.handlers.values()
