"""The exams office's face: the Django admin."""

from django.conf import settings
from django.contrib import admin
from django.urls import path, reverse_lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView

from accounts.forms import SignInForm
from accounts.views import SignInView
from results_portal.urls import common

admin.site.site_header = admin.site.site_title = format_lazy(
    "{centre} – {office}", centre=settings.AUTHORISED_CENTRE["name"], office=_("Exams office")
)
admin.site.index_title = _("What would you like to do?")
admin.site.site_url = settings.FACE_URLS["candidates"]


class OfficeSignInView(SignInView):
    """The admin's page, with the throttle and the device cookie of the other faces."""

    template_name = "admin/login.html"
    authentication_form = SignInForm
    next_page = reverse_lazy("admin:index")

    def get_context_data(self, **kwargs):
        office = {
            **admin.site.each_context(self.request),
            "title": _("Log in"),
            "app_path": self.request.get_full_path(),
        }
        return super().get_context_data(**office, **kwargs)


urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/login/", OfficeSignInView.as_view()),  # before the admin's own, at the same address
    path("admin/", admin.site.urls),
    *common.urlpatterns,
    *common.texts_elsewhere,
]

handler400, handler403, handler404, handler500 = common.handlers.values()
