"""What waits for somebody, for the top of the admin's front page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce, Now, TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from results import releasing
from results.admin.signs import SIGNS
from results.models import Approval, LostSlip, Mail, Release, Statement, Upload
from results.standing import State, with_state
from results.times import in_words

Words = Callable[[int], str]

MOST = 6  # sessions in each list
RECENTLY = timedelta(days=7)  # what failed before is history


@dataclass(frozen=True)
class Coming:
    """A session that opens next: its state with a sign, and the days that are left."""

    title: str
    link: str
    state: str
    sign: str
    words: str
    when: str
    left: str


@dataclass(frozen=True)
class Task:
    """Something that waits for the person, with the page on which to do it."""

    words: str
    link: str


@dataclass(frozen=True)
class Queue:
    """Rows of one state that wait for who has the permission, and words for their number."""

    permission: str
    rows: Callable[[], QuerySet]
    words: Words


_others: list[Queue] = []


def add_queue(permission: str, rows: Callable[[], QuerySet], words: Words) -> None:
    """Show a queue of an app above this one; its admin module says so when it is loaded."""
    _others.append(Queue(permission, rows, words))


def coming(user: User) -> list[Coming]:
    """The sessions that open next; empty for who may not see sessions."""
    if not user.has_perm("results.view_examsession"):
        return []
    releases = with_state(Release.objects.filter(opens_at__gt=Now())).select_related("session")
    releases = releases.annotate(today=TruncDate(Now()), day=TruncDate("opens_at")).order_by("opens_at")
    return [
        Coming(
            title=str(release.session),
            link=_control_room(release),
            state=release.state,
            sign=SIGNS[release.state],
            words=str(State(release.state).label),
            when=in_words(release.opens_at),
            left=_days((release.day - release.today).days),
        )
        for release in releases[:MOST]
    ]


def tasks(user: User) -> list[Task]:
    """What waits for this person, by what the person may do."""
    found = []
    if user.has_perm(releasing.MAY_APPROVE):
        found += [
            Task(
                _("%s waits for your approval") % release.session,
                reverse("admin:results_release_approve", args=[release.pk]),
            )
            for release in _waiting_for(user)[:MOST]
        ]
    for queue in (*_queues(), *_others):
        if not user.has_perm(queue.permission):
            continue
        rows = queue.rows()
        if number := rows.count():
            model = rows.model._meta
            link = reverse(f"admin:{model.app_label}_{model.model_name}_changelist")
            state = rows.first().state
            found.append(Task(queue.words(number) % {"count": number}, f"{link}?state__exact={state}"))
    return found


def _waiting_for(user: User) -> QuerySet[Release]:
    """Releases with statements that no approval covers and this person has not approved."""
    through = Coalesce(OuterRef("approved_through"), 0)
    statements = Statement.objects.filter(entry__session=OuterRef("session"), pk__gt=through)
    own = Approval.objects.filter(release=OuterRef("pk"), person=user, took_effect_at=None, voided_at=None)
    waiting = Release.objects.filter(Exists(statements), ~Exists(own))
    return waiting.select_related("session").order_by("opens_at")


def _queues() -> list[Queue]:
    return [
        Queue(
            "results.view_lostslip",
            lambda: LostSlip.objects.filter(state=LostSlip.State.OPEN),
            lambda number: ngettext(
                "%(count)d candidate asks for a lost slip", "%(count)d candidates ask for a lost slip", number
            ),
        ),
        Queue(
            "results.view_upload",
            lambda: Upload.objects.filter(state=Upload.State.CHECKED),
            lambda number: ngettext(
                "%(count)d file is checked and not loaded yet",
                "%(count)d files are checked and not loaded yet",
                number,
            ),
        ),
        Queue(
            "results.view_upload",
            lambda: Upload.objects.filter(state=Upload.State.FAILED, finished_at__gt=Now() - RECENTLY),
            lambda number: ngettext(
                "%(count)d file failed in the last seven days",
                "%(count)d files failed in the last seven days",
                number,
            ),
        ),
        Queue(
            "results.view_mail",
            lambda: Mail.objects.filter(state=Mail.State.GIVEN_UP, made_at__gt=Now() - RECENTLY),
            lambda number: ngettext(
                "%(count)d mail was given up in the last seven days",
                "%(count)d mails were given up in the last seven days",
                number,
            ),
        ),
    ]


def _days(number: int) -> str:
    if number == 0:
        return _("today")
    return ngettext("in %(count)d day", "in %(count)d days", number) % {"count": number}


def _control_room(release: Release) -> str:
    return reverse("admin:results_examsession_control_room", args=[release.session_id])
