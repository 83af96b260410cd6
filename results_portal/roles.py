"""Who may do what in the database: the roles of the faces and their grants, in one list.

The list is applied after every migrate, by the tables' owner, and is all there is: what it does not name
is revoked. The public faces have nothing on statements and history; they read results through the gate's
views. No role writes history: triggers do, with the rights of the tables' owner; the staff role reads it
(results_portal/trail.py). A login is a member of exactly one of these roles (results_portal/bootstrap.py).
"""

from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction

from results_portal import trail

STAFF, CANDIDATES, CENTRES, WORKER = "portal_staff", "portal_candidates", "portal_centres", "portal_worker"
ROLES = (STAFF, CANDIDATES, CENTRES, WORKER)
ROLE_OF_FACE = {"candidates": CANDIDATES, "centres": CENTRES, "staff": STAFF}

READ = ("SELECT",)
APPEND = ("SELECT", "INSERT")
WRITE = ("SELECT", "INSERT", "UPDATE", "DELETE")
LOG = ("INSERT",)  # written, never read by who causes it
# When, who and from where are the database's to fill in (results_portal/models.py).
NOTE = ("INSERT (kind, model, object_id, object_words, words, entry_id, account_id)",)

# Whoever signs in on a public face: row-level security narrows accounts and sessions to the face's own.
_SIGNING_IN = {
    "accounts_user": ("SELECT", "UPDATE (password, last_login, email, email_confirmed_at, language)"),
    "accounts_session": WRITE,
    "accounts_throttlecounter": WRITE,
    # A mail is queued in the transaction that causes it; what others queued stays unread.
    "procrastinate_jobs": ("SELECT (id)", "INSERT"),
    "procrastinate_events": LOG,
}
_ENTRY = "id, session_id, id_number, candidate_number, family_name, given_names"
_STATEMENT = (
    "entry_id, version, reason, made_by_id, status, overall, result, cefr, reading, use_of_english, writing,"
    " listening, speaking, reading_and_writing"
)
_UPLOAD = (
    "state, trouble, progress, content, reason, report, added, changed, unchanged, corrected, started_at,"
    " confirmed_at, confirmed_by_id, finished_at"
)
_SESSION_FACTS = {
    "results_examsession": READ,
    "results_release": ("SELECT (id, session_id, opens_at, centres_open_at)",),
}

GRANTS: dict[str, dict[str, tuple[str, ...]]] = {
    CANDIDATES: {
        **_SIGNING_IN,
        **_SESSION_FACTS,
        "accounts_user": ("INSERT", "UPDATE (covers_result)", *_SIGNING_IN["accounts_user"]),
        "accounts_choice": APPEND,
        "results_entry": (f"SELECT ({_ENTRY}, date_of_birth, user_id)",),
        "results_gate_candidates": READ,
        "results_gate_versions_candidates": READ,
        "results_stops_candidates": READ,
        "results_certificates_candidates": READ,
        # Handed in; what others asked for stays unread.
        "results_lostslip": ("INSERT (name, date_of_birth, school, exam, email, phone, message)",),
    },
    CENTRES: {
        **_SIGNING_IN,
        **_SESSION_FACTS,
        "centres_preparationcentre": READ,
        "centres_membership": READ,
        "results_entry": (f"SELECT ({_ENTRY}, date_of_birth, preparation_centre_id)",),
        "results_gate_centres": READ,
        "results_gate_versions_centres": READ,
        "results_stops_centres": READ,
    },
    STAFF: {
        "accounts_user": WRITE,
        "accounts_user_groups": WRITE,
        "accounts_user_user_permissions": WRITE,
        "accounts_session": WRITE,
        "accounts_throttlecounter": WRITE,
        "accounts_choice": ("SELECT", "DELETE"),
        "audit_trail": READ,
        "auth_group": WRITE,
        "auth_group_permissions": WRITE,
        "auth_permission": READ,
        "centres_membership": WRITE,
        "centres_preparationcentre": WRITE,
        "django_admin_log": APPEND,
        "django_content_type": READ,
        "django_migrations": READ,
        # The second factor is the staff face's alone.
        "otp_static_staticdevice": WRITE,
        "otp_static_statictoken": WRITE,
        "otp_totp_totpdevice": WRITE,
        "django_otp_webauthn_webauthnattestation": WRITE,
        "django_otp_webauthn_webauthncredential": WRITE,
        "django_otp_webauthn_webauthnuserhandle": WRITE,
        # The office's worker has this role too: it checks and loads files, and sees marks as the face does.
        "procrastinate_events": WRITE,
        "procrastinate_jobs": WRITE,
        "procrastinate_periodic_defers": WRITE,
        "procrastinate_workers": WRITE,
        "results_portal_auditnote": NOTE,
        "results_entry": WRITE,
        "results_examsession": WRITE,
        "results_lostslip": ("SELECT", "UPDATE (state, note, answered_at, answered_by_id)"),
        "results_slipissue": APPEND,
        # Triggers write how far an approval reaches, and void it; nobody else does.
        "results_mail": APPEND,
        "results_approval": APPEND,
        "results_release": ("SELECT", "INSERT", "UPDATE (opens_at, centres_open_at)"),
        "results_certificate": ("SELECT", "INSERT", "UPDATE"),
        "results_seen": READ,
        # The number of a statement says which approval covers it: the database's to give.
        "results_statement": ("SELECT", f"INSERT ({_STATEMENT})"),
        "results_stop": ("SELECT", "INSERT", "UPDATE (lifted_at, lifted_by_id)"),
        # Who chose which file for what stays; so does the record.
        "results_upload": ("SELECT", "INSERT", f"UPDATE ({_UPLOAD})"),
        "results_shown": READ,
        "results_visible": READ,
        # A preview of a page as it is now asks what its face would (candidates/ and centres/previewing.py).
        "results_gate_candidates": READ,
        "results_gate_versions_candidates": READ,
        "results_stops_candidates": READ,
        "results_certificates_candidates": READ,
        "results_gate_centres": READ,
        "results_gate_versions_centres": READ,
        "results_stops_centres": READ,
    },
    # Sends the mails and sweeps up what has expired; sees no marks.
    WORKER: {
        "accounts_choice": ("SELECT (id, user_id, kind, agreed)",),
        "accounts_user": READ,
        "accounts_session": ("SELECT", "DELETE"),
        "accounts_throttlecounter": ("SELECT", "UPDATE", "DELETE"),  # UPDATE: to lock what it sweeps
        "procrastinate_events": WRITE,
        "procrastinate_jobs": WRITE,
        "procrastinate_periodic_defers": WRITE,
        "procrastinate_workers": WRITE,
        "results_portal_auditnote": NOTE,
        "results_entry": (f"SELECT ({_ENTRY}, user_id, preparation_centre_id, email)",),
        "results_mail": (
            "SELECT",
            "INSERT",
            "UPDATE (state, due_at, sent_at, attempts, last_error, message_id)",
        ),
        "results_visible": READ,
        "centres_preparationcentre": READ,
        "centres_membership": READ,
        **_SESSION_FACTS,
    },
}

