"""The exams office's pages about preparation centres."""

from centres.admin import joining, news, people, questions

__all__ = ["joining", "news", "people", "questions"]
