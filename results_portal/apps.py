from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PortalConfig(AppConfig):
    name = "results_portal"

    def ready(self) -> None:
        from results_portal import checks, office, roles  # noqa: F401  (checks register themselves)

        post_migrate.connect(roles.apply_after_migrate, sender=self)
        post_migrate.connect(office.apply_after_migrate, sender=self)