# Identity columns need no grant; the queue's tables were made with plain sequences.
_QUEUE = ("procrastinate_jobs_id_seq", "procrastinate_events_id_seq")
_WORKERS_QUEUE = (*_QUEUE, "procrastinate_periodic_defers_id_seq")
SEQUENCES: dict[str, tuple[str, ...]] = {
    CANDIDATES: _QUEUE,
    CENTRES: _QUEUE,
    STAFF: _WORKERS_QUEUE,
    WORKER: _WORKERS_QUEUE,
}


# Functions that act with their owner's rights, each for one purpose (results/migrations/0004_claiming.py,
# 0007_gate.py).
FUNCTIONS: dict[str, tuple[str, ...]] = {
    CANDIDATES: ("results_find_entry", "results_claim_entry", "results_mark_seen"),
    STAFF: ("results_withdraw_approvals",),
}


def apply_grants(using: str = "default") -> None:
    """Bring the database's grants to the list above, in one transaction.

    Raises ImproperlyConfigured if a role is missing or the tables' owner is a superuser (a superuser's
    view would step over row-level security).
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(ROLES)])
        missing = set(ROLES) - {name for (name,) in cursor}
        if missing:
            raise ImproperlyConfigured(
                f"The database has no role {', '.join(sorted(missing))}. "
                "Run `python -m results_portal.bootstrap` as an administrator of the server first."
            )
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone()[0]:
            raise ImproperlyConfigured(
                "The tables must not belong to a superuser: migrate with the owner's login "
                "that `python -m results_portal.bootstrap` makes."
            )
        everyone = ", ".join((*ROLES, "PUBLIC"))
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {everyone}")
        cursor.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {everyone}")
        for function in {function for functions in FUNCTIONS.values() for function in functions}:
            cursor.execute(f'REVOKE ALL ON FUNCTION "{function}" FROM {everyone}')
        for role, tables in GRANTS.items():
            for table, privileges in tables.items():
                for privilege in privileges:
                    cursor.execute(f'GRANT {privilege} ON "{table}" TO {role}')
            for sequence in SEQUENCES[role]:
                cursor.execute(f'GRANT USAGE ON SEQUENCE "{sequence}" TO {role}')
            for function in FUNCTIONS.get(role, ()):
                cursor.execute(f'GRANT EXECUTE ON FUNCTION "{function}" TO {role}')
        for model in trail.event_models():
            cursor.execute(f'GRANT SELECT ON "{model._meta.db_table}" TO {STAFF}')


def apply_after_migrate(sender, using: str, plan=(), **_kwargs) -> None:
    """Receiver of post_migrate."""
    backwards_to_nothing = any(rolled_back for _migration, rolled_back in plan)
    if not backwards_to_nothing:
        with transaction.atomic(using=using):
            trail.build(using)
            apply_grants(using)
