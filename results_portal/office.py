"""What a member of the exams office may do on the staff face: groups, each with its permissions.

A person may be in several. Accounts of the staff face and rights are a superuser's business
(accounts/admin.py narrows what others may do with accounts to those of candidates and preparation centres).
"""

from django.db import transaction

HELP_DESK = "Help desk"
OFFICER = "Exams officer"
APPROVER = "Approver"
EDITOR = "Content editor"
AUDITOR = "Auditor"

_LOOKING = {
    "accounts.view_choice",
    "accounts.view_user",
    "centres.view_membership",
    "centres.view_preparationcentre",
    "results.view_approval",
    "results.view_entry",
    "results.view_examsession",
    "results.view_release",
    "results.view_stop",
}
_CERTIFICATES = {"results.add_certificate", "results.change_certificate", "results.view_certificate"}
_QUESTIONS = {"centres.change_studentquestion", "centres.view_studentquestion"}
_SLIPS = {"results.change_lostslip", "results.view_lostslip", "results.view_slipissue"}
# Schools that ask for access, and whom their people or the office invite.
_JOINING = {
    "centres.add_invitation",
    "centres.change_accessrequest",
    "centres.change_invitation",
    "centres.view_accessrequest",
    "centres.view_invitation",
}
_NEWS = {"centres.add_post", "centres.change_post", "centres.delete_post", "centres.view_post"}
_MATERIAL = {f"centres.{may}_material" for may in ("add", "change", "delete", "view")}
GROUPS: dict[str, frozenset[str]] = {
    # Answers candidates and schools; sees no marks unless in another group too.
    HELP_DESK: frozenset(
        {
            *_LOOKING,
            *_CERTIFICATES,
            *_JOINING,
            *_QUESTIONS,
            *_SLIPS,
            "accounts.change_user",
            "results.add_mail",
            "results.view_mail",
        }
    ),
    # Prepares sessions, loads files, corrects, stops; does not approve.
    OFFICER: frozenset(
        {
            *_LOOKING,
            *_CERTIFICATES,
            *_JOINING,
            *_QUESTIONS,
            *_MATERIAL,
            *_SLIPS,
            *_NEWS,
            "accounts.add_user",
            "accounts.change_user",
            "centres.add_membership",
            "centres.add_preparationcentre",
            "centres.change_membership",
            "centres.change_preparationcentre",
            "centres.delete_membership",
            "centres.delete_preparationcentre",
            "results.add_examsession",
            "results.add_mail",
            "results.add_release",
            "results.add_upload",
            "results.change_entry",
            "results.change_examsession",
            "results.change_release",
            "results.correct_statement",
            "results.delete_entry",
            "results.issue_slips",
            "results.see_result",
            "results.stop_release",
            "results.view_mail",
            "results.view_statement",
            "results.view_upload",
        }
    ),
    # Checks and approves what others prepared; may stop it.
    APPROVER: frozenset(
        {
            *_LOOKING,
            "results.approve_release",
            "results.see_result",
            "results.stop_release",
            "results.view_mail",
            "results.view_statement",
            "results.view_upload",
        }
    ),
    # Writes what preparation centres read.
    EDITOR: frozenset(
        {
            *_MATERIAL,
            *_NEWS,
            "centres.view_preparationcentre",
        }
    ),
    # Reads who did what.
    AUDITOR: frozenset({*_LOOKING, "results.view_upload", "results_portal.view_audit"}),
}


def apply_permissions(using: str = "default") -> None:
    """Bring the groups to the list above, in one transaction; a permission added by hand goes."""
    from django.contrib.auth.models import Group, Permission

    with transaction.atomic(using=using):
        known = {
            f"{permission.content_type.app_label}.{permission.codename}": permission
            for permission in Permission.objects.using(using).select_related("content_type")
        }
        for name, permissions in GROUPS.items():
            group, _made = Group.objects.using(using).get_or_create(name=name)
            group.permissions.set([known[permission] for permission in permissions])


def apply_after_migrate(sender, using: str, plan=(), **_kwargs) -> None:
    """Receiver of post_migrate."""
    if not any(rolled_back for _migration, rolled_back in plan):
        apply_permissions(using)
