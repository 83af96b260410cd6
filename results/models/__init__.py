"""Exam sessions, entries, statements, releases, and what the gate lets through.

Only the gate's models (results/models/gate.py) may be read by a public face: they map views that hold the
one rule of what is visible to whom and when.
"""

from results.models.certificates import CandidateCertificate, Certificate, CertificateEntry
from results.models.entries import Entry
from results.models.following import CentreFollowing, Look
from results.models.gate import (
    CandidateStatement,
    CandidateStop,
    CandidateVersion,
    CentreStatement,
    CentreStop,
    CentreVersion,
    OpenStatement,
    VersionShown,
    Visible,
)
from results.models.mails import Mail
from results.models.releases import Approval, Release, Stop
from results.models.seen import Seen
from results.models.sessions import ExamSession
from results.models.slips import LostSlip, SlipIssue
from results.models.statements import SCALE, Outcome, Result, Statement, Status
from results.models.uploads import Upload

__all__ = [
    "SCALE",
    "Approval",
    "CandidateCertificate",
    "CandidateStatement",
    "CandidateStop",
    "CandidateVersion",
    "CentreFollowing",
    "CentreStatement",
    "CentreStop",
    "CentreVersion",
    "Certificate",
    "CertificateEntry",
    "Entry",
    "ExamSession",
    "Look",
    "LostSlip",
    "Mail",
    "OpenStatement",
    "Outcome",
    "Release",
    "Result",
    "Seen",
    "SlipIssue",
    "Statement",
    "Status",
    "Stop",
    "Upload",
    "VersionShown",
    "Visible",
]
