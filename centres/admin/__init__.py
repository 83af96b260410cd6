"""The exams office's pages about preparation centres."""

from centres.admin import people, questions

__all__ = ["people", "questions"]
