"""A real SMTP server for tests, and the real worker that sends to it."""

import email
import email.policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from django.db import connection
from procrastinate.contrib.django import app

from results_portal.roles import WORKER


class Mailbox(list[EmailMessage]):
    """What arrived, in order."""

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        message.envelope_to = envelope.rcpt_tos
        self.append(message)
        return "250 OK"


def serve(mailbox: Mailbox, port: int) -> Controller:
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    return controller


def work(role: str = WORKER, queues: list[str] | None = None) -> None:
    """Run the worker until the queue is empty: what is due is sent, what fails is put back for later.

    Its connections have the rights of the role; they end with its threads.
    """
    before = dict(connection.settings_dict)
    options = {**before["OPTIONS"], "options": f"-c role={role}"}
    connection.settings_dict.update(CONN_MAX_AGE=0, OPTIONS=options)
    try:
        _work(queues)
    finally:
        connection.settings_dict.update(before)


def _work(queues: list[str] | None) -> None:
    with app.replace_connector(app.connector.get_worker_connector()) as worker:
        worker.run_worker(
            queues=queues,
            wait=False,
            install_signal_handlers=False,
            listen_notify=False,
            delete_jobs="never",
        )


def text_of(message: EmailMessage) -> str:
    return message.get_body(("plain",)).get_content()


def html_of(message: EmailMessage) -> str:
    return message.get_body(("html",)).get_content()
