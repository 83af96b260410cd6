"""Looks at results in the demo: the office and a school have opened some, so that “My data” has something to
tell."""

LOOKED_AT = "B2F-DEMO"  # registered candidates of a school, whose results are open


def load(officer: "User") -> None:  # noqa: F821
    import pghistory

    from accounts.models import User
    from centres import seeing
    from results.models import Entry
    from results_portal import audit
    from results_portal.models import AuditNote

    looked_at = Entry.objects.filter(
        session__code=LOOKED_AT, user__isnull=False, preparation_centre__isnull=False
    )
    for entry in looked_at.order_by("pk")[:3]:
        member = User.objects.filter(memberships__centre=entry.preparation_centre_id).first()
        seeing.mark_looked(entry, member)
        with pghistory.context(user=officer.pk):
            audit.record(None, AuditNote.Kind.LOOKED, entry.statements.get())
