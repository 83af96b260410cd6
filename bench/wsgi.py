"""A face under measurement: its own addresses, and beside them a view that does nothing."""

from django.conf import settings

from results_portal import wsgi  # noqa: F401  (sets the environment up)

settings.ROOT_URLCONF = "bench.urls"

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
