"""The exams office's pages about preparation centres."""

from centres.admin import joining, people, questions

__all__ = ["joining", "people", "questions"]
