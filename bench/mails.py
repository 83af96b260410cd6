"""Mails lost and doubled by a worker that is killed: python -m bench.mails [--people 600] [--kills 20]

On a throw-away server, with a real SMTP server and the real worker process, whose rate is set so high that it
sends as fast as it can: it is ended by kill -9 again and again while the mails of an instant go out. Counted
are people who got no mail, mails that came more than once under one Message-ID (the window between the mail
server's acceptance and its commit), and people who got mails with different ones. Before it: what one look
at everything costs, with as many open results as people.
"""

import argparse
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes

from aiosmtpd.controller import Controller
from procrastinate.exceptions import AlreadyEnqueued

from bench.installation import installation, make_session

LONGEST_RUN = 600  # seconds
ABOUT_ONE_MAIL = 0.02  # seconds: so that a kill falls anywhere between two mails


@dataclass(frozen=True)
class Outcome:
    """Of a run. doubled: copies beyond the first under the same Message-ID; told_twice: people with two."""

    kills: int
    lost: int
    doubled: int
    told_twice: int
    seconds: float


class Arrived(list[tuple[str, str]]):
    """(recipient, Message-ID) of what the SMTP server accepted, in order."""

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        message = message_from_bytes(envelope.content)
        self.extend((to, message["Message-ID"]) for to in envelope.rcpt_tos)
        return "250 OK"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    logging.disable(logging.INFO)  # the mail server's, a dozen lines a mail
    with installation("owner") as portal:
        _look(options.people)
        outcome = kill_run(portal.urls["worker"], options.people, options.kills)
        print(
            f"{options.people} mails, {outcome.kills} kills, {outcome.seconds:.0f} s: {outcome.lost} lost,"
            f" {outcome.doubled} doubled, {outcome.told_twice} people told twice otherwise"
        )


def kill_run(worker_url: str, people: int, kills: int, seed: int | None = None) -> Outcome:
    """Open a session for so many people and kill the worker so often while it tells them.

    worker_url: the database with the worker's login; Django is set up for the same one as its owner.
    """
    from results.models import Mail
    from results.tasks import send_mails

    chance = random.Random(seed)  # noqa: S311
    recipients = {f"p{n}@example.org" for n in range(people)}
    _open_session("KILLS", people)
    arrived = Arrived()
    controller = Controller(arrived, hostname="127.0.0.1", port=_free_port())
    controller.start()
    environment = {
        **os.environ,
        "DATABASE_URL": worker_url,
        "EMAIL_URL": f"smtp://127.0.0.1:{controller.port}",
        "MAILS_PER_MINUTE": "600000",
    }
    started = time.monotonic()
    kills_done = 0
    try:
        while left := people - Mail.objects.filter(state="sent").count():
            if time.monotonic() > started + LONGEST_RUN:
                break
            with suppress(AlreadyEnqueued):
                send_mails.defer(timestamp=0)
            worker = subprocess.Popen(
                [sys.executable, "manage.py", "procrastinate", "worker", "-q", "mail"],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            kills_left = kills - kills_done
            share = left if not kills_left else chance.randint(1, max(1, 2 * left // (kills_left + 1) - 1))
            wanted = len(arrived) + share
            while len(arrived) < wanted and time.monotonic() < started + LONGEST_RUN:
                if worker.poll() is not None:
                    raise RuntimeError(f"The worker has ended by itself (status {worker.returncode}).")
                time.sleep(0.001)
            time.sleep(1 if not kills_left else chance.random() * ABOUT_ONE_MAIL)
            worker.send_signal(signal.SIGKILL if kills_left else signal.SIGTERM)
            worker.wait()
            kills_done += bool(kills_left)
    finally:
        controller.stop()
    copies = Counter(arrived)
    different = Counter(to for to, _message_id in copies)
    return Outcome(
        kills=kills_done,
        lost=len(recipients - {to for to, _message_id in arrived}),
        doubled=sum(copies.values()) - len(copies),
        told_twice=sum(number > 1 for number in different.values()),
        seconds=time.monotonic() - started,
    )


def _look(people: int) -> None:
    from results.mailing.queueing import collect
    from results.models import ExamSession, Mail

    session = _open_session("LOOK", people)
    for what in ("queue all", "look again, nothing new"):
        started = time.perf_counter()
        rows = collect(everything=True)
        print(f"{what:28} {time.perf_counter() - started:7.3f} s {rows} rows")
    Mail.objects.all().delete()
    session.release.delete()
    ExamSession.objects.filter(pk=session.pk).update(code="LOOKED")


def _open_session(code: str, people: int):
    """A session that opened a minute ago, with so many registered candidates who chose updates."""
    from datetime import date, timedelta

    from django.utils import timezone

    from accounts.models import Choice, User
    from results.models import Entry, Release, Statement

    session = make_session(code, opens_at=timezone.now() - timedelta(minutes=1))
    users = User.objects.bulk_create(
        User(
            username=f"{code}{n:06d}",
            face="candidates",
            email=f"p{n}@example.org",
            language="en",
            password="!",  # noqa: S106 (nobody signs in)
        )
        for n in range(people)
    )
    Choice.objects.bulk_create(
        Choice(user=user, kind="updates", agreed=True, text_version="2026-11-22") for user in users
    )
    entries = Entry.objects.bulk_create(
        Entry(
            session=session,
            id_number=user.username,
            candidate_number=f"{n:06d}",
            family_name="Bianchi",
            given_names="Alice",
            date_of_birth=date(2010, 3, 14),
            user=user,
        )
        for n, user in enumerate(users)
    )
    Statement.objects.bulk_create(Statement(entry=entry, version=1, status="pending") for entry in entries)
    Release.objects.filter(session=session).update(approved_through=2**62)
    return session


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    main()
