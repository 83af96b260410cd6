"""What a member of the exams office may do on the staff face: one group, one list of permissions.

Accounts of the staff face and rights are a superuser's business (accounts/admin.py narrows what an
officer may do with accounts to those of candidates and preparation centres).
"""

from django.db import transaction

GROUP = "Exams office"
PERMISSIONS = frozenset(
    {
        "accounts.add_user",
        "accounts.change_user",
        "accounts.view_choice",
        "accounts.view_user",
        "centres.add_membership",
        "centres.add_preparationcentre",
        "centres.change_preparationcentre",
        "centres.delete_membership",
        "centres.delete_preparationcentre",
        "centres.view_membership",
        "centres.view_preparationcentre",
        "results.add_examsession",
        "results.add_release",
        "results.change_entry",
        "results.change_examsession",
        "results.change_release",
        "results.delete_entry",
        "results.view_entry",
        "results.view_examsession",
        "results.view_release",
        "results.view_statement",
    }
)


def apply_permissions(using: str = "default") -> None:
    """Bring the group to the list above, in one transaction; a permission added by hand goes."""
    from django.contrib.auth.models import Group, Permission

    with transaction.atomic(using=using):
        group, _made = Group.objects.using(using).get_or_create(name=GROUP)
        known = {
            f"{permission.content_type.app_label}.{permission.codename}": permission
            for permission in Permission.objects.using(using).select_related("content_type")
        }
        group.permissions.set([known[name] for name in PERMISSIONS])


def apply_after_migrate(sender, using: str, plan=(), **_kwargs) -> None:
    """Receiver of post_migrate."""
    if not any(rolled_back for _migration, rolled_back in plan):
        apply_permissions(using)
