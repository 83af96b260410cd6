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
_SECOND_FACTOR = {
    "otp_static_staticdevice": WRITE,
    "otp_static_statictoken": WRITE,
    "otp_totp_totpdevice": WRITE,
}
# All but what the link is made of.
_INVITATION = (
    "id, centre_id, email, role, language, invited_by_id, made_at, expires_at, accepted_at, withdrawn_at"
)
_ENTRY = "id, session_id, id_number, candidate_number, family_name, given_names"
_STATEMENT = (
    "entry_id, version, reason, made_by_id, status, overall, result, cefr, reading, use_of_english, writing,"
    " listening, speaking, reading_and_writing"
)
_QUESTION = "id, centre_id, session_id, kind, entry_id, name, message, asked_at"
_QUESTION_ASKED = (
    "centre_id, session_id, kind, entry_id, name, message, date_of_birth, id_number, asked_by_id"
)
_ANSWER = "state, answer, answered_at"
_UPLOAD = (
    "state, trouble, progress, content, reason, report, added, changed, unchanged, corrected, started_at,"
    " confirmed_at, confirmed_by_id, finished_at"
)
_PACK = "state, trouble, total, done, started_at, finished_at, size, is_zip, entries, statements, asked_by_id"
# How an account follows the news: its visits, the address of its feed, whether it wants the digest.
_NEWS_READER = "feed_number, wants_digest, wants_digest_since, visited_at, new_from"
_SHARE = "id, entry_id, user_id, statement_id, for_whom, shows, made_at, ends_at, revoked_at"
_SESSION_FACTS = {
    "results_examsession": READ,
    "results_release": ("SELECT (id, session_id, opens_at, centres_open_at)",),
}

_MATERIAL = (
    "id, public_id, title_it, title_en, description_it, description_en, exams, skills, kind, published_at,"
    " stored_name, file_name, size, sha256, media_type, uploaded_at"
)

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
        # My data: what is held beside what the views above show.
        "results_records_candidates": READ,
        "results_looks_candidates": READ,
        "results_mails_candidates": READ,
        "results_slips_candidates": READ,
        # A link is made, and its opening counted, by functions; it shows what the view lets through. Its
        # candidate may copy it again: the seed makes a link only with the key that this face has.
        "results_share": (f"SELECT ({_SHARE}, seed, digest)", "UPDATE (revoked_at)"),
        "results_shareopening": READ,
        "results_gate_shared": READ,
        "results_verifications_candidates": READ,
        # Handed in; what others asked for stays unread.
        "results_lostslip": ("INSERT (name, date_of_birth, school, exam, email, phone, message)",),
    },
    CENTRES: {
        **_SIGNING_IN,
        **_SESSION_FACTS,
        "centres_preparationcentre": READ,
        "centres_membership": READ,
        # Handed in; what others asked for stays unread. What else changes, functions change (FUNCTIONS).
        "centres_accessrequest": ("INSERT (school, code, person, position, email, message, language)",),
        "centres_invitation": (f"SELECT ({_INVITATION})",),
        **_SECOND_FACTOR,  # row-level security narrows it to the face's own accounts
        "results_entry": (f"SELECT ({_ENTRY}, date_of_birth, preparation_centre_id, name_key)",),
        # Asked for here, made by the office's worker; its file through the view that asks the gate.
        "centres_pack": ("SELECT", "INSERT (centre_id, session_id, kind, language, asked_by_id)"),
        "centres_packs_current": READ,
        "centres_packs_content": READ,
        "centres_studentquestion": (f"SELECT ({_QUESTION}, {_ANSWER})", f"INSERT ({_QUESTION_ASKED})"),
        # Row-level security shows what is published; a download is counted by a function.
        "centres_material": (f"SELECT ({_MATERIAL})",),
        "centres_materialvisit": ("SELECT", "INSERT", "UPDATE (before_at, latest_at)"),
        "results_gate_centres": READ,
        "results_gate_versions_centres": READ,
        "results_stops_centres": READ,
        "results_following_centres": READ,
        # News: the posts themselves are the office's; the view shows what an account may see now.
        "centres_visible_posts": READ,
        "centres_newsreader": ("SELECT", f"INSERT (user_id, {_NEWS_READER})", f"UPDATE ({_NEWS_READER})"),
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
        "centres_accessrequest": (
            "SELECT",
            "UPDATE (state, reason, centre_id, answered_at, answered_by_id)",
        ),
        "centres_invitation": ("SELECT", "INSERT", "UPDATE (withdrawn_at)", "DELETE"),
        "centres_download": ("SELECT", "DELETE"),
        "centres_material": WRITE,
        "centres_materialvisit": ("SELECT", "DELETE"),  # with an account
        "centres_membership": WRITE,
        "centres_preparationcentre": WRITE,
        "centres_pack": ("SELECT", f"UPDATE ({_PACK})", "DELETE"),
        # Written by the worker that makes packs, and read by nobody here.
        "centres_packpart": ("SELECT (id, pack_id)", "INSERT (pack_id, number, content)", "DELETE"),
        # What was asked stays; entry and asked_by are emptied with the row that they point at.
        "centres_studentquestion": ("SELECT", f"UPDATE ({_ANSWER}, answered_by_id, entry_id, asked_by_id)"),
        "centres_post": WRITE,
        "centres_postaudience": WRITE,
        "django_admin_log": APPEND,
        "django_content_type": READ,
        "django_migrations": READ,
        **_SECOND_FACTOR,
        # Passkeys are the staff face's alone.
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
        "results_share": (f"SELECT ({_SHARE})",),  # whether an entry may be removed
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
        "results_following_centres": READ,
        "results_look": READ,
        "results_verification": READ,
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
        "centres_accessrequest": ("SELECT (id, school, person, email, language, state, reason)",),
        "centres_invitation": (f"SELECT ({_INVITATION}, seed)",),
        "centres_preparationcentre": READ,
        "centres_membership": READ,
        "centres_studentquestion": ("SELECT (id, centre_id, session_id, asked_by_id)",),
        # The weekly digest.
        "centres_visible_posts": READ,
        "centres_newsreader": ("SELECT (id, user_id, wants_digest, wants_digest_since)",),
        "centres_newsdigest": (
            "SELECT",
            "INSERT",
            "UPDATE (posts, state, due_at, sent_at, attempts, last_error)",
        ),
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
# 0007_gate.py, 0011_help_desk.py, 0012_centre_lists.py, 0013_figures.py, 0014_sittings.py, 0015_sharing.py,
# 0016_verification.py, 0017_my_data.py, centres/migrations/0002b_joining_functions.py, 0006_material.py).
FUNCTIONS: dict[str, tuple[str, ...]] = {
    CANDIDATES: (
        "results_find_entry",
        "results_claim_entry",
        "results_add_entry",
        "results_mark_seen",
        "results_delete_own_account",
        "results_make_share",
        "results_mark_opened",
        "results_verify",
    ),
    CENTRES: (
        "results_figures_of_all",
        "results_mark_looked",
        "centres_count_download",
        "centres_invite",
        "centres_withdraw_invitation",
        "centres_find_invitation",
        "centres_register_invited",
        "centres_accept_invitation",
        "centres_change_role",
        "centres_remove_member",
        "centres_ask_second_factor",
    ),
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
