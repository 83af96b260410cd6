"""All settings, from the environment by django-environ.

No secret has a default: a missing one stops the start with its name. docs/operations.md lists the
variables. Policy numbers stand where the policy stands (accounts/throttle.py, accounts/passwords.py).
"""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from pghistory import ContextJSONField, DeleteEvent, InsertEvent, UpdateEvent

from results_portal import attribution

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# --- Which face this process is ------------------------------------------------------------------
FACES = ("candidates", "centres", "staff")
PORTAL_FACE = env.str("PORTAL_FACE", default="staff")  # commands and the mail worker have no visitors
if PORTAL_FACE not in FACES:
    raise ImproperlyConfigured(f"PORTAL_FACE is {PORTAL_FACE!r}; it must be one of: {', '.join(FACES)}.")

# Where each face is reached by the public, without a slash at the end.
FACE_URLS = {
    "candidates": env.str("CANDIDATES_URL").rstrip("/"),
    "centres": env.str("CENTRES_URL").rstrip("/"),
    "staff": env.str("STAFF_URL").rstrip("/"),
}
ROOT_URLCONF = f"results_portal.urls.{PORTAL_FACE}"
ALLOWED_HOSTS = [urlsplit(FACE_URLS[PORTAL_FACE]).hostname, *env.list("EXTRA_ALLOWED_HOSTS", default=[])]
CSRF_TRUSTED_ORIGINS = [FACE_URLS[PORTAL_FACE]]

# --- Secrets -------------------------------------------------------------------------------------
SECRET_KEY = env.str("PORTAL_SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("PORTAL_SECRET_KEY_FALLBACKS", default=[])
# Key of the Secret Numbers' digests, and pepper of the passwords: a stolen database alone is useless.
SECRET_NUMBER_KEY = env.str("PORTAL_SECRET_NUMBER_KEY")
PASSWORD_PEPPER = env.str("PORTAL_PASSWORD_PEPPER")

# Key and certificate that sign documents (results/signing.py): PEM text, or the path of a file with it; the
# certificates that vouch for the signer's follow it. Empty: documents go out unsigned.
STATEMENT_SIGNING_KEY = env.str("STATEMENT_SIGNING_KEY", default="", multiline=True)
STATEMENT_SIGNING_CERTIFICATE = env.str("STATEMENT_SIGNING_CERTIFICATE", default="", multiline=True)
# The signers' certificates of before, one after the other: documents signed with them stay genuine.
STATEMENT_SIGNING_EARLIER_CERTIFICATES = env.str(
    "STATEMENT_SIGNING_EARLIER_CERTIFICATES", default="", multiline=True
)

# --- The Authorised Exam Centre (results_portal/branding.py hands it to every page and mail) ------
AUTHORISED_CENTRE = {
    "name": env.str("CENTRE_NAME", default="Authorised Exam Centre"),
    "number": env.str("CENTRE_NUMBER", default="IT000"),  # 2-letter country and 3 digits, as on the slip
    "email": env.str("CENTRE_EMAIL"),
    "phone": env.str("CENTRE_PHONE", default=""),
    "address": env.str("CENTRE_ADDRESS", default=""),
}

DEBUG = env.bool("DEBUG", default=False)

INSTALLED_APPS = [
    "accounts",
    "results",
    "candidates",
    "centres",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "django_otp_webauthn",
    "csp",
    "pgtrigger",
    "pghistory",
    "procrastinate.contrib.django",
    "results_portal",  # last: its post_migrate applies the grants when every table is there
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "accounts.middleware.PrivatePagesMiddleware",
    "results_portal.middleware.PlainTextMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "results_portal.middleware.WhoActsMiddleware",  # last: it stands where views run
]
SECOND_FACTOR_MIDDLEWARE = [
    "django_otp.middleware.OTPMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
]
FACE_MIDDLEWARE = {
    "candidates": [],
    "centres": SECOND_FACTOR_MIDDLEWARE,
    "staff": [
        "results_portal.middleware.UploadsMiddleware",
        *SECOND_FACTOR_MIDDLEWARE,
        "accounts.middleware.IdleSessionMiddleware",
    ],
}
MIDDLEWARE += FACE_MIDDLEWARE[PORTAL_FACE]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "results_portal.branding.context",
            ],
        },
    },
]
FORM_RENDERER = "results_portal.forms.PortalRenderer"
WSGI_APPLICATION = "results_portal.wsgi.application"

# --- Database --------------------------------------------------------------------------------------
# Each process has a login of its own, a member of its face's role (results_portal/roles.py).
DATABASES = {"default": env.db_url("DATABASE_URL")}
DATABASES["default"]["CONN_MAX_AGE"] = None  # persistent: measured 6 times faster than one a request
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # a restarted PostgreSQL is met without a 500
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Every change of the tracked tables, by any path, with who made it; never changed or removed.
PGHISTORY_DEFAULT_TRACKERS = (InsertEvent(), UpdateEvent(), DeleteEvent())
PGHISTORY_CONTEXT_FIELD = ContextJSONField()
PGHISTORY_APPEND_ONLY = True
PROCRASTINATE_WORKER_DEFAULTS = {"task_middleware": [attribution.by_job]}

