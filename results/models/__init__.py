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
from results.models.held import CandidateLook, CandidateMail, CandidateRecord, CandidateSlip
from results.models.mails import Mail
from results.models.releases import Approval, Release, Stop
from results.models.seen import Seen
from results.models.sessions import ExamSession
from results.models.sharing import Share, SharedStatement, ShareOpening
from results.models.slips import LostSlip, SlipIssue
from results.models.statements import SCALE, Outcome, Result, Statement, Status
from results.models.uploads import Upload
from results.models.verifications import CandidateVerification, Means, Verification, Verified

__all__ = [
    "SCALE",
    "Approval",
    "CandidateCertificate",
    "CandidateLook",
    "CandidateMail",
    "CandidateRecord",
    "CandidateSlip",
    "CandidateStatement",
    "CandidateStop",
    "CandidateVerification",
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
    "Means",
    "OpenStatement",
    "Outcome",
    "Release",
    "Result",
    "Seen",
    "Share",
    "ShareOpening",
    "SharedStatement",
    "SlipIssue",
    "Statement",
    "Status",
    "Stop",
    "Upload",
    "Verification",
    "Verified",
    "VersionShown",
    "Visible",
]
