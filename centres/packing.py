"""Packs: all statements of a centre's students in a session as one file, made in the background.

The job reads as the centre does, through the gate (centres/seeing.py). The file lies in the database, in
pieces, for two hours, and is given out while every statement in it is what the gate shows the centre at that
moment: the view behind CurrentPack asks that for every piece. A job that dies leaves nothing; that it lives
shows in an advisory lock, which ends with its connection (as in results/uploading.py).
"""

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import User
from centres import seeing
from centres.models import Pack, PackContent, PackPart, PreparationCentre
from centres.models.packs import KEPT_FOR
from results import document, handing_out, sentences, signing
from results.document import Document
from results.models import CentreStatement, ExamSession

QUEUE = "packs"  # not the office's: making 5,000 takes minutes, and the office's files must not wait
MOST_AT_ONCE = 2  # packs of a centre that wait or are being made
RECORD_KEPT = timedelta(days=30)  # of who asked for which; the file itself goes after KEPT_FOR
AT_A_TIME = 100  # statements read, and set, before the next ones
MOST_IN_ONE_PDF = 200  # pages, which take up to 0.7 GB while they are set; more make several PDFs in a zip
PART = 4_000_000  # bytes
TO_START = timedelta(seconds=30)  # from taking a job to its first write; milliseconds, if nothing is wrong

_LOCK = 7302630  # first key of the advisory locks of jobs at work; the second is the pack's
_ASKING = 7302631  # the same, of who asks; the second is the centre's

Kind, State, Trouble = Pack.Kind, Pack.State, Pack.Trouble


# --- What a person does ----------------------------------------------------------------------------------


