"""System checks of this project, for `manage.py check` (and --deploy)."""

import re
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.core.checks import Warning as Caution

RENEWAL = timedelta(days=30)  # to get a new certificate in
SHORTEST_KEY = 32  # characters: 128 bits and more, however it is written


@register(Tags.security)
def check_keys(app_configs, **_kwargs):
    """The keys from the environment are long enough and differ from each other."""
    keys = {
        "PORTAL_SECRET_KEY": settings.SECRET_KEY,
        "PORTAL_SECRET_NUMBER_KEY": settings.SECRET_NUMBER_KEY,
        "PORTAL_PASSWORD_PEPPER": settings.PASSWORD_PEPPER,
    }
    errors = [
        Error(
            f"{name} is shorter than {SHORTEST_KEY} characters.",
            hint='Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"',
            id="portal.E001",
        )
        for name, key in keys.items()
        if len(key) < SHORTEST_KEY
    ]
    if len(set(keys.values())) < len(keys):
        errors.append(
            Error(
                "Two of the portal's keys are the same.",
                hint="Give each a value of its own.",
                id="portal.E002",
            )
        )
    return errors


@register()
def check_centre_number(app_configs, **_kwargs):
    """The centre number has its form, since the reference numbers are built from it."""
    number = settings.AUTHORISED_CENTRE["number"]
    if re.fullmatch(r"[A-Z]{2}[0-9]{3}", number):
        return []
    return [
        Error(
            f"CENTRE_NUMBER is {number!r}.",
            hint="It is the two letters of the country and three digits, as on the slip: IT024.",
            id="portal.E003",
        )
    ]


@register(Tags.security, deploy=True)
def check_signature(app_configs, **_kwargs):
    """Documents are signed, by a key and certificate that are of use."""
    from results import signing

    if not signing.is_set_up():
        return [
            Caution(
                "Statements of Results go out unsigned.",
                hint="Give STATEMENT_SIGNING_KEY and STATEMENT_SIGNING_CERTIFICATE: a P-256 key and its"
                " certificate as PEM, or the paths of such files.",
                id="portal.W004",
            )
        ]
    try:
        left = signing.certificate().not_valid_after_utc - datetime.now(UTC)
        signing.our_certificates()
    except (ValueError, TypeError) as fault:
        return [
            Error(
                f"STATEMENT_SIGNING_KEY and STATEMENT_SIGNING_CERTIFICATE are of no use. {fault}",
                hint="They are a P-256 key without a password and its certificate, valid today, as PEM;"
                " so are the certificates of STATEMENT_SIGNING_EARLIER_CERTIFICATES.",
                id="portal.E005",
            )
        ]
    if left < RENEWAL:
        return [
            Caution(
                f"The certificate that signs Statements of Results ends in {left.days} days.",
                hint="Get a new one; what is signed already stays signed.",
                id="portal.W006",
            )
        ]
    return []


@register()
def check_material(app_configs, **_kwargs):
    """The material lies where nobody gets it without being asked who it is."""
    errors = []
    if settings.MATERIAL_ROOT.resolve().is_relative_to(settings.STATIC_ROOT.resolve()):
        errors.append(
            Error(
                "MATERIAL_ROOT lies below STATIC_ROOT, which everybody may read.",
                hint="Give the material a folder of its own.",
                id="portal.E007",
            )
        )
    if settings.X_ACCEL_MATERIAL and not re.fullmatch(r"/[A-Za-z0-9/_-]+/", settings.X_ACCEL_MATERIAL):
        errors.append(
            Error(
                f"X_ACCEL_MATERIAL is {settings.X_ACCEL_MATERIAL!r}.",
                hint="It is the proxy's internal address of MATERIAL_ROOT: /protected-material/",
                id="portal.E008",
            )
        )
    return errors
