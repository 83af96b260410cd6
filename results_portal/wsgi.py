"""The WSGI application of one face; which one, PORTAL_FACE says."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "results_portal.settings")

application = get_wsgi_application()