def ask(centre: PreparationCentre, session: ExamSession, kind: str, language: str, by: User) -> Pack:
    """Have a pack made; one that is being made already is taken for it. by: a member of the centre.

    Raises ValidationError if too many of the centre's are being made.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_ASKING, centre.pk])
        running = running_of(centre)
        asked = {"session_id": session.pk, "kind": kind, "language": language}
        for pack in running:
            if all(getattr(pack, name) == value for name, value in asked.items()):
                return pack
        if len(running) >= MOST_AT_ONCE:
            raise ValidationError(
                _(
                    "%(most)d files of your centre are being made already. Wait until one is ready, then ask"
                    " for this one."
                ),
                code="too_many",
                params={"most": MOST_AT_ONCE},
            )
        cursor.execute(  # not by the model, which would name columns that are the job's to write
            "INSERT INTO centres_pack (centre_id, session_id, kind, language, asked_by_id)"
            " VALUES (%s, %s, %s, %s, %s) RETURNING id",
            [centre.pk, session.pk, kind, language, by.pk],
        )
        pack = Pack.objects.get(pk=cursor.fetchone()[0])
        _queue(pack)
    return pack


def running_of(centre: PreparationCentre) -> list[Pack]:
    """The packs of a centre that wait or are being made, without those that were broken off."""
    return [
        pack for pack in Pack.objects.filter(centre=centre, state__in=Pack.RUNNING) if not is_broken_off(pack)
    ]


def is_broken_off(pack: Pack) -> bool:
    """Whether the job that made it has died; settle() writes that down."""
    return pack.state == State.MAKING and not _is_locked(pack.pk)


def newer_results(pack: Pack) -> int:
    """How many results the gate shows the centre in the session that the pack does not hold."""
    return seeing.statements_of([pack.centre], pack.session).count() - pack.total


def content(pack: Pack) -> Iterator[bytes]:
    """The pieces of a pack's file; the database asks the gate again for each.

    Raises LookupError where it does not give the next one: the file is no longer what the centre sees.
    """
    sent, number = 0, 0
    while sent < pack.size:
        piece = PackContent.objects.filter(pack=pack.pk, centre=pack.centre_id, number=number)
        found = piece.values_list("content", flat=True).first()
        if found is None:
            raise LookupError(f"Pack {pack.pk} is out of date.")
        yield bytes(found)
        sent, number = sent + len(found), number + 1


def file_name(pack: Pack) -> str:
    ending = "zip" if pack.is_zip else "pdf"
    return f"Statements-of-Results-{pack.session.code}-{pack.language}.{ending}"


# --- What the worker does --------------------------------------------------------------------------------


def make(pack_id: int) -> None:
    """Make a pack that waits; another is left as it is."""
    with _at_work(pack_id) as pack:
        if pack is None:
            return
        together = pack.kind == Kind.TOGETHER
        students = seeing.with_students(seeing.statements_of([pack.centre], pack.session))
        total = students.count()
        if not total:
            _end(pack, State.FAILED, trouble=Trouble.NOTHING)
            return
        Pack.objects.filter(pk=pack.pk).update(total=total)
        file = _Parts(pack)
        is_zip = not together or total > MOST_IN_ONE_PDF
        documents = _documents(pack, students)
        if is_zip:
            with zipfile.ZipFile(file, "w") as archive:  # stored as they are: a PDF is compressed inside
                for name, pdf in _booklets(pack, documents) if together else _singles(pack, documents):
                    archive.writestr(zipfile.ZipInfo(name, timezone.localtime().timetuple()[:6]), pdf)
        else:
            for _name, pdf in _booklets(pack, documents):
                file.write(pdf)
        file.finish()
        with transaction.atomic():
            same = {name: getattr(pack, name) for name in ("centre", "session", "kind", "language")}
            _without_file(Pack.objects.filter(state=State.READY, **same), state=State.ERASED)
            _end(
                pack,
                State.READY,
                total=len(pack.statements),
                done=len(pack.statements),
                size=file.size,
                is_zip=is_zip,
                entries=pack.entries,
                statements=pack.statements,
            )


def _documents(pack: Pack, students: QuerySet[CentreStatement]) -> Iterator[Document]:
    """What the centre sees of its students, some at a time; notes on the pack which statements those are."""
    statements = students.iterator(chunk_size=AT_A_TIME)
    while some := list(islice(statements, AT_A_TIME)):
        versions = seeing.versions_of([pack.centre], some)
        for statement in some:
            statement.entry.session = pack.session
            pack.entries.append(statement.entry_id)
            pack.statements.append(statement.statement_id)
            yield Document(statement.entry, statement, versions.get(statement, []))


def _singles(pack: Pack, documents: Iterable[Document]) -> Iterator[tuple[str, bytes]]:
    """A signed PDF each, with its name."""
    for done, each in enumerate(documents, start=1):
        yield document.file_name(each.entry), handing_out.signed(each, pack.language)
        if done % 5 == 0:
            Pack.objects.filter(pk=pack.pk).update(done=done)


def _booklets(pack: Pack, documents: Iterator[Document]) -> Iterator[tuple[str, bytes]]:
    """Signed PDFs of many students each, with their names."""
    number = done = 0
    while some := list(islice(documents, MOST_IN_ONE_PDF)):
        number += 1
        pdf = document.render_all(some, pack.language)
        reason = f"{sentences.TITLE}, {pack.session.code}, {pack.centre}"
        yield f"{pack.session.code}-{number:02d}.pdf", signing.sign(pdf, reason)
        done += len(some)
        Pack.objects.filter(pk=pack.pk).update(done=done)


class _Parts:
    """A file to write to, from the beginning to the end, that goes into the database piece by piece."""

    def __init__(self, pack: Pack):
        self.pack, self.size, self.number, self.waiting = pack, 0, 0, bytearray()

    def write(self, data: bytes) -> int:
        self.waiting += data
        while len(self.waiting) >= PART:
            self._store(PART)
        return len(data)

    def flush(self) -> None:
        """Nothing: pieces go when they are full, and the last by finish()."""

    def finish(self) -> None:
        if self.waiting:
            self._store(len(self.waiting))

    def _store(self, length: int) -> None:
        piece = bytes(self.waiting[:length])
        with connection.cursor() as cursor:  # not by the model, which would ask for what it wrote
            cursor.execute(
                "INSERT INTO centres_packpart (pack_id, number, content) VALUES (%s, %s, %s)",
                [self.pack.pk, self.number, piece],
            )
        del self.waiting[:length]
        self.size, self.number = self.size + length, self.number + 1


@contextmanager
def _at_work(pack_id: int) -> Iterator[Pack | None]:
    """The pack, or None if it does not wait; the lock has a connection of its own."""
    beside = connection.copy()
    try:
        with beside.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_LOCK, pack_id])
        started = Pack.objects.filter(pk=pack_id, state=State.WAITING)
        if not started.update(state=State.MAKING, started_at=Now()):
            yield None
            return
        pack = Pack.objects.select_related("centre", "session").get(pk=pack_id)
        try:
            yield pack
        except Exception:
            _end(pack, State.FAILED, trouble=Trouble.ERROR)
            raise
    finally:
        beside.close()


def _end(pack: Pack, state: State, **changes: Any) -> None:
    """Bring a pack that is being made to its end; without a file, none stays behind."""
    with transaction.atomic():
        making = Pack.objects.filter(pk=pack.pk, state=State.MAKING)
        ended = making.update(state=state, finished_at=Now(), **changes)
        if state == State.FAILED or not ended:  # settle() may have given it up
            PackPart.objects.filter(pack=pack).delete()


def _queue(pack: Pack) -> None:
    from centres import tasks  # which imports this module

    tasks.make_pack.defer(pack_id=pack.pk)


# --- Packs whose time is over, and those whose job has died ----------------------------------------------


def settle() -> int:
    """Note which jobs have died, and erase what they left; how many there were."""
    dead = [pack.pk for pack in Pack.objects.filter(state__in=Pack.RUNNING) if not _is_alive(pack)]
    # Whoever has moved on since has done so before letting the lock go.
    return _without_file(
        Pack.objects.filter(pk__in=dead, state__in=Pack.RUNNING),
        state=State.FAILED,
        trouble=Trouble.BROKEN_OFF,
        finished_at=Now(),
    )


def expire() -> None:
    """Erase the files whose time is over, and after a month the record of them."""
    settle()
    _without_file(
        Pack.objects.filter(state=State.READY, finished_at__lt=Now() - KEPT_FOR), state=State.ERASED
    )
    Pack.objects.filter(finished_at__lt=Now() - RECORD_KEPT).delete()


def _without_file(packs: QuerySet[Pack], **changes: Any) -> int:
    """Change the packs and erase what they hold; how many there were."""
    with transaction.atomic():
        found = list(packs.select_for_update().values_list("pk", flat=True))
        PackPart.objects.filter(pack__in=found).delete()
        return Pack.objects.filter(pk__in=found).update(**changes)


def _is_alive(pack: Pack) -> bool:
    """Whether a job works on the pack, or waits for its turn."""
    if _is_locked(pack.pk):
        return True
    if pack.started_at is not None:
        return False
    jobs = ProcrastinateJob.objects.filter(queue_name=QUEUE, args__pack_id=pack.pk)
    starting = jobs.filter(
        status="doing", procrastinateevent__type="started", procrastinateevent__at__gt=Now() - TO_START
    )
    return jobs.filter(status="todo").exists() or starting.exists()


def _is_locked(pack_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
            " AND classid = %s AND objid = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            [_LOCK, pack_id],
        )
        return cursor.fetchone()[0]
