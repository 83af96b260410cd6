"""Loading a file from the exams office's pages: choose, look at what it would do, load exactly that file.

A file lies in the database from choosing it to its end. The office's worker (results/tasks.py) checks it,
by a dry run of the load itself, and loads it once a person has confirmed the preview; all or nothing, and
what the load would do differently from the preview stops it. A job that dies leaves nothing stored. It is
not run again by itself: that it lives shows in an advisory lock, which ends with its connection.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Max
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.acting import acting, checked_reason
from accounts.models import User
from results import importing
from results.importing import FaultyFile, Report
from results.importing.reports import Findings, in_one_line
from results.models import Entry, ExamSession, Release, Upload
from results.models.uploads import LARGEST_FILE, LONGEST_FILE_NAME
from results_portal import attribution

MAY_LOAD = "results.add_upload"
QUEUE = "office"
KEPT_FOR = timedelta(hours=24)  # a file that nobody loads
BETWEEN_REPORTS = 0.25  # seconds between two writes of the progress
TO_START = timedelta(seconds=30)  # from taking a job to its first write; milliseconds, if nothing is wrong

_LOCK = 7302616  # first key of the advisory locks of jobs at work; the second is the upload's

State, Trouble = Upload.State, Upload.Trouble


@dataclass(frozen=True)
class Kind:
    """A kind of file. load: called with session, source, dry_run, progress, by and reason."""

    label: str | Promise
    load: Callable[..., Report]


def _without_author(verb: Callable[..., Report]) -> Callable[..., Report]:
    def load(session: ExamSession, source: File, *, by: User, reason: str, **options: Any) -> Report:
        return verb(session, source, **options)

    return load


KINDS: dict[str, Kind] = {
    "entries": Kind(gettext_lazy("Entries"), _without_author(importing.import_entries)),
    "results": Kind(gettext_lazy("Results"), importing.import_results),
    "certificates": Kind(gettext_lazy("Certificates"), _without_author(importing.import_certificates)),
}


# --- What a person does ----------------------------------------------------------------------------------


def choose(session: ExamSession, kind: str, file: File, by: User) -> Upload:
    """Store the file, and have it checked.

    Raises ValidationError if `by` may not, or for the file's size or name.
    """
    if file.size > LARGEST_FILE:
        raise ValidationError(too_large(), code="too_large")
    if len(file.name) > LONGEST_FILE_NAME:
        raise ValidationError(_("The file’s name is too long."), code="long_name")
    with acting(by, MAY_LOAD):
        content = file.read()
        upload = Upload.objects.create(
            session=session,
            kind=kind,
            name=file.name,
            size=len(content),
            sha256=sha256(content).hexdigest(),
            content=content,
            uploaded_by=by,
        )
        _queue("check_upload", upload)
    return upload


def too_large() -> str:
    return _("The file is too large: more than %d MB. Nothing was read.") % (LARGEST_FILE // 1_000_000)


def confirm(upload: Upload, by: User, seen_sha256: str, reason: str = "") -> None:
    """Have exactly the file loaded whose preview the person has seen; reason: where it corrects.

    Raises ValidationError, by field for the reason, if `by` may not, if the file is another or has been
    loaded or cancelled, if another file of the session is being loaded, or if the session has changed since
    the check: then the file is checked again.
    """
    settle()
    try:
        with acting(by, MAY_LOAD):
            _confirm(upload, by, seen_sha256, reason)
    except _ChangedMeanwhileError as changed:
        with acting(by, MAY_LOAD):
            _check_again(upload, State.CHECKED)
        raise ValidationError(
            _("Something changed since the check: %s. The file is checked again; look at the new figures.")
            % changed,
            code="changed_meanwhile",
        ) from None


def _confirm(upload: Upload, by: User, seen_sha256: str, reason: str) -> None:
    locked = Upload.objects.select_for_update().get(pk=upload.pk)
    if locked.state != State.CHECKED:
        raise ValidationError(_already(locked), code="moved_on")
    if locked.sha256 != seen_sha256:
        raise ValidationError(_("This is not the file whose preview you saw."), code="another_file")
    if changed := _what_changed(locked):
        raise _ChangedMeanwhileError(changed)
    if locked.corrected:
        try:
            reason = checked_reason(reason)
        except ValidationError as refusal:
            raise ValidationError({"reason": refusal}) from None
    other = Upload.objects.with_people().filter(session=locked.session_id, state=State.LOADING).first()
    refusal = ValidationError(
        _("%(person)s is loading “%(file)s” for this session now. Wait until that has ended.")
        % {"person": other.confirmed_by if other else "", "file": other or ""},
        code="another_loads",
    )
    if other:
        raise refusal
    try:
        with transaction.atomic():
            Upload.objects.filter(pk=locked.pk).update(
                state=State.LOADING,
                started_at=None,
                progress=0,
                reason=reason if locked.corrected else "",
                confirmed_by=by,
                confirmed_at=Now(),
            )
    except IntegrityError:  # at the same moment
        raise refusal from None
    _queue("load_upload", locked)


def cancel(upload: Upload, by: User) -> None:
    """Erase a file that is not loaded. Raises ValidationError if `by` may not, or if it is being loaded."""
    with acting(by, MAY_LOAD):
        locked = Upload.objects.select_for_update().get(pk=upload.pk)
        if locked.state not in {State.CHECKING, State.CHECKED}:
            raise ValidationError(_already(locked), code="moved_on")
        _end(locked, State.CANCELLED)


def _already(upload: Upload) -> str:
    if upload.state == State.LOADING:
        return _("%s has confirmed this file already: it is being loaded.") % upload.confirmed_by
    if upload.state == State.LOADED:
        return _("%s has loaded this file already.") % upload.confirmed_by
    if upload.state == State.CHECKING:
        return _("The file is being checked. Wait for the new figures.")
    return _("This file cannot be loaded any more: %s.") % upload.get_state_display()


class _ChangedMeanwhileError(Exception):
    """What a file would do is not what the preview said; str() says what changed, or nothing."""


def _basis(session_id: int) -> dict[str, int | None]:
    """What a preview rests on, in figures that differ once it does not hold any more."""
    of_session = Entry.objects.filter(session=session_id)
    releases = Release.objects.filter(session=session_id)
    return {
        **of_session.aggregate(entries=Count("pk", distinct=True), statement=Max("statements__pk")),
        "approved": releases.values_list("approved_through", flat=True).first(),
        "loaded": Upload.objects.filter(session=session_id, state=State.LOADED).count(),
    }


def _what_changed(upload: Upload) -> str:
    """In words, or nothing."""
    before, now = upload.report["basis"], _basis(upload.session_id)
    if before == now:
        return ""
    if before["loaded"] != now["loaded"]:
        loaded = Upload.objects.with_people().filter(session=upload.session_id, state=State.LOADED)
        newest = loaded.order_by("-finished_at").first()
        return _("%(person)s loaded “%(file)s”") % {"person": newest.confirmed_by, "file": newest}
    words = {
        "statement": _("results were loaded or corrected"),
        "entries": _("the entries of the session are others"),
        "approved": _("the approval of the release is another"),
    }
    return next(said for name, said in words.items() if before[name] != now[name])


# --- What the worker does --------------------------------------------------------------------------------


def check(upload_id: int) -> None:
    """Find out what the file would do, by the load itself, taken back."""
    with _at_work(upload_id, State.CHECKING) as job:
        if job is None:
            return
        upload, progress = job
        basis = _basis(upload.session_id)
        try:
            report = _run(upload, dry_run=True, progress=progress)
        except FaultyFile as faulty:
            _end(upload, State.REFUSED, report=as_json(faulty.report))
        else:
            changed_meanwhile = upload.report.get("changed_meanwhile", False)
            Upload.objects.filter(pk=upload.pk, state=State.CHECKING).update(
                state=State.CHECKED,
                progress=100,
                report=as_json(report) | {"basis": basis, "changed_meanwhile": changed_meanwhile},
                **_figures(report),
            )


def load(upload_id: int) -> None:
    """Load the file as it was confirmed, and note that in the same transaction."""
    with _at_work(upload_id, State.LOADING) as job:
        if job is None:
            return
        upload, progress = job
        person = upload.confirmed_by
        try:
            with transaction.atomic(), pghistory.context(**attribution.by_user(person), upload=upload.pk):
                report = _run(upload, dry_run=False, progress=progress)
                if _figures(report) != {name: getattr(upload, name) for name in _figures(report)}:
                    raise _ChangedMeanwhileError
                _end(upload, State.LOADED, report=as_json(report))
        except FaultyFile as faulty:
            _end(upload, State.REFUSED, report=as_json(faulty.report))
        except _ChangedMeanwhileError:
            _check_again(upload, State.LOADING)


def _run(upload: Upload, *, dry_run: bool, progress: Callable[[int, int], None]) -> Report:
    content = Upload.objects.values_list("content", flat=True).get(pk=upload.pk)
    return KINDS[upload.kind].load(
        upload.session,
        ContentFile(bytes(content), name=upload.name),
        dry_run=dry_run,
        progress=progress,
        by=upload.confirmed_by or upload.uploaded_by,
        reason=upload.reason,
    )


def _figures(report: Report) -> dict[str, int]:
    return {name: getattr(report, name) for name in ("added", "changed", "unchanged", "corrected")}


def as_json(report: Report) -> dict[str, Any]:
    """A report as an upload keeps it; its counts stand in columns of their own."""

    def told(findings: Findings) -> dict[str, Any]:
        first = [
            asdict(replace(found, column=in_one_line(found.column), value=in_one_line(found.value or "")))
            for found in findings
        ]
        return {"total": len(findings), "first": first}

    kept = ("by_outcome", "by_centre", "earlier", "earlier_sessions", "without_result", "notes")
    return {
        "faults": told(report.faults),
        "warnings": told(report.warnings),
        **{name: getattr(report, name) for name in kept},
    }


@contextmanager
def _at_work(upload_id: int, state: State) -> Iterator[tuple[Upload, Callable[[int, int], None]] | None]:
    """The upload and what takes its progress, or None if it is not in this state, or was worked on before.

    The lock and the progress have a connection of their own: the load's is in a transaction to the end.
    """
    beside = connection.copy()
    try:
        with beside.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_LOCK, upload_id])
            cursor.execute(
                "UPDATE results_upload SET started_at = clock_timestamp(), progress = 0"
                " WHERE id = %s AND state = %s AND started_at IS NULL",
                [upload_id, state.value],
            )
            if not cursor.rowcount:
                yield None
                return
            upload = Upload.objects.with_people().get(pk=upload_id)
            try:
                yield upload, _progress_writer(cursor, upload_id)
            except Exception:
                _end(upload, State.FAILED, trouble=Trouble.ERROR)
                raise
    finally:
        beside.close()


def _progress_writer(cursor, upload_id: int) -> Callable[[int, int], None]:
    written, at = 0, 0.0

    def write(done: int, total: int) -> None:
        nonlocal written, at
        percent = min(100, 100 * done // total) if total else 100
        now = time.monotonic()
        if percent == written or (percent < 100 and now - at < BETWEEN_REPORTS):
            return
        written, at = percent, now
        cursor.execute("UPDATE results_upload SET progress = %s WHERE id = %s", [percent, upload_id])

    return write


def _check_again(upload: Upload, state: State) -> None:
    """From this state back to the check, with the file as it is."""
    with transaction.atomic():
        Upload.objects.filter(pk=upload.pk, state=state).update(
            state=State.CHECKING,
            started_at=None,
            progress=0,
            confirmed_by=None,
            confirmed_at=None,
            report={"changed_meanwhile": True},
        )
        _queue("check_upload", upload)


def _end(upload: Upload, state: State, **changes: Any) -> None:
    """Bring the upload to its end and erase the content; it must not have moved on meanwhile."""
    ended = Upload.objects.filter(pk=upload.pk, state=upload.state).update(
        state=state, content=None, finished_at=Now(), **changes
    )
    # Only who cancels may come between, while a file is checked.
    if not ended and upload.state != State.CHECKING:
        raise RuntimeError(f"Upload {upload.pk} is not {upload.state} any more.")


def _queue(task: str, upload: Upload) -> None:
    from results import tasks  # which imports this module

    getattr(tasks, task).defer(upload_id=upload.pk, language=get_language())


# --- Files whose job has died, and files that nobody loads -----------------------------------------------


def settle() -> int:
    """Note which jobs were broken off, and erase their files; how many there were."""
    running = Upload.objects.filter(state__in=Upload.RUNNING).values_list("pk", "state", "started_at")
    broken = 0
    for pk, state, started_at in running:
        if _is_alive(pk, started_at):
            continue
        # Whoever has moved on since has done so before letting the lock go.
        broken += Upload.objects.filter(pk=pk, state=state, started_at=started_at).update(
            state=State.FAILED, trouble=Trouble.BROKEN_OFF, content=None, finished_at=Now()
        )
    return broken


def _is_alive(upload_id: int, started_at) -> bool:
    """Whether a job works on the upload, or waits for its turn."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
            " AND classid = %s AND objid = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            [_LOCK, upload_id],
        )
        if cursor.fetchone()[0]:
            return True
    if started_at is not None:
        return False
    jobs = ProcrastinateJob.objects.filter(queue_name=QUEUE, args__upload_id=upload_id)
    starting = jobs.filter(
        status="doing", procrastinateevent__type="started", procrastinateevent__at__gt=Now() - TO_START
    )
    return jobs.filter(status="todo").exists() or starting.exists()


def expire() -> int:
    """Erase the files that nobody has loaded within a day; how many there were."""
    settle()
    waiting = Upload.objects.filter(state__in=(State.CHECKING, State.CHECKED))
    return waiting.filter(uploaded_at__lt=Now() - KEPT_FOR).update(
        state=State.CANCELLED, trouble=Trouble.EXPIRED, content=None, finished_at=Now()
    )
