"""The audit trail: acts that change nothing, and the view that holds them with all changes."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class AuditNote(models.Model):
    """An act that changed no tracked row, such as looking at a result. Write one with audit.record().

    The database fills in when, who and from where by a trigger, whatever the application says; nothing
    changes or removes a note. entry_id and account_id: whom it is about, if one candidate or account.
    """

    class Kind(models.TextChoices):
        LOOKED = "looked", _("looked at a result")
        EXPORTED = "exported", _("exported a list")
        PRINTED = "printed", _("printed slips")
        SIGNED_IN = "signed_in", _("signed in")
        SIGNED_OUT = "signed_out", _("signed out")
        REFUSED = "refused", _("was refused")
        OTHER = "other", _("other")

    id = models.AutoField(primary_key=True)  # as the event tables have it: one order for all
    at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=10, choices=Kind)
    model = models.CharField(max_length=64, blank=True)  # results.entry
    object_id = models.BigIntegerField(null=True)
    object_words = models.CharField(max_length=200, blank=True)
    words = models.TextField(blank=True)
    entry_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)
    context = models.JSONField(null=True)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                name="audit_note_kind_known",
                condition=Q(
                    kind__in=["looked", "exported", "printed", "signed_in", "signed_out", "refused", "other"]
                ),
            )
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="filled_by_database",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="NEW.at = now(); NEW.context = portal_acting(); RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_words}"


class AuditEntry(models.Model):
    """One act of the audit trail; read-only, the view that results_portal/trail.py makes.

    kind: insert, update or delete of a tracked row, or an AuditNote's; model and object_id: which row;
    data: the row's columns after the act (before it, if it was removed), old: at the act before it.
    """

    key = models.CharField(primary_key=True, max_length=80)
    at = models.DateTimeField()
    id = models.IntegerField()
    source = models.CharField(max_length=64)
    kind = models.CharField(max_length=10)
    model = models.CharField(max_length=64)
    object_id = models.BigIntegerField(null=True)
    entry_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)
    user_id = models.CharField(max_length=20, null=True)  # noqa: DJ001 (a view has NULLs)
    address = models.CharField(max_length=45, null=True)  # noqa: DJ001
    context = models.JSONField()
    data = models.JSONField()
    old = models.JSONField(null=True)

    class Meta:
        managed = False
        db_table = "audit_trail"
        verbose_name = _("act")
        verbose_name_plural = _("audit trail")
        default_permissions = ()
        permissions: ClassVar = [("view_audit", _("Can see the audit trail"))]

    def __str__(self) -> str:
        return self.key
