"""A candidate of the demo who shows a result by links: one that works, one that was revoked."""

from datetime import timedelta


def load(id_number: str) -> None:
    """Make the links as the candidate with this ID Number would; open one as its reader would."""
    from django.utils import timezone

    from accounts.models import User
    from candidates import sharing
    from candidates.adding import exams_of
    from results.models import Share

    user = User.objects.get(entries__id_number=id_number)
    entry = exams_of(user)[0]
    today = timezone.localdate()
    made = []
    for for_whom, shows, days in (
        ("Università degli Studi di Padova, ufficio ammissioni", Share.Shows.SKILLS, 30),
        ("Nonna Pina", Share.Shows.OVERALL, 7),
    ):
        outcome, pk = sharing.make(
            user, entry, for_whom=for_whom, shows=shows, last_day=today + timedelta(days=days)
        )
        if outcome is not sharing.Outcome.MADE:
            raise RuntimeError(f"{id_number}: {outcome}")
        made.append(Share.objects.get(pk=pk))
    for share in made:
        sharing.mark_opened(share)
    sharing.revoke(user, made[1].pk)
