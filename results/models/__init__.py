"""Exam sessions, entries, statements, releases, and what the gate lets through.

Only the gate's models (results/models/gate.py) may be read by a public face: they map views that hold the
one rule of what is visible to whom and when.
"""

from results.models.entries import Entry
from results.models.gate import (
    CandidateStatement,
    CandidateStop,
    CandidateVersion,
    CentreStatement,
    CentreStop,
    CentreVersion,
    OpenStatement,
    Visible,
)
from results.models.releases import Approval, Release, Stop
from results.models.sessions import ExamSession
from results.models.statements import SCALE, Outcome, Result, Statement, Status

__all__ = [
    "SCALE",
    "Approval",
    "CandidateStatement",
    "CandidateStop",
    "CandidateVersion",
    "CentreStatement",
    "CentreStop",
    "CentreVersion",
    "Entry",
    "ExamSession",
    "OpenStatement",
    "Outcome",
    "Release",
    "Result",
    "Statement",
    "Status",
    "Stop",
    "Visible",
]
