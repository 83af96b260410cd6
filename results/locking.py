"""The lock that keeps storing and approving statements apart."""

from results.models import Release


def lock(release: Release) -> Release:
    """The release as it stands, locked until the transaction ends.

    Whoever stores statements locks the session's release first, as whoever approves does: a statement
    whose transaction is still open could otherwise be covered without having been seen.
    """
    locked = Release.objects.select_for_update().get(pk=release.pk)
    release.refresh_from_db()
    return locked
