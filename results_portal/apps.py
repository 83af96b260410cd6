from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "results_portal"
    verbose_name = _("Audit")

    def ready(self) -> None:
        # audit and checks register themselves
        from results_portal import audit, checks, office, roles, trail  # noqa: F401

        pre_migrate.connect(trail.make_way, sender=self)
        post_migrate.connect(roles.apply_after_migrate, sender=self)
        post_migrate.connect(office.apply_after_migrate, sender=self)