# --- Signing in ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.FaceBackend"]
PASSWORD_HASHERS = ["accounts.hashers.PepperedArgon2"]
# For staff and centre members; candidates have the rule of their slip (accounts/passwords.py).
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.AddressValidator"},
    {
        "NAME": "accounts.passwords.LengthValidator",
        "OPTIONS": {"min_length": 12},  # characters; length is what stops guessing (NIST SP 800-63B)
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds; the page and the mail say 60 minutes
LOGIN_URL = "admin:login" if PORTAL_FACE == "staff" else "home"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

HTTPS = env.bool("PORTAL_HTTPS", default=True)
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_ENGINE = "accounts.sessions"
# Faces on one host (the demo) share its cookies: each has names of its own.
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}{PORTAL_FACE}_session"
# Seconds. A candidate who looks every day of the last week is still signed in at the minute, without
# another hash; a school's computer is left open no longer than a working day. When a session of the staff
# face ends, its row says alone (accounts/sessions.py); its cookie ends with the browser.
SESSION_COOKIE_AGE = {"candidates": 7 * 24, "centres": 12, "staff": 12}[PORTAL_FACE] * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = PORTAL_FACE == "staff"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}{PORTAL_FACE}_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "results_portal.errors.csrf_failure"

# The second factor (accounts/second_factor.py): of all staff, and of who wants or needs one at a centre.
OTP_TOTP_ISSUER = AUTHORISED_CENTRE["name"]
# Passkeys belong to the staff face's host name: with another, everyone adds theirs anew.
OTP_WEBAUTHN_RP_ID = urlsplit(FACE_URLS["staff"]).hostname
OTP_WEBAUTHN_RP_NAME = AUTHORISED_CENTRE["name"]
OTP_WEBAUTHN_ALLOWED_ORIGINS = [FACE_URLS["staff"]]
OTP_WEBAUTHN_ALLOW_PASSWORDLESS_LOGIN = False
# The origin need not be https where nothing is (tests, demo); browsers then take localhost only.
SILENCED_SYSTEM_CHECKS = [] if HTTPS else ["otp_webauthn.E031"]

# Proxies in front of us, counted from the right of X-Forwarded-For; what stands further left is the
# visitor's own word and is not believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

# --- Transport and headers -------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "upgrade-insecure-requests": HTTPS,
    }
}

# --- Static files ------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "var" / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 60 * 60  # seconds, for the few files without a hash in their name

# --- Files that are sent to us, and the preparation centres' material ----------------------------------
# Each takes the file of its own form and passes over every other: marks and Secret Numbers never lie in a
# folder, and nobody fills one up.
FILE_UPLOAD_HANDLERS = [
    "results.receiving.OfficeFileHandler",
    "centres.receiving.MaterialFileHandler",
    "candidates.receiving.DocumentFileHandler",
]
# Written by the staff's site and the office's worker, read by the centres' site; never below STATIC_ROOT.
MATERIAL_ROOT = Path(env.str("MATERIAL_ROOT", default=str(BASE_DIR / "var" / "material")))
# The proxy's internal address of that folder, such as /protected-material/; then the proxy hands the files
# over (X-Accel-Redirect). Without it the portal does.
X_ACCEL_MATERIAL = env.str("X_ACCEL_MATERIAL", default="")

# --- Language and time ---------------------------------------------------------------------------------
LANGUAGE_CODE = "en"  # for a browser that asks for neither of ours
LANGUAGES = [("it", _("Italian")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60  # seconds
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("PORTAL_TIME_ZONE", default="Europe/Rome")  # of the times shown; stored in UTC
USE_TZ = True

# --- Mail ------------------------------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL"))
EMAIL_TIMEOUT = 20  # seconds; then the job is tried again later
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("MAIL_FROM", default=AUTHORISED_CENTRE["email"])
# How fast results are announced (results/mailing/sending.py); 10 or more. Each mail brings a reader: one sent
# to 12,000 students at once brought 2,500 hits a minute (UCC 2016). Ten a second reach as many in 20 minutes,
# and if every second reader came at once, it would be five log-ins a second.
MAILS_PER_MINUTE = env.int("MAILS_PER_MINUTE", default=600)
# The weekly digest of news for preparation centres (centres/digests.py): day (1 is Monday, 7 Sunday) and full
# hour, in PORTAL_TIME_ZONE.
NEWS_DIGEST_WEEKDAY = env.int("NEWS_DIGEST_WEEKDAY", default=1)
NEWS_DIGEST_HOUR = env.int("NEWS_DIGEST_HOUR", default=7)
if NEWS_DIGEST_WEEKDAY not in range(1, 8) or NEWS_DIGEST_HOUR not in range(24):
    raise ImproperlyConfigured("NEWS_DIGEST_WEEKDAY must be 1 (Monday) to 7, and NEWS_DIGEST_HOUR 0 to 23.")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"procrastinate": {"level": "WARNING"}},
}
