"""Mails about results: who is to be told what (queueing.py), in which words (rendering.py), and the sending
itself (sending.py), by the worker (results/tasks.py).
"""

from results.mailing.queueing import MAY_REMIND, Reminders, postponed, remind_unregistered
from results.mailing.rendering import Finding, preview_mail, rendered_mails

__all__ = [
    "MAY_REMIND",
    "Finding",
    "Reminders",
    "postponed",
    "preview_mail",
    "remind_unregistered",
    "rendered_mails",
]
